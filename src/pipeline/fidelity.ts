import type { Fidelity } from "../domain/replaying/fidelity.ts";
import { asJson, digestOfJson } from "../domain/digest.ts";
import type { SessionId } from "../domain/ids.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import { leftOf } from "../domain/replaying/price.ts";
import { keyedOrder } from "../domain/random.ts";
import type { ArmRecord } from "../domain/replay.ts";
import type { Session } from "../domain/session.ts";
import type { Sample } from "../domain/sample.ts";
import type { Runtime } from "../ports/runtime.ts";
import { decisionOf, fidelityOf, lastDecision, replayRequest, type SelfReplayed } from "../stages/replay.ts";
import { concurrently } from "./concurrently.ts";
import { estimateJob, estimateText } from "./estimate-job.ts";
import { Rehearsal, type RehearsalInput, type RehearsalTools } from "./rehearse.ts";

/** Self-replays of each kind. */
const perKind = 12;

export interface FidelityInput extends RehearsalInput {
  readonly sample: Extract<Sample, { result: "sampled" }>;
  /** The cluster's sessions that can be replayed. */
  readonly members: readonly Session[];
  readonly inFlight: number;
}

/** Beside that, how many candidates there will be at most: for the estimate. */
export type MeasuredFidelityInput = FidelityInput & { readonly candidates: number };

/**
 * Runs the unchanged agent again on failing sessions outside the test's order and on the first working ones of it, before any candidate
 * exists, and says whether replays may be trusted. What is measured here of working sessions is found again by the test and not paid twice.
 */
export async function measureFidelity(input: MeasuredFidelityInput, tools: RehearsalTools, runtime: Runtime): Promise<Fidelity> {
  const failing = failingOutside(input, perKind);
  const working = input.sample.control.slice(0, perKind);
  const total = failing.length + working.length;
  const estimate = estimateJob(input.sample, { selfReplays: total, candidates: input.candidates }, input, tools);
  runtime.progress({ stage: "estimate", state: "finished", note: estimateText(estimate) });
  runtime.progress({ stage: "fidelity", state: "started", total, unit: "self-replays" });
  const first = await reachModel(failing, input, tools, runtime);
  const rehearsal = new Rehearsal({ ...input, budget: leftOf(input.budget ?? {}, first?.usage ?? noUsage) }, tools, runtime);
  let done = 0;
  const run = async (session: Session): Promise<ArmRecord | undefined> => {
    const arm = await rehearsal.selfReplay(session);
    done += 1;
    runtime.progress({ stage: "fidelity", state: "running", done, total, unit: "self-replays" });
    return arm;
  };
  const arms = await concurrently([...failing, ...working], input.inFlight, run);
  const measured = {
    failing: arms.slice(0, failing.length).filter((arm) => arm !== undefined),
    working: arms.slice(failing.length).filter((arm) => arm !== undefined),
  };
  // Samples are no part of the gate: they are not taken where the budget has ended already.
  const others = arms.includes(undefined) ? [] : failing.slice(1);
  const decisions = await sameDecisions(others, first, input, tools, runtime);
  const fidelity = withinBudget(fidelityOf({ ...measured, decisions }), arms);
  runtime.progress({
    stage: "fidelity",
    state: fidelity.gate.result === "passed" ? "finished" : "failed",
    note: `${fidelity.failing.reproduced}/${fidelity.failing.replayed} failing sessions fail again, ${fidelity.working.reproduced}/${fidelity.working.replayed} working ones pass again, ${fidelity.world} world`,
  });
  return fidelity;
}

/** Up to so many failing sessions that the test never looks at: shown ones first, then further members that are in no order of it. */
export function failingOutside({ members, sample, seed }: FidelityInput, most: number): readonly Session[] {
  const taken = new Set<SessionId>([...sample.shown, ...sample.failing, ...sample.control].map((session) => session.id));
  const extras = keyedOrder(
    members.filter((session) => !taken.has(session.id)),
    seed,
    (session) => session.id,
  );
  return [...sample.shown, ...extras].slice(0, most);
}

interface Sampled {
  readonly same: boolean;
  readonly usage: Usage;
}

/** One session's decision, asked for alone and with its errors thrown: a model that cannot be used at all is found out with one request. */
async function reachModel(
  sessions: readonly Session[],
  input: FidelityInput,
  tools: RehearsalTools,
  runtime: Runtime,
): Promise<Sampled | undefined> {
  const [first] = sessions;
  return first === undefined ? undefined : sampleTwice(first, input, tools, runtime);
}

/** Asks twice for the last decision of each session: how often two samples of one request decide alike. */
async function sameDecisions(
  sessions: readonly Session[],
  first: Sampled | undefined,
  input: FidelityInput,
  tools: RehearsalTools,
  runtime: Runtime,
): Promise<SelfReplayed["decisions"]> {
  const rest = await concurrently(sessions, input.inFlight, async (session) => {
    try {
      return await sampleTwice(session, input, tools, runtime);
    } catch (error) {
      // A sample that cannot be had says nothing about noise.
      if (runtime.signal.aborted) throw error;
      return undefined;
    }
  });
  const compared = [first, ...rest].filter((one) => one !== undefined);
  return {
    same: compared.filter((one) => one.same).length,
    total: compared.length,
    usage: compared.reduce((sum, one) => addUsage(sum, one.usage), noUsage),
  };
}

async function sampleTwice(session: Session, input: FidelityInput, tools: RehearsalTools, runtime: Runtime): Promise<Sampled | undefined> {
  const config = input.configOf(session);
  const messages = lastDecision(session);
  if (config === undefined || messages === undefined) return undefined;
  const agent = tools.agent(config.provider, config.model);
  const key = `decision/${digestOfJson({ config: asJson(config), model: agent.model, session: session.id, seed: input.seed })}`;
  const known = await tools.measured.get(key);
  if (known !== undefined) return known as unknown as Sampled;
  const client = tools.scheduler?.client(agent, { block: 0, expectedCalls: 1 }) ?? agent;
  const ask = (seed: number) => client.complete(replayRequest({ session, config, seed, messages }), runtime.signal);
  const first = await ask(input.seed);
  const second = await ask(input.seed + 1);
  const same = decisionOf(first.message) === decisionOf(second.message);
  const sampled: Sampled = { same, usage: addUsage(first.usage, second.usage) };
  await tools.measured.put(key, asJson(sampled));
  return sampled;
}

function withinBudget(fidelity: Fidelity, arms: readonly (ArmRecord | undefined)[]): Fidelity {
  const left = arms.filter((arm) => arm === undefined).length;
  if (left === 0) return fidelity;
  return {
    ...fidelity,
    gate: {
      result: "failed",
      why: `the budget allowed ${arms.length - left} of ${arms.length} self-replays, and the test itself would need more`,
      remedy: "Raise `budget` in tuneup.operator.yml, or start with a smaller cluster.",
      outOfBudget: true,
    },
  };
}
