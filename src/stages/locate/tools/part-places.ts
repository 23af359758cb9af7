import type { ToolDefinition } from "../../../domain/message.ts";
import { type DescribedPart, describedParts } from "../../../domain/text/described-parts.ts";
import type { TextRange } from "../../../domain/text/apply-hunk.ts";
import { overlaps } from "../places.ts";
import type { ToolPlace } from "./tool-sources.ts";
import { writingProblem } from "../units.ts";
import { type Described, evenNames, nameIndex, otherSpelling, type ToolFile, type ToolText } from "./described-places.ts";
import { documentedParts } from "./documented-parts.ts";
import { evenName, rangeOf, spelledNames, squash, squashed } from "./squashed.ts";

export interface PartScope {
  /** Where the tool's own description was found. */
  readonly own: { readonly file: ToolFile; readonly described: Described } | undefined;
  /** Names of the other tools, as they are compared. */
  readonly others: ReadonlySet<string>;
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
  const spelled = spelledNames(tool.name);
  const { own } = scope;
  // A tool that may be one of several has parameters that may be.
  if (own === undefined && squash(tool.description) !== "") return [];
  const ordered = own === undefined ? files : [own.file, ...files.filter((file) => file !== own.file)];
  return describedParts(tool.parameters).flatMap((part): readonly ToolPlace[] => {
    const place = placeOf(part, { wanted, spelled, files: ordered, scope });
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
  readonly spelled: readonly string[];
  /** The tool's own file first. */
  readonly files: readonly ToolFile[];
  readonly scope: PartScope;
}

function placeOf(part: DescribedPart, { files, scope, spelled, wanted }: PartSearch): PartPlace | undefined {
  const text = squash(part.description);
  if (text === "") return undefined;
  const path = part.part.split(".").map((name) => evenName(name));
  const places = files.flatMap((file) =>
    file === scope.own?.file || scope.isPrimary(file.path) ? placesIn(file, { text, path, wanted, spelled, scope }) : [],
  );
  const least = Math.min(...places.map((place) => place.rank));
  const best = places.filter((place) => place.rank === least);
  const own = best.filter((place) => place.file === scope.own?.file);
  const [only, second] = own.length > 0 ? own : best;
  return second === undefined ? only : undefined;
}

interface Sought {
  /** The description, squashed. */
  readonly text: string;
  /** Names that lead to the parameter, outermost first, as they are compared. */
  readonly path: readonly string[];
  readonly wanted: readonly string[];
  /** The tool's name as it may be written. */
  readonly spelled: readonly string[];
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
  const base = tool >= 0 ? elsewhereRank(file, sought) : linkRank(file, one, sought);
  if (base === undefined || (tool < 0 && one.names.some((other) => sought.scope.others.has(other)))) return undefined;
  // The parameter of that name that lies in no other one has fewest names around it.
  const around = Math.min(mostAround, tool >= 0 ? tool : one.names.length - at);
  return { file, one, range: one.range, rank: base + missing * (mostAround + 1) + around };
}

/** A tool of that name in another file is another tool, unless the own one is not known. */
const elsewhereRank = (file: ToolFile, { scope }: Sought): number => (scope.own === undefined || scope.own.file === file ? 0 : perKind * 3);

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

/** Calls that make a tool: no schema has their names. */
const registration = /^(?:tool|\w*Tool)$/;

/** A schema or class of its own: best where the tool's definition names it. */
function linkRank(file: ToolFile, one: ToolText, { scope, text }: Sought): number | undefined {
  const { own } = scope;
  const outer = one.unit.names.at(-1);
  if (own === undefined || outer === undefined) return undefined;
  const { start } = own.described.range;
  const around = own.file.text.slice(Math.max(0, start - nearEnough), start + nearEnough);
  const pattern = outer.length >= 3 && !registration.test(outer) && /^[\p{L}\p{N}_$]+$/u.test(outer) ? outer : undefined;
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
function documented(file: ToolFile, one: ToolText, sought: Sought): PartPlace | undefined {
  const { path, scope, spelled, text, wanted } = sought;
  const isOwn = scope.own?.file === file && overlaps(one.range, scope.own.described.range);
  const index = nameIndex(one.names.slice(0, 2), wanted);
  if (path.length > 1 || (!isOwn && index < 0) || !one.whole.text.includes(text)) return undefined;
  const found = documentedParts(file.text, one.range).find(
    ({ name, range }) => evenName(name) === path[0] && squashed(file.text, [range], true).text === text,
  );
  return found === undefined
    ? undefined
    : {
        file,
        one,
        range: found.range,
        rank: elsewhereRank(file, sought) + perKind / 2 + (isOwn ? 0 : 1 + otherSpelling(one, index, spelled)),
      };
}

const tag = /json:"([^",]{1,100})/;

/** In the tag of a Go field, beside other settings of the field. */
function tagged(file: ToolFile, one: ToolText, { path, scope, text }: Sought): PartPlace | undefined {
  if (!file.path.endsWith(".go") || scope.own === undefined) return undefined;
  const [, name = ""] = tag.exec(file.text.slice(one.range.start, one.range.end)) ?? [];
  const at = evenName(name) === path.at(-1) ? one.whole.text.indexOf(text) : -1;
  if (at < 0) return undefined;
  const rank = linkRank(file, one, { path, scope, text, wanted: [], spelled: [] });
  const readOnly = "the tag of a Go field holds it beside other settings, so no edit of it can be checked";
  return rank === undefined ? undefined : { file, one, range: rangeOf(one.whole, at, text.length), rank, readOnly };
}
