import type { Digest } from "../../domain/ids.ts";
import type { Pair } from "../../domain/replay.ts";
import type { Counts, DecisionPlan, Verdict, VerdictResult } from "../../domain/verdict.ts";
import { confidenceSequence } from "./betting.ts";
import { controlBound, type ControlState } from "./control.ts";
import type { Ending } from "./race.ts";
import { countsOf, differenceOf } from "./tally.ts";

/** Everything the test knows of one candidate at its end. */
export interface TestResult {
  readonly candidate: Digest;
  /** Failing pairs that entered the test. */
  readonly failing: readonly Pair[];
  readonly ending?: Ending;
  /** Failing sessions that the whole test looked at. */
  readonly seen: number;
  readonly control?: ControlState;
}

export interface VerdictScope {
  readonly plan: DecisionPlan;
  readonly available: { readonly failing: number; readonly control: number };
  readonly traffic: { readonly failingShare: number };
}

/** More inconclusive replays than this in either group say more about the replay than about the edit. */
const inconclusiveShare = 0.2;

/** The verdict of one candidate with every figure that a reviewer reads. */
export function verdictOf(result: TestResult, scope: VerdictScope): Verdict {
  const controlPairs = result.control?.pairs ?? [];
  const failing = countsOf(result.failing);
  const control = countsOf(controlPairs);
  const effect = interval(result.failing, 0.05);
  const netEffect = controlPairs.length > 0 ? netEffectOf(result.failing, controlPairs, scope.traffic.failingShare) : undefined;
  return {
    candidate: result.candidate,
    ...endOf(result, failing, scope),
    failing,
    control,
    alpha: scope.plan.alpha,
    candidates: scope.plan.candidates,
    effect,
    controlBound: controlBound(result.control, scope.plan),
    ...(netEffect === undefined ? {} : { netEffect }),
  };
}

type Interval = readonly [low: number, high: number];

/** Confidence sequence of fixed minus broken at level 1 − α. */
const interval = (pairs: readonly Pair[], alpha: number): Interval =>
  confidenceSequence(
    pairs.map((pair) => differenceOf(pair)),
    alpha,
  );

/**
 * 95 % interval for the change of the success rate over all traffic: the share of the failure times its effect, the rest times the effect on
 * working sessions. Both sequences stand at 97.5 %, so that both hold together with 95 % (Bonferroni). `undefined` where the share is not known.
 */
function netEffectOf(failing: readonly Pair[], working: readonly Pair[], share: number): Interval | undefined {
  if (share <= 0) return undefined;
  const [onFailure, onRest] = [interval(failing, 0.025), interval(working, 0.025)];
  const mix = (one: number, other: number): number => Math.round((share * one + (1 - share) * other) * 10_000) / 10_000;
  return [mix(onFailure[0], onRest[0]), mix(onFailure[1], onRest[1])];
}

interface End {
  readonly result: VerdictResult;
  readonly why: string;
}

function endOf(result: TestResult, failing: Counts, scope: VerdictScope): End {
  const { control, ending } = result;
  const score = `${failing.fixed} fixed and ${failing.broken} broken in ${failing.pairs} failing sessions`;
  if (ending?.kind === "crossed" && control !== undefined) return endOfControl(control, score, scope);
  if (failing.pairs > 0 && failing.inconclusive > inconclusiveShare * failing.pairs) {
    return {
      result: "inconclusive",
      why: `${failing.inconclusive} of ${failing.pairs} failing sessions could not be replayed or judged to an end.`,
    };
  }
  switch (ending?.kind) {
    case "harmful":
      return { result: "harms", why: `It breaks sessions of the cluster that sometimes pass: ${score}.` };
    case "futile":
      return { result: "no-evidence", why: `Stopped after ${ending.at + 1} sessions, because ${ending.rule}: ${score}.` };
    case "outranked":
      return { result: "no-evidence", why: `Another candidate was ahead after ${ending.at + 1} sessions: ${score}.` };
    case "short":
      return outOfReach(ending.left, score, scope);
    case "crossed":
      return { result: "inconclusive", why: `The improvement test was passed (${score}), and the job ended before the control test.` };
    case undefined:
      return unfinished(result.seen, score, scope);
  }
}

function endOfControl(control: ControlState, score: string, { plan, available }: VerdictScope): End {
  const counts = countsOf(control.pairs);
  const controls = `${counts.broken} broken and ${counts.fixed} fixed in ${counts.pairs} working sessions`;
  switch (control.state) {
    case "passed":
      return plan.level === "decision"
        ? {
            result: "decision-level",
            why: `Both tests are passed on single steps, whole sessions were not replayed: ${score}; ${controls}.`,
          }
        : { result: "improves", why: `Both tests are passed: ${score}; ${controls}.` };
    case "harmful":
      return { result: "harms", why: `It fixes the cluster (${score}) but breaks what works: ${controls}.` };
    case "short":
    case "waiting": {
      const more = control.state === "short" ? ` About ${control.missing} more working sessions are needed, if none of them breaks.` : "";
      return {
        result: "inconclusive",
        why: `The improvement test is passed (${score}), but ${Math.min(available.control, plan.controlCap)} working sessions cannot show that at most ${Math.round(plan.margin * 100)} of 100 break: ${controls}.${more}`,
      };
    }
  }
}

function outOfReach(left: number, score: string, { available, plan }: VerdictScope): End {
  if (available.failing >= plan.failingCap)
    return {
      result: "no-evidence",
      why: `Stopped, because the ${left} sessions left of the plan could not have reached the boundary any more: ${score}.`,
    };
  return {
    result: "inconclusive",
    why: `The ${available.failing} failing sessions that could be kept for the test are too few: ${score}, and the ${left} left could not have reached the boundary. More sessions may decide it.`,
  };
}

function unfinished(seen: number, score: string, { available, plan }: VerdictScope): End {
  if (seen >= plan.failingCap)
    return {
      result: "no-evidence",
      why: `All ${plan.failingCap} sessions of the plan were looked at without reaching the boundary: ${score}.`,
    };
  if (seen < available.failing) return { result: "no-evidence", why: `Another candidate was decided on first: ${score}.` };
  return {
    result: "inconclusive",
    why: `The ${available.failing} failing sessions that could be kept for the test are used up: ${score}. More sessions may decide it.`,
  };
}
