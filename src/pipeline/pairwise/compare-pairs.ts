import { asJson, digestOfJson } from "../../domain/digest.ts";
import { addUsage, noUsage, type Usage } from "../../domain/message.ts";
import type { Pair } from "../../domain/replay.ts";
import { isPairwiseUsable, type PairwiseCheck } from "../../domain/replaying/calibration.ts";
import type { Rubric } from "../../domain/rubric.ts";
import type { Session } from "../../domain/session.ts";
import type { DecisionPlan } from "../../domain/verdict.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { type Comparison, comparePair, type ModelJudge } from "../../stages/judge.ts";
import { concurrently } from "../concurrently.ts";
import type { RehearsalTools } from "../rehearse.ts";

/** Pairs of labelled sessions on which it is measured whether the judge says the same in both orders. */
const checkedPairs = 20;

export type PairwiseTools = Pick<RehearsalTools, "measured" | "scheduler" | "transcripts"> & { readonly pairwise: ModelJudge };

export interface ComparisonScope {
  readonly plan: DecisionPlan;
  readonly rubric: Rubric;
  readonly inFlight: number;
  /** The judge's position consistency, as calibrated; without it nothing is compared. */
  readonly check: PairwiseCheck | undefined;
}

/**
 * The pairs with what a model says of their two conversations side by side: only of failing sessions that count towards who is kept in the race, and
 * whose arms end alike. It breaks ties between candidates and decides nothing else. Pairs whose conversations are not kept stay as they are.
 */
export async function comparePairs(
  pairs: readonly Pair[],
  { check, inFlight, plan, rubric }: ComparisonScope,
  tools: PairwiseTools,
  runtime: Runtime,
): Promise<readonly Pair[]> {
  if (!isPairwiseUsable(check)) return pairs;
  const last = plan.candidates > 1 ? Math.max(0, ...plan.halving.map((step) => step.after)) : 0;
  return concurrently(pairs, inFlight, async (pair) => {
    const { after, before, dropped, group, index } = pair;
    const isTie = dropped === undefined && group === "failing" && index < last && before.outcome === after.outcome;
    if (!isTie || before.replay === undefined || after.replay === undefined) return pair;
    const [first, second] = [await tools.transcripts?.find(before.replay), await tools.transcripts?.find(after.replay)];
    if (first === undefined || second === undefined) return pair;
    const { preferred, usage } = await compareOnce(
      [before.replay, after.replay],
      () => comparePair([first, second], rubric, scheduled(tools), runtime),
      tools,
    );
    return { ...pair, pairwise: { preferred, usage } };
  });
}

const scheduled = ({ pairwise, scheduler }: PairwiseTools): ModelJudge => ({
  ...pairwise,
  client: scheduler?.client(pairwise.client, { block: 0, expectedCalls: 2 }) ?? pairwise.client,
});

/** A comparison that was paid once is kept. */
async function compareOnce(
  names: readonly [string, string],
  compare: () => Promise<Comparison>,
  { measured, pairwise }: PairwiseTools,
): Promise<Comparison> {
  const key = `pairwise/${digestOfJson({ names: [...names], model: pairwise.client.model, prompt: pairwise.prompt.digest })}`;
  const known = await measured.get(key);
  if (known !== undefined) return known as unknown as Comparison;
  const comparison = await compare();
  await measured.put(key, asJson(comparison));
  return comparison;
}

/** Measures on pairs of a good and a bad labelled session whether the judge says the same in both orders. */
export async function checkPairwise(
  labelled: readonly { readonly label: "good" | "bad"; readonly session: Session }[],
  scope: { readonly rubric: Rubric; readonly inFlight: number },
  tools: PairwiseTools,
  runtime: Runtime,
): Promise<{ readonly check: PairwiseCheck; readonly usage: Usage }> {
  const of = (label: "good" | "bad"): readonly Session[] => labelled.flatMap((one) => (one.label === label ? [one.session] : []));
  const [good, bad] = [of("good"), of("bad")];
  const pairs = good.slice(0, checkedPairs).flatMap((session, index) => {
    const other = bad[index];
    return other === undefined ? [] : [index % 2 === 0 ? ([session, other] as const) : ([other, session] as const)];
  });
  const compared = await concurrently(pairs, scope.inFlight, ([first, second]) =>
    compareOnce(
      [`recorded ${first.id}`, `recorded ${second.id} ${scope.rubric.digest}`],
      () => comparePair([first.messages, second.messages], scope.rubric, scheduled(tools), runtime),
      tools,
    ),
  );
  const usage = compared.reduce((sum, one) => addUsage(sum, one.usage), noUsage);
  return { check: { pairs: compared.length, consistent: compared.filter((one) => one.consistent).length }, usage };
}
