import { expect, test } from "vitest";
import { keyedOrder, seededRandom } from "../../src/domain/random.ts";
import { cluster } from "../../src/stages/cluster.ts";
import { failed, project, session, succeeded } from "../builders/failure-builder.ts";
import { processorTime } from "../builders/processor-time.ts";

const random = seededRandom(5, "cluster");
const pick = (count: number): number => Math.floor(random() ** 2 * count);
const words = Array.from(
  { length: 400 },
  (_, index) => `${"bcdfghklmn"[index % 10]}a${"bcdfghklmn"[Math.floor(index / 10) % 10]}o${"rstv"[Math.floor(index / 100)]}`,
);
const writers = ["book_flight", "cancel_flight", "update_flight", "send_voucher"];

const sessions = Array.from({ length: 120 }, (_, index) => {
  const said = Array.from({ length: 25 }, () => words[pick(words.length)]).join(" ");
  const tools = Array.from({ length: pick(3) }, () => ({ tool: writers[pick(writers.length)] ?? "book_flight" }));
  return session(`s-${index}`, [`user: ${said}`, ...tools, "agent: settled"], { user: `user ${index}` });
});

test("where failing has nothing to do with anything, a cause is claimed in about 5 % of the scans at most", () => {
  const runs = 100;
  let claimed = 0;
  for (let seed = 0; seed < runs; seed += 1) {
    const outcomes = keyedOrder(sessions, seed, (one) => one.id).map((one, index) => (index < 60 ? failed(one) : succeeded(one)));
    if (cluster({ project, sessions, outcomes, previous: [] }).some((found) => found.nature === "cause")) claimed += 1;
  }
  // 5 % for paths and 5 % for words at worst; 16 of 100 is two standard deviations above the sum.
  expect(claimed).toBeLessThanOrEqual(16);
});

test("ten thousand sessions are grouped within seconds, and a tenth of new ones leaves nearly all ids as they are", () => {
  const kinds = Array.from({ length: 30 }, (_, kind) => ({
    tool: `tool_${kind}`,
    words: Array.from({ length: 6 }, () => words[pick(words.length)]),
  }));
  const cases = Array.from({ length: 10_000 }, (_, index) => {
    const kind = kinds[pick(kinds.length)] ?? { tool: "tool", words: [] };
    const said = [...Array.from({ length: 20 }, () => words[pick(words.length)]), ...kind.words].join(" ");
    const isBad = index % 2 === 0;
    const call = { tool: kind.tool, ...(isBad ? { error: `Error: refused ${index}` } : {}) };
    const built = session(`s-${index}`, [`user: ${said}`, call, "agent: settled"], { user: `user ${index}` });
    const signature = { rule: "agent.outcome:failed", tool: kind.tool, template: "Error: refused <*>" };
    return { session: built, outcome: isBad ? failed(built, signature) : succeeded(built) };
  });
  const scan = (count: number, previous: ReturnType<typeof cluster>): ReturnType<typeof cluster> => {
    const part = cases.slice(0, count);
    return cluster({ project, sessions: part.map((one) => one.session), outcomes: part.map((one) => one.outcome), previous });
  };
  const before = scan(9000, []);
  const spent = processorTime();
  const after = scan(10_000, before);
  expect(spent()).toBeLessThan(20_000);
  const idOf = new Map(before.flatMap((one) => one.members.map((member) => [member, one.id] as const)));
  const carried = after.flatMap((one) => one.members.flatMap((member) => (idOf.has(member) ? [idOf.get(member) === one.id] : [])));
  expect(carried.length).toBeGreaterThan(4000);
  expect(carried.filter(Boolean).length / carried.length).toBeGreaterThan(0.95);
});
