import type { ToolDefinition } from "../../../domain/message.ts";
import type { AgentSource } from "../../../domain/source.ts";
import type { TextRange } from "../../../domain/text/apply-hunk.ts";
import { type FileFacts, isSecondary } from "../files/candidate-files.ts";
import type { ReadFile } from "../fragments.ts";
import { share } from "../places.ts";
import {
  type Described,
  describes,
  evenNames,
  nameIndex,
  otherSpelling,
  recordedOf,
  type ToolFile,
  toolFile,
  type ToolText,
} from "./described-places.ts";
import { partPlaces } from "./part-places.ts";
import { spelledNames } from "./squashed.ts";
import { writingProblem } from "../units.ts";

/** Where a tool's description stands. */
export interface ToolPlace {
  readonly tool: string;
  /** The parameter that the description is of, dotted where it lies in another one; absent for the tool's own. */
  readonly part?: string;
  readonly path: string;
  readonly range: TextRange;
  readonly match: AgentSource["match"];
  /** Why no edit of it could be checked; absent where it can be edited. */
  readonly readOnly?: string;
}

export interface ToolScope {
  /** Files that hold the located prompts: of equal descriptions, the nearest one is the agent's. */
  readonly located: readonly string[];
  readonly facts: FileFacts;
}

/** A place that was not claimed, with why. */
export interface OtherToolPlace extends ToolPlace {
  readonly why: string;
}

const mostTools = 200;
const mostPartPlaces = 120;

/**
 * Places of the recorded tools' descriptions, then of their parameters' ones. At most one place for each: the one that the tool's name belongs
 * to, that runs rather than tests or shows it, that is nearest to the located prompt. Where two are as near, none is claimed.
 */
export function toolPlaces(
  all: readonly ToolDefinition[],
  read: readonly ReadFile[],
  scope: ToolScope,
): { readonly claimed: readonly ToolPlace[]; readonly others: readonly OtherToolPlace[] } {
  const tools = all.slice(0, mostTools);
  const files = read.map((file) => toolFile(file));
  const ranked = tools.map((tool) => ({ tool, ranked: rankedPlaces(tool, files, scope) }));
  const certain = ranked.flatMap(({ ranked: [first, ...rest] }) =>
    first === undefined || rest.some((other) => isLevel(other, first)) ? [] : [first.file.path],
  );
  const claimed: ToolPlace[] = [];
  const others: OtherToolPlace[] = [];
  const chosen = new Map<string, OwnPlace>();
  const near: ToolScope = { ...scope, located: [...scope.located, ...certain] };
  for (const { ranked: first, tool } of ranked) {
    const places = first.map((place) => ({ ...place, rank: [side(place.file.path, near), ...place.rank.slice(1)] })).toSorted(byRank);
    const best = nearest(places, near.located);
    if (best !== undefined) {
      chosen.set(tool.name, best);
      claimed.push(placeOf(tool, best));
    }
    const why =
      best === undefined
        ? `describes the tool ${tool.name}, as other places do, and nothing says which one runs`
        : `also describes the tool ${tool.name}`;
    for (const place of places) if (place !== best) others.push({ ...placeOf(tool, place), why });
  }
  const parts = tools.flatMap((tool) =>
    partPlaces(tool, files, {
      own: chosen.get(tool.name),
      others: new Set(tools.filter((other) => other !== tool).flatMap((other) => evenNames(other))),
      isPrimary: (path) => isPrimary(path, near),
    }),
  );
  return { claimed: [...claimed, ...parts.slice(0, mostPartPlaces)], others };
}

/** A place of a tool's own description. */
interface OwnPlace {
  readonly file: ToolFile;
  readonly one: ToolText;
  readonly described: Described;
  /** Lower is better: what must differ for one place to be taken before another, wherever they lie. */
  readonly rank: readonly number[];
}

function placeOf(tool: ToolDefinition, { described, file, one }: OwnPlace): ToolPlace {
  const { method, range, score } = described;
  const held = one.unit.strings.filter((string) => string.start < range.end && range.start < string.end);
  const readOnly = one.unit.readOnly ?? writingProblem(file.path, file.text, held);
  return {
    tool: tool.name,
    path: file.path,
    range,
    match: { method, score: share(score) },
    ...(readOnly === undefined ? {} : { readOnly }),
  };
}

