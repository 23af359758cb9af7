import type { Evidence } from "../domain/evidence.ts";
import type { Digest } from "../domain/ids.ts";
import type { Pair } from "../domain/replay.ts";
import type { Counts, Verdict } from "../domain/verdict.ts";

/** A share as whole percent: `25 %`. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;
const points = (share: number): string => `${share > 0 ? "+" : ""}${(share * 100).toFixed(1)}`;

/** The error level as a sentence: `Of 100 useless edits at most 5 would get this far (…).` Levels below one in a hundred count in thousands. */
export function errorSentence(
  { alpha, candidates }: Pick<Verdict, "alpha" | "candidates">,
  { plan, reduction }: Pick<Evidence, "plan" | "reduction">,
): string {
  const [most, of] = alpha >= 0.01 ? [Math.round(alpha * 100), "100"] : [Math.max(1, Math.ceil(alpha * 10_000)), "10,000"];
  const tests =
    reduction === undefined
      ? `all ${candidates} candidates of this job counted`
      : "all candidates of this job and their shorter versions counted";
  const over =
    plan.lond === undefined
      ? ""
      : ` Of all edits that get this far in this repository, an expected share of at most ${percent(plan.lond.alpha)} is useless.`;
  return `Of ${of} useless edits at most ${most} would get this far (${candidates === 1 ? "this job had one candidate" : tests}).${over}`;
}

/** Before and after, one row a group. */
export function evidenceTable(verdict: Verdict): string {
  const row = (name: string, counts: Counts): string => {
    const share = (passed: number): string => (counts.pairs === 0 ? "–" : `${passed} (${percent(passed / counts.pairs)})`);
    return `| ${name} | ${counts.pairs} | ${share(counts.beforePassed)} | ${share(counts.afterPassed)} | **${counts.fixed}** | **${counts.broken}** | ${counts.inconclusive} |`;
  };
  return [
    "| replayed sessions | pairs | pass before | pass after | fixed | broken | inconclusive |",
    "|---|--:|--:|--:|--:|--:|--:|",
    row("of this failure", verdict.failing),
    row("that work today", verdict.control),
  ].join("\n");
}

/** What a reader must not conclude. */
export function notRuledOut(verdict: Verdict, evidence: Evidence): readonly string[] {
  const lines = [boundLine(verdict, evidence)];
  const { netEffect } = verdict;
  if (netEffect === undefined) lines.push("The effect on all traffic is not known: the share of this failure in it is not.");
  else
    lines.push(
      `Over all traffic the success rate changes by ${points(netEffect[0])} to ${points(netEffect[1])} points${netEffect[0] < 0 ? ", so a loss is not ruled out" : ""}.`,
    );
  if (evidence.plan.pool !== undefined)
    lines.push(
      `The evidence is about these ${evidence.plan.pool} failing sessions, replayed several times; they are too few to speak for others like them.`,
    );
  const shares = new Set(evidence.pairs.map((pair) => pair.after.decidedBy).filter((decider) => decider === "model"));
  if (shares.size > 0) lines.push("A model judged some replays; it may favour the style of the edit.");
  if (evidence.plan.level === "decision")
    lines.push(
      "Only single steps were asked for again, each after the recorded conversation: what the agent makes of them later is not known.",
    );
  lines.push(...approximated(evidence, verdict));
  return lines;
}

/** Tool answers that no recording holds, in both arms. */
function approximated(evidence: Evidence, { candidate }: Verdict): readonly string[] {
  const arms = evidence.pairs.filter((pair) => pair.candidate === candidate).flatMap((pair) => [pair.before, pair.after]);
  const count = (tier: "nearest" | "simulated"): number => arms.reduce((sum, arm) => sum + arm.tiers[tier], 0);
  const all = arms.reduce((sum, arm) => sum + Object.values(arm.tiers).reduce((inner, one) => inner + one, 0), 0);
  const [nearest, simulated] = [count("nearest"), count("simulated")];
  return [
    ...(nearest === 0 ? [] : [`${nearest} of ${all} tool answers were those to nearly the same search.`]),
    ...(simulated === 0 ? [] : [`${simulated} of ${all} tool answers were made up by a model; it may please the edited agent.`]),
  ];
}

/** A judge that favours the edit's style hides so many broken sessions more. */
function boundLine({ controlBound }: Verdict, { plan }: Evidence): string {
  const bias = plan.theta0 > 0.5 ? (plan.guardBand?.bias ?? 0.05) : 0;
  const most = Math.min(100, Math.ceil((controlBound + bias) * 100 - 1e-9));
  const why = bias === 0 ? "" : ` (${Math.round(bias * 100)} of them unseen, should the judge favour the edit)`;
  return `Up to **${most} of 100** sessions that work today may break${why}.`;
}

/** How one group's sessions ended in both arms, as they were counted: an inconclusive \`before\` as passed, an inconclusive \`after\` as failed. */
export interface FlipTable {
  readonly passedTwice: number;
  readonly broken: number;
  readonly fixed: number;
  readonly failedTwice: number;
}

/** The flip table of a verdict's candidate, over the pairs that entered its test. */
export function flipTable(evidence: Evidence, verdict: Verdict, group: Pair["group"]): FlipTable {
  const pairs = entered(evidence, verdict, group);
  const count = (before: boolean, after: boolean): number =>
    pairs.filter((pair) => (pair.before.outcome !== "failed") === before && (pair.after.outcome === "passed") === after).length;
  return { passedTwice: count(true, true), broken: count(true, false), fixed: count(false, true), failedTwice: count(false, false) };
}

const entered = (evidence: Evidence, verdict: Verdict, group: Pair["group"]): readonly Pair[] =>
  evidence.pairs
    .filter((pair) => pair.candidate === verdict.candidate && pair.group === group && pair.dropped === undefined)
    .toSorted((left, right) => left.index - right.index)
    .slice(0, verdict[group].pairs);

/** Pairs of a verdict's candidate whose two arms differ, in test order; only those that entered the test. */
export function flips(
  evidence: Evidence,
  verdict: Verdict,
  group: Pair["group"],
): { readonly fixed: readonly Pair[]; readonly broken: readonly Pair[] } {
  const own = entered(evidence, verdict, group);
  return {
    fixed: own.filter((pair) => pair.before.outcome === "failed" && pair.after.outcome === "passed"),
    broken: own.filter((pair) => pair.before.outcome !== "failed" && pair.after.outcome !== "passed"),
  };
}

/** How the replays' tools were answered, both arms of all pairs of the winner. */
export function tierShares(evidence: Evidence, candidate: Digest): string {
  const totals = new Map<string, number>();
  for (const pair of evidence.pairs) {
    if (pair.candidate !== candidate) continue;
    for (const arm of [pair.before, pair.after])
      for (const [tier, count] of Object.entries(arm.tiers)) totals.set(tier, (totals.get(tier) ?? 0) + count);
  }
  const all = [...totals.values()].reduce((sum, count) => sum + count, 0);
  if (all === 0) return "no tool was called";
  return [...totals]
    .filter(([, count]) => count > 0)
    .toSorted(([, left], [, right]) => right - left)
    .map(([tier, count]) => `${tier} ${percent(count / all)}`)
    .join(", ");
}
