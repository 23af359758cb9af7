import type { Edit, Refusal } from "../../domain/edit.ts";
import type { Json } from "../../domain/ids.ts";
import type { Shown } from "../../domain/sample.ts";
import { toolCalls } from "../../domain/session.ts";

/** Identifiers as programs write them: `snake_case`, `camelCase`, `called()`. */
const written = /\b\p{L}[\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+\b|\b[a-z]{2,}(?:[A-Z][a-z0-9]+)+\b|\b[\p{L}_][\p{L}\p{N}_]*(?=\(\))/gu;
/** Names in code font that are told to be used. */
const used =
  /\b(?:call|calls|calling|use|uses|using|invoke|invoking|run|running|with|via|through|execute|trigger)\s+(?:the\s+)?`([\p{L}_][\p{L}\p{N}_.-]*)`|`([\p{L}_][\p{L}\p{N}_.-]*)`\s+(?:tool|function|command|action|api)\b/giu;

const namesIn = (text: string): ReadonlySet<string> =>
  new Set([...(text.match(written) ?? []), ...[...text.matchAll(used)].map((match) => match[1] ?? match[2] ?? "")]);

/** Names that the agent knows: its tools, the fields of their inputs, and the fields of their answers. */
export function knownNames(transcripts: readonly Shown[]): string {
  const names = new Set<string>();
  for (const session of transcripts) {
    for (const tool of session.tools) names.add(JSON.stringify(tool));
    for (const call of toolCalls(session)) {
      names.add(call.tool);
      for (const value of [call.input, parsed(call.output ?? null)]) addKeys(value, names, 0);
    }
  }
  return [...names].join("\n");
}

const deepest = 12;

function addKeys(value: Json, names: Set<string>, depth: number): void {
  if (value === null || typeof value !== "object" || depth > deepest) return;
  for (const [key, item] of Object.entries(value as Readonly<Record<string, Json>>)) {
    if (!Array.isArray(value)) names.add(key);
    addKeys(item, names, depth + 1);
  }
}

/** Tools often answer with JSON in a text. */
function parsed(value: Json): Json {
  if (typeof value !== "string" || !/^\s*[{[]/.test(value) || value.length > 200_000) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** Whether a name stands in a text as a whole name, not as a part of a longer one. */
function holdsName(text: string, name: string): boolean {
  const isPart = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_]/u.test(character);
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1))
    if (!isPart(text[at - 1]) && !isPart(text[at + name.length])) return true;
  return false;
}

export interface KnownText {
  /** Names of tools and fields, as {@link knownNames} gives them. */
  readonly tools: string;
  readonly file: string;
  readonly repository: string;
}

/** An added identifier that neither the agent's tools nor the repository know: a tool that does not exist, or one that it should not have. */
export function nameRefusals(edit: Edit, known: KnownText): readonly Refusal[] {
  const old = namesIn(edit.before);
  const isKnown = (name: string): boolean => [known.file, known.tools, known.repository].some((text) => holdsName(text, name));
  if ([...namesIn(edit.after)].every((name) => old.has(name) || isKnown(name))) return [];
  const message = "it names a tool or field that neither the agent's tools nor the repository know";
  return [{ rule: "unknown-name", path: edit.path, message, remedy: "Name only tools and fields that exist." }];
}
