import type { AgentSource, SourceCandidate, SourceKind } from "../../domain/source.ts";
import { isSecondary } from "./files/candidate-files.ts";
import type { Chosen } from "./cover.ts";
import type { Fragment } from "./fragments.ts";
import { matchMethod } from "./match.ts";
import { linesOf, overlaps, type Place, share } from "./places.ts";
import type { Query } from "./query.ts";
import { piecesIn, regionOf } from "./regions.ts";
import { writingProblem } from "./units.ts";

const leastPrecision = 0.4;
const fewestGrams = 20;
/** Of a short prompt this share is enough, but never fewer than the floor. */
const shortPrompt = { share: 0.4, floor: 8 } as const;
/**
 * How far passage and recorded text must agree, in one direction at least, to be the same text that has changed a little: of 15 % changed lines
 * .85 to .95 is left, of a text's other version .6 to .8. Short texts scatter more.
 */
const agreement = { long: 0.81, short: 0.6, longGrams: 100 } as const;
/** A text that stands there nearly whole and nearly unchanged, and is long enough to be no quotation. */
const convincing = { grams: 100, unitShare: 0.66, agreement: 0.83 } as const;
/** Where the rest of the prompt was found, so many runs that agree so well are its part too. */
const further = { grams: 8, agreement: 0.9 } as const;
/** A short text of a prompt counts where the rest of the prompt was found, if it is all of its string and stands nearly nowhere else. */
const small = { share: 0.8, precision: 0.8, rareWeight: 3 } as const;

export interface PromptScope {
  readonly chosen: readonly Chosen[];
  readonly query: Query;
  /** Number of files that were looked at. */
  readonly fileCount: number;
  readonly texts: ReadonlyMap<string, string>;
  readonly recorded: string;
  readonly kind: SourceKind;
  readonly source: (place: Place) => AgentSource;
  /** Files that the repository or the instrumentation names: no lower bound of length there. */
  readonly isNamed: (path: string) => boolean;
}

/** Passages that are claimed, passages that are not with the reason, and equal texts elsewhere. */
export interface PromptSources {
  readonly sources: readonly AgentSource[];
  readonly claimed: readonly Chosen[];
  readonly rejected: readonly SourceCandidate[];
  readonly copies: readonly SourceCandidate[];
  /** Claimed places whose copies are as likely. */
  readonly undecided: readonly Chosen[];
}

/** Makes sources of the passages that a recorded text is put together from. */
export function promptSources(scope: PromptScope): PromptSources {
  const sources: AgentSource[] = [];
  const claimed: Chosen[] = [];
  const rejected: SourceCandidate[] = [];
  const copies: SourceCandidate[] = [];
  for (const choice of scope.chosen) {
    const { fragment } = choice;
    const text = scope.texts.get(fragment.path) ?? "";
    const refusal = whyNot(choice, scope, sources);
    if (refusal !== undefined) {
      rejected.push(candidateOf(fragment, scope, refusal));
      for (const copy of choice.copies) rejected.push(candidateOf(copy, scope, `holds the same text as ${fragment.path}; ${refusal}`));
      continue;
    }
    const range = regionOf(fragment, text);
    claimed.push(choice);
    if (sources.some((source) => source.path === fragment.path && overlaps(source.range, range))) continue;
    sources.push(sourceFor(fragment, range, scope));
    copies.push(
      ...choice.copies
        .filter((copy) => copy.path !== fragment.path || !overlaps(copy.passage, fragment.passage))
        .map((copy) => candidateOf(copy, scope, copyReason(copy, fragment))),
    );
  }
  return { sources, claimed, rejected, copies, undecided: claimed.filter(({ ties }) => ties > 0) };
}

