import type { FailureCluster } from "../domain/cluster.ts";
import { asJson, digestOfJson } from "../domain/digest.ts";
import type { AttemptDocument, ScanDocument } from "../domain/documents.ts";
import type { Allowed } from "../domain/edit.ts";
import { TuneupError } from "../domain/errors.ts";
import { type Evidence, type Reduction, usageBeside, usageOfComparisons, usageOfPairs } from "../domain/evidence.ts";
import type { SessionId } from "../domain/ids.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import type { Canary } from "../domain/replaying/canary.ts";
import { type Budget, exceeds, leftOf } from "../domain/replaying/price.ts";
import type { Pair } from "../domain/replay.ts";
import type { Session } from "../domain/session.ts";
import type { Decision, DecisionPlan } from "../domain/verdict.ts";
import type { Runtime } from "../ports/runtime.ts";
import { acceptBoundary, correctedEffects, decide, failingShareOf, seal } from "../stages/decide.ts";
import { commitLevel, type ErrorScope, keepAccepted, keepLookedAt, planOfSample } from "./committed-plan.ts";
import { concurrently } from "./concurrently.ts";
import { canaryIsDue, type CanarySetting, runCanary } from "./canary.ts";
import { comparePairs } from "./pairwise/compare-pairs.ts";
import { citedSteps, SingleSteps } from "./steps/single-steps.ts";
import { amountText } from "./estimate-job.ts";
import { type Place, Rehearsal, type RehearsalInput, type RehearsalTools } from "./rehearse.ts";

export interface VerifyInput extends RehearsalInput {
  readonly attempt: AttemptDocument;
  readonly cluster: FailureCluster;
  readonly scan: ScanDocument;
  readonly plan: DecisionPlan;
  /** Pairs under way at once. */
  readonly inFlight: number;
  /** Stops cleanly when so much was paid; what was measured is kept and decided on. */
  readonly budget: Budget;
  readonly models: Evidence["models"];
  readonly simulated: boolean;
  /** The test is the follow-up of another in the same job: its plan is committed already, and it has a share of that one's level. */
  readonly followUp?: FollowUp;
  /** Whether an edit without meaning is tested too; default `sometimes`: one job of twenty. */
  readonly canary?: CanarySetting;
  /** What the error level holds for; default each job by itself. */
  readonly errorOver?: ErrorScope;
}

export interface FollowUp {
  readonly plan: DecisionPlan;
  readonly reduction: Omit<Reduction, "usage">;
  /** Pairs of the job's earlier tests, and what was paid beside them. */
  readonly others: readonly Pair[];
  readonly paid: Usage;
}

type Available = Evidence["available"];

/** Replays the held-out sessions with and without each allowed edit until the test can say something. */
export async function verify(input: VerifyInput, tools: RehearsalTools, runtime: Runtime): Promise<Evidence> {
  const startedAt = runtime.now();
  const allowed = testedCandidates(input.attempt);
  const rehearsal = new Rehearsal({ ...input, budget: whatIsLeft(input) }, tools, runtime);
  const source = input.attempt.level === "decision" ? stepsOf(input, tools, runtime) : rehearsal;
  const orders = ordersOf(input);
  let available: Available = { failing: orders.failing.length, control: orders.control.length };
  const pairs: Pair[] = [];
  let blocks = 0;
  const { job, plan } = await commit(input, allowed.length, tools.measured);
  const candidates = allowed.map((one) => one.candidate.id);
  const traffic = { failingShare: failingShareOf({ members: input.cluster.members.length, sessionsInWindow: input.scan.sessions }) };
  const judgeNow = (limit: Available): Decision => decide({ plan, candidates, pairs, available: limit, traffic });

  runtime.progress({
    stage: "replay",
    state: "started",
    note: `${allowed.length} candidates, ${available.failing} failing and ${available.control} working sessions`,
  });
  let decision = judgeNow(available);
  while (decision.state === "undecided") {
    const places = block(decision, orders, input.inFlight);
    const alive = allowed.filter((one) => decision.state === "undecided" && decision.alive.includes(one.candidate.id));
    blocks += 1;
    const wanted = places.flatMap((place) => alive.map((candidate) => ({ place, candidate })));
    // With a scheduler calls take turns, not pairs: the longest conversations of the block go first.
    const atOnce = tools.scheduler === undefined ? input.inFlight : wanted.length;
    const measured = await concurrently(wanted, atOnce, ({ place, candidate }) => source.pair(place, candidate, blocks));
    const known = measured.filter((pair) => pair !== undefined);
    // Ties are worth no crossing of the budget.
    const isBroke = exceeds(addUsage(source.usage, usageOfComparisons(pairs)), whatIsLeft(input));
    const hasRivals = alive.length > 1;
    pairs.push(...(isBroke || !hasRivals ? known : await compared(known, input, plan, tools, runtime)));
    refuseWhenLost(pairs);
    reportProgress(decision, { pairs, available, spent: source.usage }, runtime);
    decision = judgeNow(available);
    if (measured.includes(undefined)) {
      ({ available, decision } = settle(judgeNow, available));
      break;
    }
  }
  if (decision.state === "undecided") throw new Error("the test did not end although nothing was left to replay");
  runtime.progress({ stage: "replay", state: "finished", done: source.replays, unit: "replays" });
  const isDue = source === rehearsal && canaryIsDue(job, input.canary ?? "sometimes");
  const canary = isDue ? await runCanary(measuredPlaces(pairs, orders), plan, rehearsal, input.inFlight, runtime) : undefined;
  const lookedAt = pairs.flatMap((pair) => (pair.group === "failing" ? [pair.sessionId] : []));
  await keepLookedAt(input.attempt, job, lookedAt, tools.measured);
  if (input.followUp === undefined) await keepAccepted(input.attempt, job, isAccepted(decision), tools.measured);
  const measured = {
    job,
    startedAt,
    plan,
    pairs,
    decision,
    available,
    ...(canary === undefined ? {} : { canary }),
  };
  return evidenceOf(input, allowed, measured);
}

