import type { ToolDefinition } from "../../../domain/message.ts";
import { type DescribedPart, describedParts } from "../../../domain/text/described-parts.ts";
import type { TextRange } from "../../../domain/text/apply-hunk.ts";
import { overlaps } from "../places.ts";
import type { ToolPlace } from "../tool-sources.ts";
import { writingProblem } from "../units.ts";
import { type Described, evenNames, nameIndex, type ToolFile, type ToolText } from "./described-places.ts";
import { documentedParts } from "./documented-parts.ts";
import { evenName, rangeOf, squash, squashed } from "./squashed.ts";

export interface PartScope {
  /** Where the tool's own description was found. */
  readonly own: { readonly file: ToolFile; readonly described: Described } | undefined;
  readonly isPrimary: (path: string) => boolean;
}

interface PartPlace {
  readonly file: ToolFile;
  readonly one: ToolText;
  readonly range: TextRange;
  /** Lower is better. */
  readonly rank: number;
  readonly readOnly?: string;
}

const nearEnough = 2500;
const mostAround = 40;

/** Places of the descriptions of a tool's parameters: at most one for each, none where two are as likely. */
export function partPlaces(tool: ToolDefinition, files: readonly ToolFile[], scope: PartScope): readonly ToolPlace[] {
  const wanted = evenNames(tool);
  const { own } = scope;
  const ordered = own === undefined ? files : [own.file, ...files.filter((file) => file !== own.file)];
  return describedParts(tool.parameters).flatMap((part): readonly ToolPlace[] => {
    const place = placeOf(part, { wanted, files: ordered, scope });
    if (place === undefined) return [];
    const { file, one, range } = place;
    const held = one.unit.strings.filter((string) => overlaps(string, range));
    const readOnly = place.readOnly ?? one.unit.readOnly ?? writingProblem(file.path, file.text, held);
    const isExact = file.text.slice(range.start, range.end).trim() === part.description.trim();
    return [
      {
        tool: tool.name,
        part: part.part,
        path: file.path,
        range,
        match: { method: isExact ? "exact" : "normalised", score: 1 },
        ...(readOnly === undefined ? {} : { readOnly }),
      },
    ];
  });
}

interface PartSearch {
  readonly wanted: readonly string[];
  /** The tool's own file first. */
  readonly files: readonly ToolFile[];
  readonly scope: PartScope;
}

function placeOf(part: DescribedPart, { files, scope, wanted }: PartSearch): PartPlace | undefined {
  const text = squash(part.description);
  if (text === "") return undefined;
  const path = part.part.split(".").map((name) => evenName(name));
  const places = files.flatMap((file) =>
    file === scope.own?.file || scope.isPrimary(file.path) ? placesIn(file, { text, path, wanted, scope }) : [],
  );
  const least = Math.min(...places.map((place) => place.rank));
  const [best, second] = places.filter((place) => place.rank === least);
  return second === undefined ? best : undefined;
}

interface Sought {
  /** The description, squashed. */
  readonly text: string;
  /** Names that lead to the parameter, outermost first, as they are compared. */
  readonly path: readonly string[];
  readonly wanted: readonly string[];
  readonly scope: PartScope;
}

function placesIn(file: ToolFile, sought: Sought): readonly PartPlace[] {
  const found: PartPlace[] = [];
  for (const one of file.texts) {
    const place =
      one.unit.isDocumentation === true ? documented(file, one, sought) : (named(file, one, sought) ?? tagged(file, one, sought));
    if (place !== undefined && !found.some((other) => overlaps(other.range, place.range))) found.push(place);
  }
  return found;
}

/** Named by the parameter and the tool; by the parameter, in a schema that the tool's definition names; by the parameter, in the tool's file. */
function named(file: ToolFile, one: ToolText, sought: Sought): PartPlace | undefined {
  const { path, text, wanted } = sought;
  if (one.whole.text !== text) return undefined;
  const name = path.at(-1) ?? "";
  const at = one.names.indexOf(name);
  if (at < 0) return undefined;
  const tool = nameIndex(one.names.slice(at + 1), wanted);
  const missing = missingContainers(one.names.slice(at + 1), path);
  const base = tool >= 0 ? 0 : linkRank(file, one, sought);
  if (base === undefined) return undefined;
  // The parameter of that name that lies in no other one has fewest names around it.
  const around = Math.min(mostAround, tool >= 0 ? tool : one.names.length - at);
  return { file, one, range: one.range, rank: base + missing * (mostAround + 1) + around };
}

/** How many of the names that lead to the parameter do not stand around the string, in their order. */
function missingContainers(names: readonly string[], path: readonly string[]): number {
  let position = 0;
  let missing = 0;
  for (const container of path.slice(0, -1).toReversed()) {
    const at = names.indexOf(container, position);
    if (at < 0) missing += 1;
    else position = at + 1;
  }
  return missing;
}

const perKind = 1000;

/** A schema or class of its own: best where the tool's definition names it. */
function linkRank(file: ToolFile, one: ToolText, { scope, text }: Sought): number | undefined {
  const { own } = scope;
  const outer = one.unit.names.at(-1);
  if (own === undefined || outer === undefined) return undefined;
  const { start } = own.described.range;
  const around = own.file.text.slice(Math.max(0, start - nearEnough), start + nearEnough);
  const pattern = outer.length >= 3 && /^[\p{L}\p{N}_$]+$/u.test(outer) ? outer : undefined;
  if (pattern !== undefined) {
    const places = distancesOf(own.file.text, pattern, start);
    if (around.includes(pattern) && places !== undefined) return perKind + Math.min(perKind * 2, places);
  }
  if (file === own.file) return perKind * 4;
  return text.length >= 16 ? perKind * 5 : undefined;
}

function distancesOf(text: string, name: string, from: number): number | undefined {
  const before = text.lastIndexOf(name, from);
  const behind = text.indexOf(name, from);
  const distances = [...(before < 0 ? [] : [from - before]), ...(behind < 0 ? [] : [behind - from])];
  return distances.length === 0 ? undefined : Math.min(...distances);
}

/** In the documentation of the tool's function or class. */
function documented(file: ToolFile, one: ToolText, { path, scope, text, wanted }: Sought): PartPlace | undefined {
  const isOwn = scope.own?.file === file && overlaps(one.range, scope.own.described.range);
  if (path.length > 1 || (!isOwn && nameIndex(one.names.slice(0, 2), wanted) < 0) || !one.whole.text.includes(text)) return undefined;
  const found = documentedParts(file.text, one.range).find(
    ({ name, range }) => evenName(name) === path[0] && squashed(file.text, [range], true).text === text,
  );
  return found === undefined ? undefined : { file, one, range: found.range, rank: perKind / 2 };
}

const tag = /json:"([^",]{1,100})/;

/** In the tag of a Go field, beside other settings of the field. */
function tagged(file: ToolFile, one: ToolText, { path, scope, text }: Sought): PartPlace | undefined {
  if (!file.path.endsWith(".go") || scope.own === undefined) return undefined;
  const [, name = ""] = tag.exec(file.text.slice(one.range.start, one.range.end)) ?? [];
  const at = evenName(name) === path.at(-1) ? one.whole.text.indexOf(text) : -1;
  if (at < 0) return undefined;
  const rank = linkRank(file, one, { path, scope, text, wanted: [] });
  const readOnly = "the tag of a Go field holds it beside other settings, so no edit of it can be checked";
  return rank === undefined ? undefined : { file, one, range: rangeOf(one.whole, at, text.length), rank, readOnly };
}
