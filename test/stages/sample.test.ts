import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome.ts";
import type { Sample } from "../../src/domain/sample.ts";
import type { Session } from "../../src/domain/session.ts";
import { fewestFailing, sample, type SampleInput } from "../../src/stages/sample.ts";
import { cluster, failed, session, succeeded } from "../builders/failure-builder.ts";

const openings = [
  "I would like to change the date of my flight to Paris next week",
  "please send me a new invoice for the kettle that I bought in March",
  "the blue jacket does not fit and I want my money back as soon as possible",
  "how many points do I still need until I reach the next level of the club",
];

interface Person {
  readonly id: string;
  readonly user?: string;
  readonly says?: string;
  readonly agent?: string;
}

/** A session of somebody who says something of their own, unless told otherwise. */
const made = (person: Person): Session => {
  const { agent, id, says = `${openings[id.length % openings.length]} and my own words are ${id} ${id}x ${id}y ${id}z`, user } = person;
  return session(id, [`user: ${says}`, "agent: settled"], {
    ...(user === undefined ? {} : { user }),
    ...(agent === undefined ? {} : { agent }),
  });
};

const people = (prefix: string, count: number, more: Partial<Person> = {}): readonly Session[] =>
  Array.from({ length: count }, (_, index) => made({ id: `${prefix}-${index}`, user: `${prefix} user ${index}`, ...more }));

interface Wanted extends Partial<Omit<SampleInput, "cluster" | "sessions" | "outcomes">> {
  readonly bad: readonly Session[];
  readonly good: readonly Session[];
  readonly others?: readonly Session[];
}

function sampled({ bad, good, others = [], ...more }: Wanted): Sample {
  const outcomes: readonly Outcome[] = [...bad.map((one) => failed(one)), ...good.map((one) => succeeded(one))];
  return sample({
    cluster: cluster(bad),
    sessions: [...bad, ...good, ...others],
    outcomes,
    seed: 7,
    caps: { shown: 8, failing: 60, control: 150 },
    countBy: "user",
    ...more,
  });
}

function enough(split: Sample): Extract<Sample, { result: "sampled" }> {
  if (split.result !== "sampled") throw new Error(`too few: ${JSON.stringify(split)}`);
  return split;
}

/** Each session once, however often it is drawn. */
const different = (sessions: readonly Session[]): readonly Session[] => [...new Set(sessions)];
const ids = (sessions: readonly { readonly id: string }[]): readonly string[] => sessions.map((one) => one.id);

