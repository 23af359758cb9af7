import type { PromptIdentity } from "../../domain/session.ts";
import { type FileFacts, isRecording, isSecondary, pathPrior } from "./files/candidate-files.ts";
import type { Fragment } from "./fragments.ts";

/** What speaks for one of several places that hold the same text. */
export interface PreferenceScope {
  /** What the instrumentation says of prompts and code. */
  readonly identities: readonly PromptIdentity[];
  /** The agent's name in the traces. */
  readonly agents: readonly string[];
  readonly facts: FileFacts;
  /** How many other files name this one. */
  readonly mentions: (path: string) => number;
}

const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const shortestName = 4;
const manyRepeats = 2.5;

/** Recordings of sessions and tables of tests hold a prompt again and again. */
export const isRepeated = (fragment: Fragment): boolean => fragment.repeats >= manyRepeats;

/**
 * Reasons for a place, strongest first, each a number: the instrumentation names it; it is not a test, document or example; it is not
 * generated or vendored; it holds the text once; the agent's name is in its path; others name it; the text is all of it.
 */
function reasonsFor(fragment: Fragment, scope: PreferenceScope): readonly number[] {
  const { path } = fragment;
  return [
    scope.identities.filter((identity) => isNamed(path, identity)).length,
    isSecondary(path) || isRecording(path) ? 0 : 1,
    scope.facts.isGenerated(path) ? 0 : 1,
    isRepeated(fragment) ? 0 : 1,
    scope.agents.filter((agent) => bare(agent).length >= shortestName && bare(path).includes(bare(agent))).length,
    Math.min(1, scope.mentions(path)),
    Math.round(fragment.unitShare * 5),
    pathPrior(path),
    -path.length,
  ];
}

/** Whether a file is the one that a span says its code or prompt came from: the end of one path is the end of the other. */
export function isNamed(path: string, { file, name }: PromptIdentity): boolean {
  if (file !== undefined) {
    const seen = file.replaceAll("\\", "/");
    if (seen === path || seen.endsWith(`/${path}`)) return true;
  }
  return name !== undefined && bare(name).length >= shortestName && bare(path.replace(/\.[^./]*$/, "")).endsWith(bare(name));
}

export interface Preferred {
  readonly best: Fragment;
  /** Others that nothing sets apart from the best one, but the length of the path. */
  readonly ties: number;
  /**
   * Others that go on differently where the recorded text ends, and that only weak reasons set apart: the text was cut off before it could say which
   * one runs.
   */
  readonly rivals: number;
}

/** So many words of a text, and so much of it, behind its last recorded one: the recorded text says nothing of how it goes on. */
const goesOn = { words: 8, share: 0.1 } as const;
/** Instrumentation, kind of file, the agent's name: strong enough to choose between texts that are not the same. */
const strong: readonly number[] = [0, 1, 4];
const strongOf = (reasons: readonly number[]): readonly number[] => strong.map((at) => reasons[at] ?? 0);

/** The most likely of places that hold the same text; with how many others nothing sets it apart from, but its path's length. */
export function preferred(fragments: readonly Fragment[], scope: PreferenceScope): Preferred | undefined {
  const [only] = fragments;
  if (only !== undefined && fragments.length === 1) return { best: only, ties: 0, rivals: 0 };
  const judged = fragments.map((fragment) => ({ fragment, reasons: reasonsFor(fragment, scope) }));
  const [first, ...rest] = judged.toSorted((left, right) => compare(right.reasons, left.reasons));
  if (first === undefined) return undefined;
  const ties = rest.filter(({ reasons }) => compare(reasons.slice(0, -2), first.reasons.slice(0, -2)) === 0).length;
  const { aligned, unitWords } = first.fragment;
  const isCut = aligned.behind >= Math.max(goesOn.words, unitWords * goesOn.share);
  const rivals = rest.filter(
    ({ fragment, reasons }) =>
      isCut && fragment.unitHash !== first.fragment.unitHash && compare(strongOf(reasons), strongOf(first.reasons)) === 0,
  ).length;
  return { best: first.fragment, ties, rivals };
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
