/** Phrases that mean the same in either direction. */
const equalPhrases: readonly (readonly [string, string])[] = [
  ["do not", "don't"],
  ["does not", "doesn't"],
  ["cannot", "can't"],
  ["should not", "shouldn't"],
  ["must not", "mustn't"],
  ["is not", "isn't"],
  ["are not", "aren't"],
  ["you are", "you're"],
  ["it is", "it's"],
  ["make sure that", "ensure that"],
  ["for example", "e.g."],
  ["in order to", "so as to"],
];
/** Phrases whose other form has more than one meaning: this way only. */
const plainerPhrases: readonly (readonly [string, string])[] = [
  ["prior to", "before"],
  ["as soon as", "once"],
  ["at all times", "always"],
  ["at no time", "never"],
  ["a number of", "several"],
  ["in case", "if"],
];
const rewrites = [...equalPhrases, ...equalPhrases.map(([left, right]) => [right, left] as const), ...plainerPhrases];

/** A small edit, as real ones are. */
const mostChanges = 3;

/**
 * The instructions with up to three phrases in other words of the same meaning and about the same length; `undefined` where none of the known phrases stands
 * in them. The same text gives the same sham.
 */
export function shamOf(instructions: string): { readonly text: string; readonly rephrased: number } | undefined {
  const lower = instructions.toLowerCase();
  const places: { readonly at: number; readonly from: string; readonly to: string }[] = [];
  for (const [from, to] of rewrites) {
    const at = wordAt(lower, from);
    if (at >= 0) places.push({ at, from, to });
  }
  const chosen = withoutOverlap(places.toSorted((one, other) => one.at - other.at)).slice(0, mostChanges);
  if (chosen.length === 0) return undefined;
  let text = instructions;
  for (const { at, from, to } of chosen.toReversed()) {
    const first = text.charAt(at);
    const put = first === first.toLowerCase() ? to : to.charAt(0).toUpperCase() + to.slice(1);
    text = text.slice(0, at) + put + text.slice(at + from.length);
  }
  return { text, rephrased: chosen.length };
}

/** The first place where a phrase stands as whole words; −1 where it does not. */
function wordAt(text: string, phrase: string): number {
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    const before = text.charAt(at - 1);
    const after = text.charAt(at + phrase.length);
    if (!/[\p{L}\p{N}_{]/u.test(before) && !/[\p{L}\p{N}_}]/u.test(after)) return at;
  }
  return -1;
}

function withoutOverlap<T extends { readonly at: number; readonly from: string }>(places: readonly T[]): readonly T[] {
  const kept: T[] = [];
  for (const place of places) {
    const last = kept.at(-1);
    if (last === undefined || place.at >= last.at + last.from.length) kept.push(place);
  }
  return kept;
}
