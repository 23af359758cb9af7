import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome.ts";
import { seededRandom } from "../../src/domain/random.ts";
import type { Session } from "../../src/domain/session.ts";
import { cluster } from "../../src/stages/cluster.ts";
import { discoveries, fisherExact } from "../../src/stages/cluster/fisher.ts";
import { aFailure, aSession, aSuccess, project, type Step } from "../builders/session-builder.ts";

const many = (count: number, make: (index: number) => Session): readonly Session[] =>
  Array.from({ length: count }, (_, index) => make(index));
const talk = (id: string, steps: readonly Step[]): Session => aSession(steps, { id, user: id });
const run = (
  failed: readonly (readonly [Session, Outcome])[],
  passed: readonly Session[] = [],
  previous: Parameters<typeof cluster>[0]["previous"] = [],
) =>
  cluster({
    project,
    sessions: [...failed.map(([session]) => session), ...passed],
    outcomes: [...failed.map(([, outcome]) => outcome), ...passed.map((session) => aSuccess(session))],
    previous,
  });

const words =
  "account address amount balance bonus branch card charge claim credit date debit discount fee form limit loan mail offer payment plan price rate receipt refund rental report score service tariff ticket transfer trip visa wallet".split(
    " ",
  );
const chatter = (seed: number): string => {
  const random = seededRandom(seed, "chatter");
  return Array.from({ length: 12 }, () => words[Math.floor(random() * words.length)]).join(" ");
};
const plain = (id: string, index: number): Session => talk(`${id}-${index}`, [{ user: chatter(index) }, { agent: chatter(index + 1000) }]);
const booked = (id: string, index: number): Session =>
  talk(`${id}-${index}`, [{ user: chatter(index) }, { call: "book_flight", output: "ok" }, { agent: chatter(index + 1000) }]);

describe("failures with a visible mark", () => {
  const error =
    (tool: string, text: string) =>
    (index: number): readonly [Session, Outcome] => {
      const session = talk(`${tool}-${index}`, [{ user: chatter(index) }, { call: tool, error: text }, { agent: "Sorry." }]);
      return [session, aFailure(session, { cause: "unhandled-tool-error", signature: { rule: "tool-error", tool, template: text } })];
    };

  test("are grouped by tool and error, largest first, with a title that says both", () => {
    const clusters = run([...many2(5, error("pay", "Error: declined")), ...many2(3, error("get_order", "Error: not found"))]);
    expect(clusters.map((one) => [one.title, one.members.length, one.users, one.nature])).toEqual([
      ["pay: Error: declined", 5, 5, "cause"],
      ["get_order: Error: not found", 3, 3, "cause"],
    ]);
  });

  test("of the infrastructure are called so and come last", () => {
    const clusters = run([
      ...many2(5, error("pay", "Error: 503 service unavailable")),
      ...many2(2, error("get_order", "Error: not found")),
    ]);
    expect(clusters.map((one) => one.nature)).toEqual(["cause", "infrastructure"]);
  });

  test("by a named evaluator are a cause", () => {
    const failed = many(4, (index) => plain("s", index)).map((session): readonly [Session, Outcome] => [
      session,
      aFailure(session, { signature: { rule: "evaluation:reads the policy:fail" } }),
    ]);
    expect(run(failed)[0]).toMatchObject({ title: "reads the policy: fail", nature: "cause" });
  });
});

const many2 = <T>(count: number, make: (index: number) => T): readonly T[] => Array.from({ length: count }, (_, index) => make(index));
const hidden = (session: Session): readonly [Session, Outcome] => [session, aFailure(session)];

describe("failures without a visible mark", () => {
  test("are never passed off as a cause", () => {
    const [only] = run(
      many(12, (index) => plain("f", index)).map((session) => hidden(session)),
      many(12, (index) => plain("p", index + 500)),
    );
    expect(only).toMatchObject({ title: "no visible error (12)", nature: "no-visible-error" });
  });

  test("are split by the path of writes when failing and passing sessions differ in it", () => {
    const failed = [...many(10, (index) => booked("f", index)), ...many(10, (index) => plain("g", index))].map((session) =>
      hidden(session),
    );
    const clusters = run(
      failed,
      many(30, (index) => plain("p", index + 500)),
    );
    expect(clusters.map((one) => [one.title, one.nature, one.members.length])).toEqual([
      ["failed after book_flight", "cause", 10],
      ["no visible error (10)", "no-visible-error", 10],
    ]);
  });

  test("are not split by a path that passing sessions take as often", () => {
    const failed = [...many(10, (index) => booked("f", index)), ...many(10, (index) => plain("g", index))].map((session) =>
      hidden(session),
    );
    const passed = [...many(10, (index) => booked("p", index + 500)), ...many(10, (index) => plain("q", index + 600))];
    expect(run(failed, passed).map((one) => one.title)).toEqual(["no visible error (20)"]);
  });
});

describe("the ids of clusters", () => {
  const failed = many(10, (index) => booked("f", index)).map((session): readonly [Session, Outcome] => [
    session,
    aFailure(session, { signature: { rule: "evaluation:policy:fail" } }),
  ]);

  test("are the same on every run over the same data, in any order", () => {
    expect(run(failed.toReversed()).map((one) => one.id)).toEqual(run(failed).map((one) => one.id));
  });

  test("stay when sessions come on top", () => {
    const first = run(failed);
    const more = many(3, (index) => booked("new", index + 900)).map((session): readonly [Session, Outcome] => [
      session,
      aFailure(session, { signature: { rule: "evaluation:policy:fail" } }),
    ]);
    expect(run([...failed, ...more], [], first)[0]?.id).toBe(first[0]?.id);
  });

  test("are carried over by members when the mark is written differently", () => {
    const first = run(failed);
    const renamed = failed.map(([session]): readonly [Session, Outcome] => [
      session,
      aFailure(session, { signature: { rule: "evaluation:policy v2:fail" } }),
    ]);
    expect(run(renamed, [], first)[0]?.id).toBe(first[0]?.id);
  });
});

describe("the statistics behind", () => {
  test("Fisher's exact test gives the textbook value", () => {
    // Fisher's tea: 4 of 4 right among 8 cups.
    expect(fisherExact({ failedWith: 4, failed: 4, passedWith: 0, passed: 4 })).toBeCloseTo(1 / 70, 10);
    expect(fisherExact({ failedWith: 3, failed: 4, passedWith: 1, passed: 4 })).toBeCloseTo(17 / 70, 10);
  });

  test("Benjamini and Hochberg's procedure keeps what their paper keeps", () => {
    const values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1];
    expect(discoveries(values, 0.05).filter(Boolean)).toHaveLength(4);
  });
});
