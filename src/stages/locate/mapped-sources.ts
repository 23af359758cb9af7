import type { AgentSource, MappedFile } from "../../domain/source.ts";
import type { LiteralReader } from "../../ports/literal-reader.ts";
import type { Place } from "./places.ts";
import { type Unit, unitsOf, writingProblem } from "./units.ts";

export interface MappedScope {
  readonly texts: ReadonlyMap<string, string>;
  readonly source: (place: Place) => AgentSource;
  readonly literals?: LiteralReader;
}

/** The place that a mapping means where the recorded text does not show it; a sentence where it does not say enough. */
export function mappedSource({ contains, path }: MappedFile, { literals, source, texts }: MappedScope): AgentSource | string {
  const text = texts.get(path);
  if (text === undefined) return `${path} is no text file of this commit`;
  const units = unitsOf(path, text, literals, "strings");
  const held = contains === undefined ? units : units.filter((unit) => textOf(unit, text).includes(contains));
  const [only] = held;
  if (only === undefined) return `no string of ${path} contains the words of \`contains\``;
  if (held.length > 1) return `${path} has several strings, and none of them holds the recorded prompt: say which one with \`contains\``;
  const range = { start: only.strings[0]?.start ?? 0, end: only.strings.at(-1)?.end ?? 0 };
  const readOnly = only.readOnly ?? writingProblem(path, text, only.strings);
  const place = { kind: "system-prompt", path, text, range, match: { method: "mapped", score: 0 } } as const;
  return source({ ...place, ...(readOnly === undefined ? {} : { readOnly }) });
}

const textOf = (unit: Unit, text: string): string => unit.pieces.map((piece) => text.slice(piece.start, piece.end)).join(" ");

/** The line of `.github/tuneup.yml` that settles where the prompt is. */
export const mappingLine = (paths: readonly string[]): string => `prompts: [${paths.map((path) => yamlWord(path)).join(", ")}]`;

const yamlWord = (path: string): string => (/^[\w./@+-]+$/.test(path) ? path : JSON.stringify(path));
