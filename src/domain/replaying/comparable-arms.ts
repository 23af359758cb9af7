import type { ArmRecord, Pair } from "../replay.ts";

/** How alike the worlds of the two arms were: shares in [0, 1], over the pairs of one candidate. */
export interface ArmsBesideEachOther {
  readonly groundedBefore: number;
  readonly groundedAfter: number;
  readonly inconclusiveBefore: number;
  readonly inconclusiveAfter: number;
  /** Why the difference of the arms may be the world's and not the edit's; absent where they are alike. */
  readonly risk?: string;
}

const mostGroundedApart = 0.15;
const mostInconclusiveApart = 0.1;

/** Compares what answered the tools in both arms. An edited agent that leaves the recordings more often lives in another world. */
export function besideEachOther(pairs: readonly Pair[]): ArmsBesideEachOther {
  const kept = pairs.filter((pair) => pair.dropped === undefined);
  const before = kept.map((pair) => pair.before);
  const after = kept.map((pair) => pair.after);
  const figures = {
    groundedBefore: groundedShare(before),
    groundedAfter: groundedShare(after),
    inconclusiveBefore: inconclusiveShare(before),
    inconclusiveAfter: inconclusiveShare(after),
  };
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  if (Math.abs(figures.groundedAfter - figures.groundedBefore) > mostGroundedApart) {
    const risk = `recordings answered ${percent(figures.groundedBefore)} of the tool calls before and ${percent(figures.groundedAfter)} after: the worlds of the two arms differ`;
    return { ...figures, risk };
  }
  if (Math.abs(figures.inconclusiveAfter - figures.inconclusiveBefore) > mostInconclusiveApart) {
    const risk = `${percent(figures.inconclusiveBefore)} of the replays before and ${percent(figures.inconclusiveAfter)} after ended without a result`;
    return { ...figures, risk };
  }
  return figures;
}

function groundedShare(arms: readonly ArmRecord[]): number {
  let grounded = 0;
  let all = 0;
  for (const { tiers } of arms) {
    grounded += tiers.exact + tiers.canonical + tiers.corpus;
    all += Object.values(tiers).reduce((sum, count) => sum + count, 0);
  }
  return all === 0 ? 1 : grounded / all;
}

const inconclusiveShare = (arms: readonly ArmRecord[]): number =>
  arms.length === 0 ? 0 : arms.filter((arm) => arm.outcome === "inconclusive").length / arms.length;