/** With a model's preference between conversations that ended alike, where the operator wants ties broken so. */
async function compared(
  pairs: readonly Pair[],
  { attempt, inFlight, rubric }: VerifyInput,
  plan: DecisionPlan,
  { pairwise, ...tools }: RehearsalTools,
  runtime: Runtime,
): Promise<readonly Pair[]> {
  if (pairwise === undefined) return pairs;
  return comparePairs(pairs, { plan, rubric, inFlight, check: attempt.calibration?.pairwise }, { ...tools, pairwise }, runtime);
}

/** The allowed candidates that were not dropped before the test. */
function testedCandidates({ screen, vetted }: AttemptDocument): readonly Allowed[] {
  const dropped = new Set(screen?.candidates.flatMap((one) => (one.result === "dropped" ? [one.candidate] : [])));
  return vetted.filter((one): one is Allowed => one.result === "allowed" && !dropped.has(one.candidate.id));
}

const stepsOf = (input: VerifyInput, tools: RehearsalTools, runtime: Runtime): SingleSteps =>
  new SingleSteps({ ...input, budget: whatIsLeft(input), cited: citedSteps(input.scan.outcomes) }, tools, runtime);

const isAccepted = ({ verdicts }: Extract<Decision, { state: "decided" }>): boolean =>
  verdicts.some((verdict) => verdict.result === "improves");

/** Fixes the plan of this job and its level before the first replay. */
async function commit(
  input: VerifyInput,
  candidates: number,
  ledger: RehearsalTools["measured"],
): Promise<{ readonly job: string; readonly plan: DecisionPlan }> {
  if (input.followUp !== undefined) return { job: jobOf(input.attempt, input.followUp.plan), plan: input.followUp.plan };
  const uncommitted = planOfSample(input.plan, input.attempt, candidates);
  const job = jobOf(input.attempt, uncommitted);
  return { job, plan: await commitLevel(uncommitted, input.attempt, { job, over: input.errorOver ?? "job" }, ledger) };
}

interface Measured {
  readonly job: string;
  readonly startedAt: Evidence["startedAt"];
  readonly plan: DecisionPlan;
  readonly pairs: readonly Pair[];
  readonly decision: Extract<Decision, { state: "decided" }>;
  readonly available: Available;
  readonly canary?: Canary;
}

/** Failing sessions whose unchanged arm the test has measured, in its order. */
function measuredPlaces(pairs: readonly Pair[], orders: Orders): readonly Place[] {
  const measured = new Set(pairs.filter((pair) => pair.group === "failing" && pair.dropped === undefined).map((pair) => pair.index));
  const last = Math.max(-1, ...measured);
  return block({ state: "undecided", group: "failing", index: 0, alive: [] }, orders, last + 1).filter((place) =>
    measured.has(place.index),
  );
}

function evidenceOf(input: VerifyInput, allowed: readonly Allowed[], measured: Measured): Evidence {
  const { available, decision, plan, startedAt } = measured;
  const pairs = measured.pairs.toSorted(inOrder);
  const { control, failing, order } = input.attempt.sample;
  const { calibration, draft, fidelity, headroom, screen } = input.attempt;
  const drafting = draft.usage;
  const corrected = correctedEffects({ ...(calibration === undefined ? {} : { calibration }), pairs, verdicts: decision.verdicts });
  return seal({
    version: 1,
    job: measured.job,
    startedAt,
    project: input.attempt.project,
    repository: input.attempt.repository,
    commit: input.attempt.commit,
    cluster: {
      id: input.cluster.id,
      title: input.cluster.title,
      members: input.cluster.members.length,
      sessionsInWindow: input.scan.sessions,
      failedInWindow: input.scan.failed,
    },
    plan,
    order,
    orders: { failing, control },
    rubric: input.rubric.digest,
    seed: input.seed,
    ...(fidelity === undefined ? {} : { fidelity }),
    ...(calibration === undefined ? {} : { calibration }),
    ...(headroom === undefined ? {} : { headroom }),
    ...(screen === undefined ? {} : { screen }),
    ...(measured.canary === undefined ? {} : { canary: measured.canary }),
    available,
    candidates: allowed.map((one) => one.candidate),
    boundary: acceptBoundary(plan),
    pairs,
    verdicts: decision.verdicts,
    ...(decision.winner === undefined ? {} : { winner: decision.winner }),
    ...(corrected.length === 0 ? {} : { corrected }),
    models: input.models,
    simulated: input.simulated,
    ...reductionOf(input, pairs),
    drafting,
    usage: addUsage(usageOfPairs(pairs), drafting),
  });
}

