import type { Digest, Json } from "./ids.ts";
import type { ToolDefinition } from "./message.ts";
import type { AgentConfig } from "./session.ts";
import { describedParts, withDescription } from "./text/described-parts.ts";

/** A changed file, whole. */
export interface FileChange {
  readonly path: string;
  /** Digest of the file before. */
  readonly before: Digest;
  /** The file's text after the edit. */
  readonly text: string;
}

/** What an edit of a file means for the agent that runs: values as the model sees them, with the container's escapes undone. */
export type ConfigChange =
  | { readonly target: "instructions"; readonly before: string; readonly after: string }
  /** `part`: the parameter whose description it is, dotted; without it the passage is looked for in all of the tool's texts. */
  | { readonly target: "tool"; readonly tool: string; readonly part?: string; readonly before: string; readonly after: string }
  | { readonly target: "parameter"; readonly key: string; readonly before: Json; readonly after: Json };

export type Configured =
  | { readonly result: "applied"; readonly config: AgentConfig }
  | { readonly result: "inapplicable"; readonly why: string };

/**
 * The configuration a session would have run with after the edit. Text is found in the session's own rendering of the prompt: template
 * variables of the file (`{x}`, `{{x}}`, `${x}`, `<x>`, `%s`) match whatever was rendered there and keep it. Anything but exactly one
 * place is `inapplicable`: never a guess.
 */
export function applyChanges(config: AgentConfig, changes: readonly ConfigChange[]): Configured {
  let current = config;
  for (const change of changes) {
    const next = applyChange(current, change);
    if (next.result === "inapplicable") return next;
    current = next.config;
  }
  return { result: "applied", config: current };
}

function applyChange(config: AgentConfig, change: ConfigChange): Configured {
  switch (change.target) {
    case "instructions": {
      const text = replaceRendered(config.instructions, change.before, change.after);
      if (text === undefined)
        return { result: "inapplicable", why: "the edited passage does not stand exactly once in this session's system prompt" };
      return { result: "applied", config: { ...config, instructions: text } };
    }
    case "tool":
      return changeTool(config, change);
    case "parameter":
      return changeParameter(config, change);
  }
}

function changeTool(config: AgentConfig, change: Extract<ConfigChange, { target: "tool" }>): Configured {
  const tool = config.tools.find((candidate) => candidate.name === change.tool);
  if (tool === undefined) return { result: "inapplicable", why: `this session had no tool named ${change.tool}` };
  const { after, before, part } = change;
  const changed = part === undefined ? replaceInTool(tool, before, after) : replaceInPart(tool, part, before, after);
  if (changed === undefined) {
    const where = part === undefined ? `the definition of ${change.tool}` : `the description of ${part} of ${change.tool}`;
    return { result: "inapplicable", why: `the edited text does not stand exactly once in ${where}` };
  }
  return { result: "applied", config: { ...config, tools: config.tools.map((candidate) => (candidate === tool ? changed : candidate)) } };
}

