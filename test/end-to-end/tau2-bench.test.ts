import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import { keyedOrder } from "../../src/domain/random.ts";
import type { ArmRecord, Pair } from "../../src/domain/replay.ts";
import { type Decision, defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { decide } from "../../src/stages/decide.ts";

/** Public data, if present: the same tasks under gpt-4.1 and under its fine-tune, each run once. */
const tau2Bench = fileURLToPath(new URL("../../../shared/data/tau2-bench/", import.meta.url));

const runs = z.object({
  simulations: z.array(z.looseObject({ task_id: z.union([z.string(), z.number()]), reward_info: z.looseObject({ reward: z.number() }) })),
});

/** Which tasks an agent solved. */
function solved(domain: string, agent: string): ReadonlyMap<string, boolean> {
  const text = gunzipSync(readFileSync(`${tau2Bench}${domain}.${agent}.shared.json.gz`)).toString("utf8");
  return new Map(runs.parse(JSON.parse(text)).simulations.map((run) => [String(run.task_id), run.reward_info.reward >= 1]));
}

const arm = (passed: boolean): ArmRecord => ({
  outcome: passed ? "passed" : "failed",
  decidedBy: "reward",
  ended: "finished",
  tiers: { exact: 0, canonical: 0, corpus: 0, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 0,
  usage: noUsage,
  seed: 0,
  config: digest(`sha256:${passed}`),
});

const fineTune = digest("sha256:41");
const plan = planFor(defaultPlan, 1);

/** Every task is a pair; nothing was selected on its outcome, so both arms are fresh. */
function pairsOf(domain: string): readonly Pair[] {
  const [before, after] = [solved(domain, "gpt-4.1"), solved(domain, "gpt-4.1-sft")];
  const tasks = keyedOrder(
    [...before.keys()].filter((task) => after.has(task)),
    1,
    (task) => task,
  );
  return tasks.map((task, index) => ({
    sessionId: sessionId(task),
    index,
    group: "failing",
    candidate: fineTune,
    before: arm(before.get(task) === true),
    after: arm(after.get(task) === true),
  }));
}

function decided(pairs: readonly Pair[]): Extract<Decision, { state: "decided" }> {
  const available = { failing: pairs.length, control: 0 };
  const decision = decide({ plan, candidates: [fineTune], pairs, available, traffic: { failingShare: 0 } });
  if (decision.state === "undecided") throw new Error("all pairs are there");
  return decision;
}

/** Whether the improvement test alone, for one candidate, is passed: then the test asks for working sessions. */
const crosses = (pairs: readonly Pair[]): boolean =>
  decide({ plan, candidates: [fineTune], pairs, available: { failing: pairs.length, control: 1 }, traffic: { failingShare: 0 } }).state ===
  "undecided";

describe.skipIf(!existsSync(tau2Bench))("gpt-4.1 against its fine-tune", () => {
  test("passes the improvement test where the fine-tune solves eight tasks more and loses none, and only there", () => {
    const changes = (domain: string): readonly number[] => {
      const pairs = pairsOf(domain);
      const count = (before: string, after: string): number =>
        pairs.filter((pair) => pair.before.outcome === before && pair.after.outcome === after).length;
      return [pairs.length, count("failed", "passed"), count("passed", "failed")];
    };
    expect({ telecom: changes("telecom"), airline: changes("airline"), retail: changes("retail") }).toEqual({
      telecom: [19, 8, 0],
      airline: [12, 5, 1],
      retail: [21, 3, 2],
    });
    expect([crosses(pairsOf("telecom")), crosses(pairsOf("airline")), crosses(pairsOf("retail"))]).toEqual([true, false, false]);
  });

  test("is inconclusive as a whole job, which names the working sessions that are missing", () => {
    const { verdicts, winner } = decided(pairsOf("telecom"));
    expect(winner).toBeUndefined();
    expect(verdicts).toMatchObject([{ result: "inconclusive", failing: { fixed: 7, broken: 0 }, controlBound: 1 }]);
    expect(verdicts[0]?.why).toMatch(/0 working sessions cannot show .* About 37 more working sessions are needed, if none of them breaks/);
  });
});