function reductionOf({ followUp }: VerifyInput, pairs: readonly Pair[]): Pick<Evidence, "reduction"> {
  if (followUp === undefined) return {};
  return { reduction: { ...followUp.reduction, usage: addUsage(followUp.paid, usageBeside(pairs, followUp.others)) } };
}

/** The same inputs are the same job: what a crashed run measured is found again by this name. */
export function jobOf(attempt: AttemptDocument, plan: DecisionPlan): string {
  return digestOfJson({
    commit: attempt.commit,
    cluster: attempt.cluster,
    order: attempt.sample.order,
    candidates: attempt.draft.candidates.map((one) => one.id),
    plan: asJson(plan),
  });
}

interface Orders {
  readonly failing: readonly Session[];
  readonly control: readonly Session[];
}

function ordersOf(input: VerifyInput): Orders {
  const byId = new Map<SessionId, Session>(input.corpus.map((session) => [session.id, session]));
  const pick = (ids: readonly SessionId[]): readonly Session[] =>
    ids.map((id) => {
      const session = byId.get(id);
      if (session !== undefined) return session;
      throw new TuneupError("stage-input-invalid", `Session ${id} of the sample is no longer in the trace store.`, {
        remedy: "Start again with `tuneup run`; the sample is drawn anew.",
      });
    });
  return { failing: pick(input.attempt.sample.failing), control: pick(input.attempt.sample.control) };
}

function block(decision: Extract<Decision, { state: "undecided" }>, orders: Orders, size: number): readonly Place[] {
  const order = orders[decision.group];
  return order.slice(decision.index, decision.index + size).map((session, offset) => {
    const index = decision.index + offset;
    return { group: decision.group, index, session, repeat: order.slice(0, index).filter((one) => one.id === session.id).length };
  });
}

const inOrder = (left: Pair, right: Pair): number =>
  left.group.localeCompare(right.group) * -1 || left.index - right.index || left.candidate.localeCompare(right.candidate);

/** The verdicts on what was measured when the budget ended the job: each group's order counts up to its first gap. */
function settle(
  judgeNow: (limit: Available) => Decision,
  whole: Available,
): { readonly available: Available; readonly decision: Decision } {
  let available = whole;
  let decision = judgeNow(available);
  while (decision.state === "undecided") {
    available = { ...available, [decision.group]: decision.index };
    decision = judgeNow(available);
  }
  return { available, decision };
}

/** Measuring fidelity and drafting were paid from the same budget. */
function whatIsLeft({ attempt, budget }: VerifyInput): Budget {
  const { calibration, draft, fidelity, headroom, screen } = attempt;
  const spent = [calibration, fidelity, headroom, screen].reduce((sum, one) => addUsage(sum, one?.usage ?? noUsage), draft.usage);
  return leftOf(budget, spent);
}

/** A model that cannot be reached says nothing about an edit: stop, keep what was measured, say so. */
function refuseWhenLost(pairs: readonly Pair[]): void {
  const lost = pairs.filter((pair) => pair.before.ended === "infrastructure" || pair.after.ended === "infrastructure").length;
  if (lost < 6 || lost * 2 < pairs.length) return;
  throw new TuneupError(
    "model-unreachable",
    `${lost} of ${pairs.length} replayed pairs were lost because the agent's model could not be reached.`,
    {
      remedy: "Check the endpoint and its limits with `tuneup doctor --live`, then run again: what was measured is kept.",
      retryable: true,
      fields: { lost, pairs: pairs.length },
    },
  );
}

function reportProgress(
  decision: Extract<Decision, { state: "undecided" }>,
  { available, pairs, spent }: { readonly pairs: readonly Pair[]; readonly available: Available; readonly spent: Usage },
  runtime: Runtime,
): void {
  const leader = decision.alive[0];
  const own = pairs.filter((pair) => pair.group === decision.group && pair.candidate === leader && pair.dropped === undefined);
  const change = (from: string, to: string): number =>
    own.filter((pair) => pair.before.outcome === from && pair.after.outcome === to).length;
  runtime.progress({
    stage: "replay",
    state: "running",
    done: own.length,
    total: available[decision.group],
    unit: decision.group === "failing" ? "failing sessions" : "working sessions",
    note: `${decision.alive.length} in the race, leader fixed ${change("failed", "passed")}, broke ${change("passed", "failed")}, ${amountText(spent)}`,
  });
}
