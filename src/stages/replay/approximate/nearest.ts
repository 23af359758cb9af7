import { canonicalInput } from "../../../domain/canonical-input.ts";
import { canonicalJson } from "../../../domain/digest.ts";
import type { Json } from "../../../domain/ids.ts";
import { holdsIdentifier } from "../personal.ts";

/** So alike two calls must be for one to answer the other. */
const leastAlike = 0.9;

const searchVerbs: ReadonlySet<string> = new Set(["search", "list", "find", "query", "lookup", "browse"]);

/** Whether a tool looks through many things rather than one up, by its name: only such answers hold nearly as well for nearly the same question. */
export function searches(tool: string): boolean {
  const words = tool
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => searchVerbs.has(word));
}

/** The `field=value` leaves of an input, canonical, with the path down to each. */
export function leavesOf(input: Json): ReadonlyMap<string, Json> {
  const leaves = new Map<string, Json>();
  const walk = (value: Json, path: string): void => {
    if (value !== null && typeof value === "object") {
      const items = Array.isArray(value) ? value.map((item: Json) => ["", item] as const) : Object.entries(value);
      for (const [key, item] of items) walk(item, `${path}/${key}`);
    } else leaves.set(`${path}=${canonicalJson(value)}`, value);
  };
  walk(canonicalInput(input), "");
  return leaves;
}

const pathTail = /^[^\s]*\/[^\s/]+$/;

/** An id, an address, a number of four digits or more, the end of a path: another one is another thing, however alike the rest. */
const isIdLike = (value: Json): boolean => holdsIdentifier(value) || (typeof value === "string" && pathTail.test(value.trim()));

/**
 * How alike two inputs of one tool are: Σ weight of the leaves that both hold ÷ Σ weight of all their leaves, a leaf weighing
 * ln((N + 1)/(df + 1)) + .1 where df of the tool's N recorded calls hold it, so that what is usual counts little. 0 where a leaf that only one
 * of them holds is like an id.
 */
export function likeness(left: Json, right: Json, frequency: { readonly calls: number; of(leaf: string): number }): number {
  const [own, other] = [leavesOf(left), leavesOf(right)];
  let [shared, all] = [0, 0];
  for (const [leaf, value] of new Map([...own, ...other])) {
    const weight = Math.log((frequency.calls + 1) / (frequency.of(leaf) + 1)) + 0.1;
    all += weight;
    if (own.has(leaf) && other.has(leaf)) shared += weight;
    else if (isIdLike(value)) return 0;
  }
  return all === 0 ? 0 : shared / all;
}

interface WithInput {
  readonly input: Json;
}

function frequencyIn(recorded: readonly WithInput[]): { readonly calls: number; of(leaf: string): number } {
  const counts = new Map<string, number>();
  for (const one of recorded) for (const leaf of leavesOf(one.input).keys()) counts.set(leaf, (counts.get(leaf) ?? 0) + 1);
  return { calls: recorded.length, of: (leaf) => counts.get(leaf) ?? 0 };
}

/** Recorded calls of one tool, the most like this input first. */
export function byLikeness<T extends WithInput>(input: Json, recorded: readonly T[]): readonly T[] {
  const frequency = frequencyIn(recorded);
  return recorded
    .map((one) => ({ one, alike: likeness(input, one.input, frequency) }))
    .toSorted((left, right) => right.alike - left.alike)
    .map(({ one }) => one);
}

/** Of recorded calls of one tool the one most like this input, if it is at least nine tenths alike; the earlier of equals. */
export function nearestOf<T extends WithInput>(input: Json, recorded: readonly T[]): T | undefined {
  const frequency = frequencyIn(recorded);
  let best: { readonly one: T; readonly alike: number } | undefined;
  for (const one of recorded) {
    const alike = likeness(input, one.input, frequency);
    if (alike >= leastAlike && alike > (best?.alike ?? 0)) best = { one, alike };
  }
  return best?.one;
}