function sourceFor(fragment: Fragment, range: AgentSource["range"], scope: PromptScope): AgentSource {
  const { path, unit } = fragment;
  const text = scope.texts.get(path) ?? "";
  const pieces = unit.kind === "prose" ? [range] : piecesIn(unit.pieces, range);
  const isOne = pieces.length <= 1 || unit.strings.length === unit.pieces.length;
  const method = matchMethod({ path, text, pieces, isOne }, scope.recorded);
  const held = unit.strings.filter((one) => overlaps(one, range));
  const readOnly = unit.readOnly ?? writingProblem(path, text, held);
  return scope.source({
    kind: scope.kind === "system-prompt" && /(?:^|\/)SKILL\.md$/i.test(path) ? "skill" : scope.kind,
    path,
    text,
    range,
    match: { method, score: share(fragment.positions.length / Math.max(1, scope.query.count)) },
    ...(readOnly === undefined ? {} : { readOnly }),
  });
}

const sameShare = 0.8;

function copyReason(copy: Fragment, chosen: Fragment): string {
  const own = new Set(copy.positions);
  const common = chosen.positions.filter((position) => own.has(position)).length / Math.max(1, chosen.positions.length);
  if (common < sameShare) return `holds ${Math.round(common * 100)} % of what was found in ${chosen.path}`;
  return isSecondary(copy.path) && !isSecondary(chosen.path)
    ? `holds the same text, but looks like a test, a document or an example; ${chosen.path} was taken`
    : `holds the same text; ${chosen.path} was taken`;
}

/** Why a passage is not claimed; `undefined` when it is. */
function whyNot({ fragment, fresh }: Chosen, scope: PromptScope, sources: readonly AgentSource[]): string | undefined {
  if (scope.isNamed(fragment.path) && fragment.precision >= leastPrecision) return undefined;
  const needed = Math.min(fewestGrams, Math.max(shortPrompt.floor, Math.ceil(scope.query.count * shortPrompt.share)), scope.query.count);
  if (fresh < needed) {
    if (sources.length > 0 && (isSmallPart(fragment, scope) || isFurtherPart(fragment, fresh))) return undefined;
    return `only ${fresh} word runs of the recorded prompt stand there, ${needed} are needed`;
  }
  if (fragment.precision < leastPrecision)
    return `only ${Math.round(fragment.precision * 100)} % of the passage stands in the recorded prompt`;
  const agrees = Math.max(fragment.precision, fragment.recall);
  const least = fragment.positions.length >= agreement.longGrams ? agreement.long : agreement.short;
  if (agrees < least) return `only ${Math.round(agrees * 100)} % of the words agree: it is like the recorded prompt, and not the same`;
  return undefined;
}

/** Whether a claimed passage is the prompt's home even where most of the recorded text is data that was filled in. */
export const isConvincing = ({ positions, precision, recall, unitShare }: Fragment): boolean =>
  positions.length >= convincing.grams && unitShare >= convincing.unitShare && Math.max(precision, recall) >= convincing.agreement;

/** How far a passage agrees with the recorded text, in one direction at least, 0..1; 0 for one too short to say. */
export const agreementOf = ({ positions, precision, recall }: Fragment): number =>
  positions.length >= fewestGrams ? Math.max(precision, recall) : 0;

const isFurtherPart = ({ positions, precision, recall }: Fragment, fresh: number): boolean =>
  fresh >= further.grams && fresh * 2 >= positions.length && Math.min(precision, recall) >= further.agreement;

function isSmallPart(fragment: Fragment, { fileCount }: PromptScope): boolean {
  const rare = Math.log((fileCount + 1) / (small.rareWeight + 1)) + 0.1;
  return (
    fragment.unitShare >= small.share &&
    fragment.precision >= small.precision &&
    fragment.weight / Math.max(1, fragment.positions.length) >= rare
  );
}

export const candidateOf = (fragment: Fragment, { query, texts }: Pick<PromptScope, "query" | "texts">, why: string): SourceCandidate => ({
  path: fragment.path,
  lines: linesOf(texts.get(fragment.path) ?? "", fragment.passage),
  score: share(fragment.positions.length / Math.max(1, query.count)),
  why,
});
