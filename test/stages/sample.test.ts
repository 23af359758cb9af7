import { describe, expect, test } from "vitest";
import type { Session } from "../../src/domain/session.ts";
import { sample } from "../../src/stages/sample.ts";
import { aCluster, aFailure, aSession, aSuccess } from "../builders/session-builder.ts";

const subjects =
  "invoice parcel password refund subscription address coupon delivery warranty newsletter account payment size colour voucher".split(" ");
const about = (id: string, index: number, user?: string): Session =>
  aSession(
    [
      {
        user: `${id} ${index}: I have a question about my ${subjects[index % subjects.length]} number ${index} and about ${subjects[(index * 7 + 3) % subjects.length]} ${id}${index}`,
      },
      { agent: "ok" },
    ],
    { id: `${id}-${index}`, ...(user === undefined ? {} : { user }) },
  );
const list = (count: number, make: (index: number) => Session): readonly Session[] =>
  Array.from({ length: count }, (_, index) => make(index));

function split(failing: readonly Session[], working: readonly Session[], changes: Partial<Parameters<typeof sample>[0]> = {}) {
  return sample({
    cluster: aCluster(failing),
    sessions: [...failing, ...working],
    outcomes: [...failing.map((session) => aFailure(session)), ...working.map((session) => aSuccess(session))],
    seed: 1,
    caps: { shown: 8, failing: 60, control: 150 },
    countBy: "user",
    ...changes,
  });
}
const sampled = (result: ReturnType<typeof sample>) => {
  if (result.result !== "sampled") throw new Error("too few");
  return result;
};

describe("the split into shown and held out", () => {
  const failing = list(40, (index) => about("f", index, `user-${index % 30}`));
  const working = list(60, (index) => about("w", index, `user-${index % 50}`));

  test("never puts one person on both sides, and counts each once", () => {
    const result = sampled(split(failing, working));
    const users = (sessions: readonly Session[]): readonly (string | undefined)[] => sessions.map((session) => session.user);
    const [shown, tested] = [users(result.shown), users([...result.failing, ...result.control])];
    expect(shown.filter((user) => tested.includes(user))).toEqual([]);
    expect(new Set(tested).size).toBe(tested.length);
    expect(result.shown).toHaveLength(8);
  });

  test("never puts near copies on both sides where no users are known", () => {
    const copies = list(30, (index) =>
      aSession(
        [
          { user: `Hello, I want to cancel my order and get the money back please, thank you very much. Case ${index % 3}` },
          { agent: "ok" },
        ],
        { id: `c-${index}` },
      ),
    );
    const result = split([...copies, ...list(20, (index) => about("f", index))], []);
    const { failing: kept, shown } = sampled(result);
    const isCopy = (session: Session): boolean => session.id.startsWith("c-");
    expect([...kept, ...shown].filter((session) => isCopy(session)).length).toBeLessThanOrEqual(3);
    expect(kept.some((session) => isCopy(session)) && shown.some((session) => isCopy(session))).toBe(false);
  });

  test("is the same for the same seed and another for another, and its order is committed by a digest", () => {
    expect(split(failing, working)).toEqual(split(failing, working));
    expect(sampled(split(failing, working, { seed: 2 })).order).not.toBe(sampled(split(failing, working)).order);
  });

  test("keeps the order of those who stay when others are added", () => {
    const few = sampled(split(failing, working)).control.map((session) => session.id);
    const more = sampled(split(failing, [...working, ...list(20, (index) => about("x", index, `new-${index}`))])).control.map(
      (session) => session.id,
    );
    expect(more.filter((id) => few.includes(id))).toEqual(few);
  });

  test("says how many are missing when too few are left for any test", () => {
    expect(
      split(
        list(5, (index) => about("f", index, `u${index}`)),
        working,
      ),
    ).toMatchObject({ result: "too-few", failing: 5, needed: 9 });
  });

  test("shows nothing rather than starve the test", () => {
    const result = sampled(
      split(
        list(9, (index) => about("f", index, `u${index}`)),
        [],
      ),
    );
    expect([result.shown.length, result.failing.length]).toEqual([0, 9]);
  });

  test("counts what it left out, and why", () => {
    expect(Object.keys(sampled(split(failing, working)).excluded)).toEqual([
      "failing sessions shown to the drafter",
      "failing sessions of a user that is in the test already",
      "working sessions of a user with failing ones",
    ]);
  });
});