function replaceInTool(tool: ToolDefinition, before: string, after: string): ToolDefinition | undefined {
  let hits = 0;
  const walk = (value: Json): Json => {
    if (typeof value === "string") {
      const replaced = replaceRendered(value, before, after);
      if (replaced === undefined) return value;
      hits += 1;
      return replaced;
    }
    if (Array.isArray(value)) return value.map((item: Json) => walk(item));
    if (value !== null && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    return value;
  };
  const description = walk(tool.description);
  const parameters = walk(tool.parameters);
  if (hits !== 1 || typeof description !== "string") return undefined;
  return { ...tool, description, parameters };
}

/** The same words in another parameter's description stay. */
function replaceInPart(tool: ToolDefinition, part: string, before: string, after: string): ToolDefinition | undefined {
  const places = new Map(
    describedParts(tool.parameters)
      .filter((one) => one.part === part)
      .map((one) => [JSON.stringify(one.at), one]),
  );
  const [only, second] = [...places.values()];
  const replaced = only === undefined || second !== undefined ? undefined : replaceRendered(only.description, before, after);
  if (only === undefined || replaced === undefined) return undefined;
  return { ...tool, parameters: withDescription(tool.parameters, only.at, replaced) };
}

/** Whether a change sets how often an agent may call its model, and so shows in no single request. */
export const setsLoopLimit = (change: ConfigChange): boolean => change.target === "parameter" && loopLimits.has(change.key);

const loopLimits: ReadonlySet<string> = new Set(["max_turns", "max_steps", "max_iterations", "maxTurns", "maxSteps", "recursion_limit"]);

function changeParameter(config: AgentConfig, change: Extract<ConfigChange, { target: "parameter" }>): Configured {
  if (loopLimits.has(change.key)) {
    if (typeof change.after !== "number") return { result: "inapplicable", why: `${change.key} must be a number` };
    return { result: "applied", config: { ...config, maxTurns: change.after } };
  }
  if (change.key === "model") {
    if (typeof change.after !== "string") return { result: "inapplicable", why: "model must be a name" };
    return { result: "applied", config: { ...config, model: change.after } };
  }
  return { result: "applied", config: { ...config, parameters: { ...config.parameters, [change.key]: change.after } } };
}

const placeholder = /\$\{[^{}\n]{1,80}\}|\{\{[^{}\n]{1,80}\}\}|\{[\p{L}_][\p{L}\p{N}_.]{0,60}\}|%[sd]/gu;

/** Template variables of a text in order, as they are written. */
export function placeholdersOf(text: string): readonly string[] {
  return text.match(placeholder) ?? [];
}

/** Replaces the one place where `before` (a file's text, perhaps with template variables) stands in `rendered`; `undefined` unless exactly one. */
export function replaceRendered(rendered: string, before: string, after: string): string | undefined {
  if (before === "") return undefined;
  const first = rendered.indexOf(before);
  if (first >= 0) {
    if (rendered.indexOf(before, first + 1) >= 0) return undefined;
    return rendered.slice(0, first) + after + rendered.slice(first + before.length);
  }
  const names = placeholdersOf(before);
  if (names.length === 0) return undefined;
  return replaceTemplate(rendered, before, after, names);
}

/** Longer values of a template variable are not looked for, in UTF-16 units. */
const longestValue = 4000;

function replaceTemplate(rendered: string, before: string, after: string, names: readonly string[]): string | undefined {
  const pieces = before.split(placeholder);
  // What a variable at the edge held cannot be told from the text around it, so it has to stay at its edge: its value is left in place.
  if (pieces[0] === "" && !after.startsWith(names[0] ?? "")) return undefined;
  if (pieces.at(-1) === "" && !after.endsWith(names.at(-1) ?? "")) return undefined;
  const inner = pieces.slice(pieces[0] === "" ? 1 : 0, pieces.at(-1) === "" ? -1 : undefined);
  const [match, second] = templateMatches(rendered, inner);
  if (match === undefined || second !== undefined) return undefined;
  const found = pieces[0] === "" ? ["", ...match.values] : match.values;
  const values = new Map(names.map((name, index) => [name, found[index] ?? ""]));
  const filled = after.replace(placeholder, (name) => values.get(name) ?? name);
  return rendered.slice(0, match.start) + filled + rendered.slice(match.end);
}

interface TemplateMatch {
  readonly start: number;
  readonly end: number;
  /** What stands between the pieces, in order. */
  readonly values: readonly string[];
}

/**
 * The first two places, not overlapping, where the pieces follow each other with short gaps, each gap as short as it can be. Looks at every
 * occurrence of every piece once, so that no text makes it slow.
 */
function templateMatches(text: string, pieces: readonly string[]): readonly TemplateMatch[] {
  if (pieces.length === 0 || pieces[0] === "" || pieces.at(-1) === "") return [];
  const places = viablePlaces(text, pieces);
  const matches: TemplateMatch[] = [];
  for (const start of places[0] ?? []) {
    if (start < (matches[0]?.end ?? 0)) continue;
    const values: string[] = [];
    let end = start + (pieces[0]?.length ?? 0);
    for (let index = 1; index < pieces.length; index += 1) {
      const next = pieces[index] === "" ? end : firstFrom(places[index] ?? [], end);
      values.push(text.slice(end, next));
      end = next + (pieces[index]?.length ?? 0);
    }
    matches.push({ start, end, values });
    if (matches.length === 2) break;
  }
  return matches;
}

/** For each piece the places from which all later pieces can be reached; an empty piece has its successor's. */
function viablePlaces(text: string, pieces: readonly string[]): readonly (readonly number[])[] {
  const places: (readonly number[])[] = [];
  let following: readonly number[] | undefined;
  for (let index = pieces.length - 1; index >= 0; index -= 1) {
    const piece = pieces[index] ?? "";
    if (piece !== "") following = withinReach(placesOf(text, piece), piece.length, following);
    places[index] = following ?? [];
  }
  return places;
}

function placesOf(text: string, piece: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + 1)) places.push(at);
  return places;
}

function withinReach(places: readonly number[], length: number, following: readonly number[] | undefined): readonly number[] {
  if (following === undefined) return places;
  let next = 0;
  return places.filter((place) => {
    while (next < following.length && (following[next] ?? 0) < place + length) next += 1;
    const nearest = following[next];
    return nearest !== undefined && nearest - place - length <= longestValue;
  });
}

/** The first of the sorted places at or after `from`. */
function firstFrom(places: readonly number[], from: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return places[low] ?? from;
}
