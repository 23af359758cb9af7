import { setsLoopLimit } from "../../domain/config-change.ts";
import type { Allowed } from "../../domain/edit.ts";
import type { Pair } from "../../domain/replay.ts";
import type { Screen, ScreenedCandidate } from "../../domain/replaying/screen.ts";
import type { Session } from "../../domain/session.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { bestLead, differenceOf, isBehind } from "../../stages/decide.ts";
import { type BatchTools, batchingClient } from "../batches/batching-client.ts";
import { concurrently } from "../concurrently.ts";
import type { RehearsalTools } from "../rehearse.ts";
import { SingleSteps, type SingleStepsInput } from "./single-steps.ts";

export interface ScreenInput extends SingleStepsInput {
  /** The sessions that the drafter saw: what is learned of them says nothing about the test's. */
  readonly shown: readonly Session[];
  readonly inFlight: number;
}

/**
 * Tries allowed candidates on single steps of the shown sessions, one call each. Who leads to less than half as many more right steps as the best
 * is dropped; where nobody leads to any, all stay. The test then is among those left, each at a larger share of the level, which is valid because no
 * session of the test was looked at. Candidates that act through loop limits, or that could not be tried wherever the others were, stay and drop nobody.
 */
export async function screenCandidates(
  allowed: readonly Allowed[],
  input: ScreenInput,
  tools: RehearsalTools,
  runtime: Runtime,
): Promise<Screen> {
  runtime.progress({ stage: "screen", state: "started", total: allowed.length, unit: "candidates" });
  const { batches } = tools;
  const steps = new SingleSteps(input, batches === undefined ? tools : inBatches(tools, batches, runtime), runtime);
  const asked = allowed.filter((one) => showsInSteps(one));
  const wanted = asked.flatMap((candidate) =>
    input.shown.map((session, index) => ({ candidate, place: { group: "failing" as const, index, session } })),
  );
  const measured = await concurrently(wanted, batches === undefined ? input.inFlight : Math.max(1, wanted.length), ({ candidate, place }) =>
    steps.pair(place, candidate),
  );
  const pairs = measured.filter((pair) => pair !== undefined && pair.dropped === undefined) as readonly Pair[];
  const tried = new Set(asked.filter((one) => wasTriedOnAll(one, pairs)).map((one) => one.candidate.id));
  const leads = allowed.map((one) => leadOf(one, pairs));
  const best = bestLead(leads.filter((one) => tried.has(one.candidate)));
  const candidates = leads.map((one): ScreenedCandidate => {
    if (!tried.has(one.candidate)) return { ...one, result: "not-asked" };
    return { ...one, result: isBehind(one, best) ? "dropped" : "kept" };
  });
  const dropped = candidates.filter((one) => one.result === "dropped").length;
  runtime.progress({ stage: "screen", state: "finished", note: `${dropped} of ${allowed.length} candidates lead to no better steps` });
  return { version: 1, sessions: new Set(pairs.map((pair) => pair.sessionId)).size, candidates, usage: steps.usage };
}

/** Every model's calls in batches; they wait for no turn. */
function inBatches(tools: RehearsalTools, batches: Pick<BatchTools, "sleep">, runtime: Runtime): RehearsalTools {
  const clients = new Map<string, ModelClient>();
  const { scheduler: _scheduler, ...others } = tools;
  const agent: RehearsalTools["agent"] = (provider, model) => {
    const key = `${provider} ${model}`;
    const known = clients.get(key) ?? batchingClient(tools.agent(provider, model), { ...batches, kept: tools.measured }, runtime);
    clients.set(key, known);
    return known;
  };
  return { ...others, agent };
}

const showsInSteps = ({ changes }: Allowed): boolean => !changes.some((change) => setsLoopLimit(change));

/** Whether a candidate has a pair wherever any candidate has one. */
function wasTriedOnAll({ candidate }: Allowed, pairs: readonly Pair[]): boolean {
  const own = new Set(pairs.flatMap((pair) => (pair.candidate === candidate.id ? [pair.index] : [])));
  return pairs.every((pair) => own.has(pair.index));
}

function leadOf({ candidate }: Allowed, pairs: readonly Pair[]): Pick<ScreenedCandidate, "broken" | "candidate" | "fixed"> {
  const own = pairs.filter((pair) => pair.candidate === candidate.id);
  const count = (difference: number): number => own.filter((pair) => differenceOf(pair) === difference).length;
  return { candidate: candidate.id, fixed: count(1), broken: count(-1) };
}
