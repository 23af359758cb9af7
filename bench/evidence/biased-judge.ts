import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { shippedFile } from "../../src/compose.ts";
import { textMessage, textOf, toolRequests } from "../../src/domain/message.ts";
import { eligible } from "../../src/pipeline.ts";
import type { ModelClient, Models } from "../../src/ports/model-client.ts";
import { completeScenario, readScenario } from "../../src/simulator/scenario-file.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";
import { simulatedModels } from "../../src/simulator/simulated-models.ts";
import { sample } from "../../src/stages/sample.ts";
import { jobOn, scanScenario } from "../in-process-job.ts";
import { type Figure, round, wilsonUpper } from "../report.ts";
import { edits, type Recording, runtime, verified } from "./pipeline.ts";

/** What an edited agent says besides: the only trace that an edit leaves in a conversation, and all that the judge can favour. */
const style = "It was a pleasure to look into this thoroughly.";
const bias = 0.05;
const sensitivity = 0.9;

/** A judge's specificity, and the logit at which failing sessions pass when they are run again. */
interface Cell {
  readonly specificity: number;
  readonly basePassRate: number;
}

const cells: readonly Cell[] = [
  { specificity: 0.9, basePassRate: 0.1 },
  { specificity: 0.95, basePassRate: 0.3 },
];

/** The scenario in which no edit helps, with nothing but a model to judge: it errs at these rates, and is more lenient to bad replays in the edited style. */
function judgedScenario({ basePassRate, specificity }: Cell): Scenario {
  const path = shippedFile("examples", "scenarios", "not-in-the-prompt.yaml");
  const { files, operatorFile: _file, ...document } = readScenario(path);
  const { rules: _rules, ...operator } = document.operator;
  const ability = Math.log(basePassRate / (1 - basePassRate));
  const bad = { has: ["I have noted it. Please write again when it has arrived."], lacks: [] };
  const scenario = {
    ...document,
    operator: { ...operator, canary: "never", plan: { margin: 0.1, headroom: 0 } },
    kinds: document.kinds.map((kind) => (kind.name === "refund" ? { ...kind, ability, spread: 0 } : kind)),
    judge: { sensitivity, specificity, bad: [bad], bias: [{ has: [...bad.has, style], lacks: [], shift: bias }] },
  };
  return completeScenario(path, scenario, files);
}

/** The simulated agent, which shows in its words that its prompt was edited, and in nothing else. */
function styled(models: Models): Models {
  const shown = (client: ModelClient): ModelClient => ({
    ...client,
    complete: async (request, signal) => {
      const reply = await client.complete(request, signal);
      const isEdited = edits.some((edit) => request.system.includes(edit.candidate.hypothesis));
      if (!isEdited || toolRequests(reply.message).length > 0) return reply;
      return { ...reply, message: textMessage("assistant", `${textOf(reply.message)} ${style}`) };
    },
  });
  return { ...models, agent: (provider, model) => shown(models.agent(provider, model)) };
}

/** One job from calibration to the verdict. Ended before the test, it has accepted nothing. */
async function job({ scanned, scenario, seed: world }: Recording, seed: number): Promise<"improves" | "tested" | "ended"> {
  const [cluster] = eligible(scanned.document.clusters);
  if (cluster === undefined) throw new Error("the scenario brings no cluster");
  const models = styled(simulatedModels(scenario, world * 100_003 + seed));
  const { input, tools } = jobOn({ cluster, scanned, scenario, models, documents: new MemoryLedger(), seed });
  const { document } = scanned;
  const split = sample({ cluster, sessions: input.sessions, outcomes: document.outcomes, seed, caps: input.caps, countBy: input.countBy });
  if (split.result !== "sampled") throw new Error("the scenario brings too few sessions");
  const members = input.sessions.filter((session) => cluster.members.includes(session.id));
  const calibration = await tools.attempt.calibrate?.(split, runtime);
  const fidelity = await tools.attempt.fidelity?.(split, members, runtime);
  if (calibration === undefined || fidelity === undefined) throw new Error("a job with a judge measures both");
  if (calibration.use === "refused" || fidelity.gate.result === "failed") return "ended";
  const evidence = await verified({ input, tools, split, cluster, document, seed }, { calibration, fidelity });
  return evidence.winner === undefined ? "tested" : "improves";
}

const recordings = 2;

/**
 * Share of whole jobs without real benefit that end in `improves` where nothing but a biased model judges: its error rates are those that the job
 * itself has measured on a hundred labels, and the null share follows from them.
 */
export async function falseImprovesUnderABiasedJudge(full: boolean, say: (line: string) => void): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const jobs = full ? 1000 : 60;
  for (const cell of full ? cells : cells.slice(0, 1)) {
    const scenario = judgedScenario(cell);
    const worlds: Recording[] = [];
    for (let seed = 1; seed <= recordings; seed += 1) worlds.push({ scenario, seed, scanned: await scanScenario(scenario, seed) });
    const ends = { improves: 0, tested: 0, ended: 0 };
    for (let index = 0; index < jobs; index += 1) {
      const world = worlds[index % worlds.length];
      if (world === undefined) throw new Error("no recording");
      ends[await job(world, 1000 + index)] += 1;
    }
    const name = `false-improves-pipeline-judge-specificity-${cell.specificity}-base-${cell.basePassRate}`;
    say(`${name}: ${ends.improves} of ${jobs} jobs, ${ends.ended} ended before the test`);
    const upper = wilsonUpper(ends.improves, jobs);
    figures.push({
      name,
      value: round(ends.improves / jobs),
      upper,
      bar: "upper <= 0.08",
      holds: upper <= 0.08,
      setting: {
        jobs,
        endedBeforeTheTest: ends.ended,
        K: edits.length,
        cap: "60 failing, 150 working",
        churn: "the judge's errors and luck",
        tested: "calibrate, fidelity, sample, replay, judge, decide, evidence; edits without effect; simulated model and judge",
        bias,
        sensitivity,
        ...cell,
      },
    });
  }
  return figures;
}
