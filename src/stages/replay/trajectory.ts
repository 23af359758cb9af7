import { editDistance } from "../../domain/replaying/edit-distance.ts";
import type { Trajectory } from "../../domain/replay.ts";

/** One tool call as far as alignment is concerned. */
export interface PlacedCall {
  readonly tool: string;
  readonly key: string;
}

/** Longest sequences that are aligned; what lies beyond is not looked at. */
const mostCalls = 400;

/**
 * Aligns replayed with recorded calls: equal keys by a longest common subsequence, what lies between by place: the same tool with another
 * input, another tool, extra, missing.
 */
export function trajectoryOf(
  recorded: readonly PlacedCall[],
  replayed: readonly PlacedCall[],
  turns: { readonly held: number; readonly all: number },
): Trajectory {
  const left = recorded.slice(0, mostCalls);
  const right = replayed.slice(0, mostCalls);
  const pairs = commonPairs(left, right);
  const counts = { same: pairs.length, input: 0, tool: 0, extra: 0, missing: 0 };
  let from = { left: 0, right: 0 };
  for (const [leftEnd, rightEnd] of [...pairs, [left.length, right.length] as const]) {
    countGap(left.slice(from.left, leftEnd), right.slice(from.right, rightEnd), counts);
    from = { left: leftEnd + 1, right: rightEnd + 1 };
  }
  return { ...counts, sameTools: similarity(left, right), heldTurns: turns.all === 0 ? 1 : turns.held / turns.all };
}

function countGap(
  recorded: readonly PlacedCall[],
  replayed: readonly PlacedCall[],
  counts: { input: number; tool: number; extra: number; missing: number },
): void {
  const both = Math.min(recorded.length, replayed.length);
  for (let index = 0; index < both; index += 1) counts[recorded[index]?.tool === replayed[index]?.tool ? "input" : "tool"] += 1;
  counts.missing += recorded.length - both;
  counts.extra += replayed.length - both;
}

/** Longest common subsequence by key, as index pairs in order. */
function commonPairs(left: readonly PlacedCall[], right: readonly PlacedCall[]): readonly (readonly [number, number])[] {
  const width = right.length + 1;
  const best = new Uint16Array((left.length + 1) * width);
  const at = (row: number, column: number): number => best[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      best[row * width + column] =
        left[row]?.key === right[column]?.key ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < left.length && column < right.length;) {
    if (left[row]?.key === right[column]?.key) pairs.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

/** 1 − Levenshtein distance of the tool names ÷ the longer length. */
function similarity(left: readonly PlacedCall[], right: readonly PlacedCall[]): number {
  const longest = Math.max(left.length, right.length);
  if (longest === 0) return 1;
  return 1 - editDistance(left, right, (one, other) => one.tool === other.tool) / longest;
}
