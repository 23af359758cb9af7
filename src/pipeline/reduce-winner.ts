import type { AttemptDocument } from "../domain/documents.ts";
import type { SmallerEdit } from "../domain/edit.ts";
import { type Evidence, usageBeside, usageOfPairs } from "../domain/evidence.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import { leftOf } from "../domain/replaying/price.ts";
import type { Pair } from "../domain/replay.ts";
import { planFor } from "../domain/verdict.ts";
import type { Runtime } from "../ports/runtime.ts";
import { keepLookedAt } from "./committed-plan.ts";
import type { RehearsalTools } from "./rehearse.ts";
import { verify, type VerifyInput } from "./verify.ts";

type WholeInput = Omit<VerifyInput, "followUp">;

/** What follows from the winner's smaller versions. */
export interface Reduced {
  /** The first version that passed the test by itself, as an attempt and its evidence; absent where every part is needed. */
  readonly smaller?: { readonly attempt: AttemptDocument; readonly evidence: Evidence };
  /** What the versions cost beside the winner's own evidence. */
  readonly usage: Usage;
}

/** The versions of the winner that leave a part out. */
export const versionsOfWinner = ({ smaller = [] }: AttemptDocument, { winner }: Evidence): readonly SmallerEdit[] =>
  smaller.filter((version) => version.of === winner);

/**
 * Tests the winner again with a part left out, on the same sessions: an edit shall hold nothing that its effect does not need. Each version
 * takes the winner's share of the error level, divided by their number: a useless winner gets here with that share only, and a useful one
 * leaves it over, so the whole job keeps its level (Bonferroni with shares passed on, Bretz et al. 2009).
 * Replays of the unchanged agent are found again; a version costs its own replays alone.
 */
export async function reduceWinner(input: WholeInput, whole: Evidence, tools: RehearsalTools, runtime: Runtime): Promise<Reduced> {
  const versions = versionsOfWinner(input.attempt, whole);
  const others: Pair[] = [...whole.pairs];
  let smaller: Reduced["smaller"];
  for (const version of versions) {
    runtime.progress({ stage: "reduce", state: "started", note: `the same without ${version.leftOut}` });
    const attempt = attemptOf(input.attempt, version);
    const evidence = await verify(followUpOf({ ...input, attempt }, { whole, version, others, tests: versions.length }), tools, runtime);
    const passed = evidence.winner !== undefined;
    const note = passed ? `the effect stays without ${version.leftOut}` : `${version.leftOut} stays: not shown to be needless`;
    runtime.progress({ stage: "reduce", state: "finished", note });
    others.push(...evidence.pairs);
    if (!passed) continue;
    smaller = { attempt, evidence };
    break;
  }
  const failing = others.flatMap((pair) => (pair.group === "failing" ? [pair.sessionId] : []));
  await keepLookedAt(input.attempt, whole.job, failing, tools.measured);
  return { ...(smaller === undefined ? {} : { smaller }), usage: usageBeside(whole.pairs, others) };
}

/** The attempt as if the drafter had proposed this version alone. */
function attemptOf({ smaller: _smaller, ...attempt }: AttemptDocument, { edit }: SmallerEdit): AttemptDocument {
  return { ...attempt, draft: { ...attempt.draft, candidates: [edit.candidate] }, vetted: [edit] };
}

interface FollowUpScope {
  readonly whole: Evidence;
  readonly version: SmallerEdit;
  /** Versions that share the winner's level. */
  readonly tests: number;
  readonly others: readonly Pair[];
}

function followUpOf(input: WholeInput, { others, tests, version, whole }: FollowUpScope): VerifyInput {
  const shares = whole.plan.candidates * tests;
  const paid = whole.canary?.usage ?? noUsage;
  const edited = usageOfPairs(others.map((pair) => ({ ...pair, before: pair.after })));
  return {
    ...input,
    canary: "never",
    budget: leftOf(input.budget, addUsage(paid, edited)),
    followUp: {
      plan: planFor(whole.plan, shares),
      reduction: { of: version.of, job: whole.job, leftOut: version.leftOut, tests: shares },
      others: [...others],
      paid,
    },
  };
}