/** Whether a file is no test, example or product of a program, or lies in the same such folder as what was located. */
function isPrimary(path: string, { facts, located }: ToolScope): boolean {
  if (facts.isGenerated(path)) return false;
  const folder = secondaryFolder(path);
  return folder === undefined || located.some((one) => one.startsWith(folder));
}

const side = (path: string, scope: ToolScope): number => Number(!isPrimary(path, scope));

/** The folder that makes a path one of tests or examples, or the file itself; `undefined` for all other paths. */
function secondaryFolder(path: string): string | undefined {
  if (!isSecondary(path)) return undefined;
  const parts = path.split("/");
  const folders = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
  return folders.find((folder) => isSecondary(folder)) ?? path;
}

function rankedPlaces(tool: ToolDefinition, files: readonly ToolFile[], scope: ToolScope): readonly OwnPlace[] {
  const spelled = spelledNames(tool.name);
  const wanted = evenNames(tool);
  const recorded = recordedOf(tool.description);
  const places = files.flatMap((file): readonly OwnPlace[] => {
    const isMentioned = spelled.some((name) => file.text.includes(name));
    const isSide = side(file.path, scope);
    return file.texts.flatMap((one): readonly OwnPlace[] => {
      const index = nameIndex(one.names, wanted);
      if (index < 0 && !isMentioned) return [];
      const described = describes(file, one, recorded, index >= 0 && !isOfPart(one, index));
      if (described === undefined) return [];
      const distance = index >= 0 ? 2 * index + otherSpelling(one, index, spelled) : distanceTo(file.text, spelled, described.range.start);
      return [{ file, one, described, rank: [isSide, Number(index < 0), Number(described.score < 1), distance] }];
    });
  });
  const sorted = places.toSorted(byRank);
  // A text and one of its strings are one place.
  return sorted.filter((place, at) => !sorted.slice(0, at).some((other) => other.file === place.file && other.one.unit === place.one.unit));
}

/** Whether a string between these names and the tool's describes a parameter. */
const isOfPart = ({ names }: ToolText, index: number): boolean =>
  names.slice(0, index).some((name) => /^(?:properties|inputs|parameters|inputschema|args)$/.test(name));

function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (const [at, value] of left.entries()) if (value !== right[at]) return value - (right[at] ?? 0);
  return 0;
}

const byRank = (left: OwnPlace, right: OwnPlace): number => compareRanks(left.rank, right.rank);

/** In one file the names decide; between files only what kind of file and match it is. */
function isLevel(left: OwnPlace, right: OwnPlace): boolean {
  const depth = left.file === right.file ? undefined : -1;
  return compareRanks(left.rank.slice(0, depth), right.rank.slice(0, depth)) === 0;
}

function distanceTo(text: string, names: readonly string[], from: number): number {
  const distances = names.flatMap((name) => {
    const before = text.lastIndexOf(name, from);
    const behind = text.indexOf(name, from);
    return [...(before < 0 ? [] : [from - before]), ...(behind < 0 ? [] : [behind - from])];
  });
  return Math.min(Number.MAX_SAFE_INTEGER, ...distances);
}

/** The best place; of level ones the only one that lies nearest to what was located, `undefined` where several do. */
function nearest(places: readonly OwnPlace[], located: readonly string[]): OwnPlace | undefined {
  const [first] = places;
  if (first === undefined) return undefined;
  const level = places.filter((place) => isLevel(place, first));
  const nearness = (place: OwnPlace): number => Math.max(0, ...located.map((path) => nearnessOf(path, place.file.path)));
  const most = Math.max(...level.map((place) => nearness(place)));
  const closest = level.filter((place) => nearness(place) === most);
  return closest.length === 1 ? closest[0] : undefined;
}

const sameFile = 100;
const nearnessOf = (left: string, right: string): number => (left === right ? sameFile : sharedFolders(left, right));

function sharedFolders(left: string, right: string): number {
  const [one, other] = [left.split("/").slice(0, -1), right.split("/").slice(0, -1)];
  let shared = 0;
  while (shared < one.length && one[shared] === other[shared]) shared += 1;
  return shared;
}
