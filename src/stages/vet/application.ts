import type { AgentSource } from "../../domain/source.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { isYaml } from "../../domain/text/string-form.ts";
import type { Step } from "./config-changes.ts";
import type { PlacedHunk } from "./placement.ts";
import type { ChangedFile } from "./structure.ts";

/** A file with all its hunks in it. */
export interface AppliedFile extends ChangedFile {
  /** One hunk after the other, the last in the file first, so that no step moves the place of the next. */
  readonly steps: readonly Step[];
  /** Every region that a hunk stands in, as it is written before and after. */
  readonly regions: readonly { readonly source: AgentSource; readonly before: string; readonly after: string }[];
}

/** Whether a source is a value of the configuration and no text. */
export const isSetting = ({ kind }: AgentSource): boolean => kind === "parameter" || kind === "loop-limit" || kind === "wandb-config";

/** Puts the hunks of one file into its text. Every byte outside of them stays. */
export function applyHunks(path: string, text: string, hunks: readonly PlacedHunk[]): AppliedFile {
  const own = hunks.filter((hunk) => hunk.edit.path === path).toSorted((left, right) => left.range.start - right.range.start);
  const steps = stepsOf(text, own);
  const after = steps.at(-1)?.after ?? text;
  const shift = (offset: number): number => own.filter((hunk) => hunk.range.end <= offset).reduce((sum, hunk) => sum + grown(hunk), offset);
  const sources = [...new Set(own.map((hunk) => hunk.source))];
  return {
    path,
    before: text,
    after,
    isSetting: sources.every((source) => isSetting(source)),
    hunks: own.map((hunk) => ({ before: hunk.range, after: spanFrom(shiftBefore(own, hunk), hunk.edit.after.length) })),
    steps,
    regions: sources.map((source) => ({
      source,
      before: text.slice(source.range.start, source.range.end),
      after: after.slice(regionStart(own, source), shift(source.range.end)),
    })),
  };
}

/**
 * What of a changed file is to be looked at as one: all of it where only texts or only settings change. Else one hunk after the other, for a
 * text has another form than a number beside it; what every step leaves whole is whole at the end.
 */
export function partsOf(file: AppliedFile): readonly ChangedFile[] {
  const { path, steps } = file;
  if (isYaml(path) || file.isSetting || !steps.some(({ source }) => isSetting(source))) return [file];
  return steps.map(({ after, before, place, source }) => ({ path, before, after, hunks: [place], isSetting: isSetting(source) }));
}

const grown = (hunk: PlacedHunk): number => hunk.edit.after.length - (hunk.range.end - hunk.range.start);
const spanFrom = (start: number, length: number): TextRange => ({ start, end: start + length });

/** Where a hunk begins once the hunks before it are in. */
const shiftBefore = (own: readonly PlacedHunk[], hunk: PlacedHunk): number =>
  own.filter((other) => other.range.end <= hunk.range.start && other !== hunk).reduce((sum, other) => sum + grown(other), hunk.range.start);

const regionStart = (own: readonly PlacedHunk[], source: AgentSource): number =>
  own
    .filter((hunk) => hunk.source !== source && hunk.range.end <= source.range.start)
    .reduce((sum, hunk) => sum + grown(hunk), source.range.start);

function stepsOf(text: string, own: readonly PlacedHunk[]): readonly Step[] {
  const steps: Step[] = [];
  let current = text;
  for (const hunk of own.toReversed()) {
    const { edit, range, source } = hunk;
    const next = current.slice(0, range.start) + edit.after + current.slice(range.end);
    const later = own.filter((other) => other.source === source && other.range.start > range.start);
    const end = later.reduce((sum, other) => sum + grown(other), source.range.end);
    steps.push({
      source,
      before: current,
      after: next,
      place: { before: range, after: spanFrom(range.start, edit.after.length) },
      region: { before: { start: source.range.start, end }, after: { start: source.range.start, end: end + grown(hunk) } },
    });
    current = next;
  }
  return steps;
}
