import type { Fidelity } from "../domain/replaying/fidelity.ts";
import type { SessionId } from "../domain/ids.ts";
import { addUsage, noUsage } from "../domain/message.ts";
import { keyedOrder } from "../domain/random.ts";
import type { ArmRecord } from "../domain/replay.ts";
import type { Session } from "../domain/session.ts";
import type { Sample } from "../domain/sample.ts";
import type { Runtime } from "../ports/runtime.ts";
import { decisionOf, fidelityOf, lastDecision, replayRequest, type SelfReplayed } from "../stages/replay.ts";
import { concurrently } from "./concurrently.ts";
import { Rehearsal, type RehearsalInput, type RehearsalTools } from "./rehearse.ts";

/** Self-replays of each kind. */
const perKind = 12;

export interface FidelityInput extends RehearsalInput {
  readonly sample: Extract<Sample, { result: "sampled" }>;
  /** The cluster's sessions that can be replayed. */
  readonly members: readonly Session[];
  readonly inFlight: number;
}

/**
 * Runs the unchanged agent again on failing sessions outside the test's order and on the first working ones of it, before any candidate
 * exists, and says whether replays may be trusted. What is measured here of working sessions is found again by the test and not paid twice.
 */
export async function measureFidelity(input: FidelityInput, tools: RehearsalTools, runtime: Runtime): Promise<Fidelity> {
  const rehearsal = new Rehearsal(input, tools, runtime);
  const failing = failingOutside(input);
  const working = input.sample.control.slice(0, perKind);
  const total = failing.length + working.length;
  runtime.progress({ stage: "fidelity", state: "started", total, unit: "self-replays" });
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
  const decisions = await sameDecisions(failing, input, tools, runtime);
  const fidelity = withinBudget(fidelityOf({ ...measured, decisions }), arms);
  runtime.progress({
    stage: "fidelity",
    state: fidelity.gate.result === "passed" ? "finished" : "failed",
    note: `${fidelity.failing.reproduced}/${fidelity.failing.replayed} failing sessions fail again, ${fidelity.working.reproduced}/${fidelity.working.replayed} working ones pass again, ${fidelity.world} world`,
  });
  return fidelity;
}

/** Shown sessions first, then further members that are in no order of the test. */
function failingOutside({ members, sample, seed }: FidelityInput): readonly Session[] {
  const taken = new Set<SessionId>([...sample.shown, ...sample.failing, ...sample.control].map((session) => session.id));
  const extras = keyedOrder(
    members.filter((session) => !taken.has(session.id)),
    seed,
    (session) => session.id,
  );
  return [...sample.shown, ...extras].slice(0, perKind);
}

/** Asks twice for the last decision of each failing session: how often two samples of one request decide alike. */
async function sameDecisions(
  sessions: readonly Session[],
  input: FidelityInput,
  tools: RehearsalTools,
  runtime: Runtime,
): Promise<SelfReplayed["decisions"]> {
  const pairs = await concurrently(sessions, input.inFlight, async (session) => {
    const config = input.configOf(session);
    const messages = lastDecision(session);
    if (config === undefined || messages === undefined) return undefined;
    const agent = tools.agent(config.provider, config.model);
    const client = tools.scheduler?.client(agent, { block: 0, expectedCalls: 1 }) ?? agent;
    const ask = (seed: number) => client.complete(replayRequest({ session, config, seed, messages }), runtime.signal);
    // A sample that cannot be had says nothing about noise; whether the model can be reached the self-replays have told.
    const replies = await Promise.allSettled([ask(input.seed), ask(input.seed + 1)]);
    runtime.signal.throwIfAborted();
    const [first, second] = replies.map((reply) => (reply.status === "fulfilled" ? reply.value : undefined));
    const usage = [first, second].reduce((sum, reply) => addUsage(sum, reply?.usage ?? noUsage), noUsage);
    if (first === undefined || second === undefined) return { compared: false, same: false, usage };
    return { compared: true, same: decisionOf(first.message) === decisionOf(second.message), usage };
  });
  const known = pairs.filter((pair) => pair !== undefined);
  const compared = known.filter((pair) => pair.compared);
  return {
    same: compared.filter((pair) => pair.same).length,
    total: compared.length,
    usage: known.reduce((sum, pair) => addUsage(sum, pair.usage), noUsage),
  };
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
    },
  };
}