describe("the split", () => {
  test("shows the drafter at most a third, keeps the rest, and takes working sessions as controls", () => {
    const split = enough(sampled({ bad: people("bad", 40), good: people("good", 30) }));
    expect([split.shown.length, split.failing.length, split.control.length]).toEqual([8, 32, 30]);
    const small = enough(sampled({ bad: people("bad", 18), good: people("good", 3) }));
    expect([small.shown.length, different(small.failing).length]).toEqual([6, 12]);
  });

  test("keeps to the caps and says what they cost", () => {
    const split = enough(sampled({ bad: people("bad", 40), good: people("good", 30), caps: { shown: 4, failing: 10, control: 20 } }));
    expect([split.shown.length, split.failing.length, split.control.length]).toEqual([4, 10, 20]);
    expect(split.excluded).toMatchObject({ "failing sessions beyond the cap": 26, "working sessions beyond the cap": 10 });
  });

  test("needs five failing sessions beside one to show, and says how many are left", () => {
    expect(fewestFailing).toBe(5);
    expect(sampled({ bad: people("bad", 5), good: people("good", 30) })).toMatchObject({
      result: "too-few",
      failing: 4,
      control: 30,
      needed: 5,
    });
    const split = enough(sampled({ bad: people("bad", 6), good: people("good", 30) }));
    expect([split.shown.length, split.pool, different(split.failing).length]).toEqual([1, 5, 5]);
    expect(sampled({ bad: [], good: [] })).toMatchObject({ result: "too-few", failing: 0, control: 0 });
  });

  test("draws a small cluster with replacement up to the cap, in an order fixed by the seed", () => {
    const bad = people("bad", 18);
    const split = enough(sampled({ bad, good: people("good", 3) }));
    expect([split.pool, split.failing.length]).toEqual([12, 60]);
    expect(ids(split.failing)).toEqual(ids(enough(sampled({ bad: bad.toReversed(), good: people("good", 3) })).failing));
    expect(ids(split.failing)).not.toEqual(ids(enough(sampled({ bad, good: people("good", 3), seed: 8 })).failing));
    const counts = different(split.failing).map((one) => split.failing.filter((other) => other === one).length);
    expect(Math.max(...counts)).toBeLessThan(16);
    expect(enough(sampled({ bad: people("bad", 60), good: [] })).pool).toBeUndefined();
  });

  test("takes one session of each stratum in turn when asked to, and looks only after whole blocks", () => {
    const lengths = [2, 4, 6];
    const bad = people("bad", 90).map((one, index) => {
      const messages = Array.from({ length: (lengths[index % 3] ?? 2) / 2 }, () => one.messages).flat();
      return { ...one, messages };
    });
    const split = enough(sampled({ bad, good: people("good", 3), order: "stratified" }));
    expect(split.failing).toHaveLength(60);
    expect(split.looks?.slice(0, 3)).toEqual([3, 6, 9]);
    expect(split.looks?.at(-1)).toBe(60);
    for (const [block, look] of (split.looks ?? []).slice(0, 15).entries())
      expect(new Set(split.failing.slice(look - 3, look).map((one) => one.messages.length)).size, `block ${block}`).toBe(3);
    expect(split.order).not.toBe(enough(sampled({ bad, good: people("good", 3) })).order);
  });

  test("never puts one person on both sides, and none into the test twice", () => {
    const twice = people("bad", 20).flatMap((one, index) => [one, made({ id: `again-${index}`, user: `bad user ${index}` })]);
    const mixed = Array.from({ length: 20 }, (_, index) => made({ id: `good-${index}`, user: `bad user ${index}` }));
    const split = enough(sampled({ bad: twice, good: [...mixed, ...people("fine", 12)] }));
    const users = [...split.shown, ...different(split.failing), ...split.control].map((one) => one.user);
    expect(new Set(users).size).toBe(users.length);
    expect(split.control).toHaveLength(12);
    expect(split.excluded).toEqual({
      "failing sessions shown to the drafter, or of the same user": 2 * split.shown.length,
      "further failing sessions of a user that is in the test": split.pool,
      "working sessions of a user that also failed": 20,
    });
  });

  test("counts sessions when the operator says so", () => {
    const bad = people("bad", 20, { user: "one and the same" });
    expect(sampled({ bad, good: [] }).result).toBe("too-few");
    expect(sampled({ bad, good: [], countBy: "session" }).result).toBe("sampled");
  });

  test("takes as controls only sessions of the same agent that are known to work", () => {
    const bad = people("bad", 20, { agent: "support" });
    const unlabelled = people("unlabelled", 5, { agent: "support" });
    const split = enough(
      sampled({ bad, good: [...people("good", 5, { agent: "support" }), ...people("sales", 7, { agent: "sales" })], others: unlabelled }),
    );
    expect(ids(split.control).toSorted()).toEqual(["good-0", "good-1", "good-2", "good-3", "good-4"]);
    expect(split.excluded).toMatchObject({ "working sessions of another agent": 7 });
  });
});

describe("a later split of the same edit", () => {
  test("shows the same sessions, and tests nobody who was shown or looked at before", () => {
    const bad = people("bad", 60);
    const good = people("good", 30);
    const first = enough(sampled({ bad, good, caps: { shown: 8, failing: 20, control: 30 } }));
    const earlier = { shown: first.shown.map((one) => one.id), lookedAt: first.failing.slice(0, 12).map((one) => one.id) };
    const second = enough(sampled({ bad, good, earlier, caps: { shown: 8, failing: 100, control: 30 } }));
    expect(new Set(ids(second.shown))).toEqual(new Set(ids(first.shown)));
    expect(second.failing).toHaveLength(60 - 8 - 12);
    const used = new Set([...earlier.shown, ...earlier.lookedAt]);
    expect(second.failing.filter((one) => used.has(one.id))).toEqual([]);
  });

  test("says so when nobody is left", () => {
    const bad = people("bad", 20);
    const first = enough(sampled({ bad, good: [] }));
    const earlier = { shown: first.shown.map((one) => one.id), lookedAt: first.failing.map((one) => one.id) };
    expect(sampled({ bad, good: [], earlier })).toMatchObject({ result: "too-few", failing: 0 });
  });
});

describe("where traces name no user", () => {
  const nameless = (prefix: string, count: number, says?: string): readonly Session[] =>
    Array.from({ length: count }, (_, index) => made({ id: `${prefix}-${index}`, ...(says === undefined ? {} : { says }) }));

  test("near-equal openings count as one person", () => {
    const [opening] = openings;
    const copies = ["", " please", " thanks", " now"].map((end, index) => made({ id: `copy-${index}`, says: `${opening}${end}` }));
    const split = enough(
      sampled({ bad: [...copies, ...nameless("bad", 20)], good: [made({ id: "same", says: `Hi! ${opening}` }), ...nameless("good", 5)] }),
    );
    const all = ids([...split.shown, ...split.failing, ...split.control]);
    expect(all.filter((id) => id.startsWith("copy"))).toHaveLength(1);
    expect(all).not.toContain("same");
    expect(split.control).toHaveLength(5);
  });

  test("a greeting alone makes nobody the same person", () => {
    const greeting = (id: string, turn: string): Session =>
      session(id, ["user: Hi!", "agent: How can I help?", `user: ${turn}`, "agent: settled"]);
    const bad = Array.from({ length: 20 }, (_, index) =>
      greeting(`bad-${index}`, `my parcel number ${index} is lost and ${index} days late, what now`),
    );
    const split = enough(sampled({ bad, good: [] }));
    expect(split.shown.length + (split.pool ?? 0)).toBe(20);
  });

  test("sessions in which the user says nothing stay apart", () => {
    const bad = Array.from({ length: 20 }, (_, index) => session(`bad-${index}`, ["agent: Reminder sent."]));
    expect(sampled({ bad, good: [] }).result).toBe("sampled");
  });

  test("a nameless session that opens like a named one belongs to that person; two names stay two", () => {
    const [, opening] = openings;
    const named = people("bad", 20);
    const same = ["ann", "bob"].map((user) => made({ id: user, user, says: opening ?? "" }));
    const apart = enough(sampled({ bad: [...named, ...same], good: [] }));
    expect(apart.shown.length + (apart.pool ?? 0)).toBe(22);
    const split = enough(sampled({ bad: [...named, ...same], good: [made({ id: "nobody", says: opening ?? "" })] }));
    expect(split.control).toEqual([]);
    expect(split.shown.length + (split.pool ?? 0)).toBe(21);
  });
});

describe("the order", () => {
  test("is the same for the same seed, whatever the order of the input, and another one for another seed", () => {
    const [bad, good] = [people("bad", 40), people("good", 30)];
    const split = enough(sampled({ bad, good }));
    expect(sampled({ bad: bad.toReversed(), good: good.toReversed() })).toEqual(split);
    const other = enough(sampled({ bad, good, seed: 8 }));
    expect(ids(other.control)).not.toEqual(ids(split.control));
    expect(other.order).not.toBe(split.order);
  });

  test("does not change among those who stay when sessions are added", () => {
    const [bad, good] = [people("bad", 40), people("good", 30)];
    const before = enough(sampled({ bad, good: good.slice(0, 20) }));
    const after = enough(sampled({ bad, good }));
    const stayed = new Set(ids(before.control));
    expect(ids(after.control).filter((id) => stayed.has(id))).toEqual(ids(before.control));
  });

  test("has nothing to do with where a session stood in the input", () => {
    const split = enough(sampled({ bad: people("bad", 60), good: [] }));
    const positions = split.failing.map((one) => Number(one.id.slice(4)));
    const rising = positions.filter((position, index) => index > 0 && position > (positions[index - 1] ?? 0)).length;
    expect(rising).toBeGreaterThan(positions.length * 0.3);
    expect(rising).toBeLessThan(positions.length * 0.7);
  });

  test("is bound by a digest over both sides", () => {
    const [bad, good] = [people("bad", 40), people("good", 30)];
    const split = enough(sampled({ bad, good }));
    expect(split.order).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(enough(sampled({ bad, good: good.slice(1) })).order).not.toBe(split.order);
  });
});

test("the drafter sees each kind of failure, not eight of the commonest", () => {
  const kinds = ["baggage fees surcharge overweight", "refund voucher expired credit", "seat upgrade lounge priority"];
  const bad = kinds.flatMap((words, kind) =>
    Array.from({ length: kind === 0 ? 30 : 6 }, (_, index) =>
      session(`${kind}-${index}`, [`user: ${words} ${words.split(" ")[index % 4]}`, { tool: `tool_${kind}` }, `agent: ${words} settled`], {
        user: `${kind} ${index}`,
      }),
    ),
  );
  const split = enough(sampled({ bad, good: [], caps: { shown: 3, failing: 60, control: 10 } }));
  expect(new Set(split.shown.map((one) => one.id.slice(0, 1)))).toEqual(new Set(["0", "1", "2"]));
});
