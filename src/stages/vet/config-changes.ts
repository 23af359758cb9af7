import { parse } from "yaml";
import type { ConfigChange } from "../../domain/config-change.ts";
import type { Json } from "../../domain/ids.ts";
import type { Shown } from "../../domain/sample.ts";
import type { AgentSource } from "../../domain/source.ts";
import { describedParts } from "../../domain/text/described-parts.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { appliesTo, type Passage, passagesOf } from "./passages.ts";
import { partAt, valueAt } from "./values.ts";

/** One hunk on its way into a file: the text before and after it, its place, and the region as it stands then. */
export interface Step {
  readonly source: AgentSource;
  readonly before: string;
  readonly after: string;
  readonly place: { readonly before: TextRange; readonly after: TextRange };
  readonly region: { readonly before: TextRange; readonly after: TextRange };
}

/** What a hunk means for the agent that runs, in the words that the model sees; a sentence when it cannot be said. */
export type Meaning = { readonly ok: true; readonly change: ConfigChange } | { readonly ok: false; readonly why: string };

/** The meaning of one hunk. The passage is the one that most of the recorded prompts or descriptions hold exactly once. */
export function meaningOf(step: Step, transcripts: readonly Shown[]): Meaning {
  const { source } = step;
  switch (source.kind) {
    case "parameter":
    case "loop-limit":
    case "wandb-config":
      return parameterMeaning(step);
    case "tool-description":
      return toolMeaning(step, transcripts);
    case "system-prompt":
    case "skill":
    case "few-shot": {
      const renderings = transcripts.flatMap((session) => session.instructions.slice(0, 1).map((one) => one.text));
      const found = passageFor(step, renderings, "system prompt");
      return found.ok ? { ok: true, change: { target: "instructions", ...found.passage } } : found;
    }
  }
}

type FoundPassage = { readonly ok: true; readonly passage: Passage } | { readonly ok: false; readonly why: string };

function passageFor(step: Step, renderings: readonly string[], what: string): FoundPassage {
  const { after, before, place, region, source } = step;
  // A documentation string holds the descriptions of several parts: only the located one is meant.
  const read = source.kind === "tool-description" ? partAt : valueAt;
  const old = read(source.path, before, region.before, place.before);
  const now = read(source.path, after, region.after, place.after);
  if (old === undefined || now === undefined) return { ok: false, why: "the region's text cannot be read back out of its container" };
  if (now.trim() === "") return { ok: false, why: "it leaves nothing of the text" };
  const passages = passagesOf(old, now);
  const [first] = passages;
  if (first === undefined) return { ok: false, why: "the edited passage cannot be told from other text: copy more of its surroundings" };
  if (renderings.length === 0) return { ok: true, passage: first };
  const ranked = passages
    .map((passage) => ({ passage, count: appliesTo(passage, renderings) }))
    .toSorted((left, right) => right.count - left.count);
  const [best] = ranked;
  if (best === undefined || best.count === 0)
    return { ok: false, why: `the edited passage does not stand exactly once in any recorded ${what}, so no replay could show its effect` };
  return { ok: true, passage: best.passage };
}

function toolMeaning(step: Step, transcripts: readonly Shown[]): Meaning {
  const { part, subject } = step.source;
  if (subject === undefined) return { ok: false, why: "the tool of this description is not known" };
  const tools = transcripts.flatMap((session) => session.tools.filter((tool) => tool.name === subject));
  if (part === undefined) {
    const found = passageFor(
      step,
      tools.map((tool) => tool.description),
      "description of this tool",
    );
    return found.ok ? { ok: true, change: { target: "tool", tool: subject, ...found.passage } } : found;
  }
  const renderings = tools.flatMap((tool) =>
    describedParts(tool.parameters)
      .filter((one) => one.part === part)
      .map((one) => one.description),
  );
  if (tools.length > 0 && renderings.length === 0)
    return { ok: false, why: `no recorded definition of ${subject} describes a parameter ${part}, so no replay could show its effect` };
  const found = passageFor(step, renderings, "description of this parameter");
  return found.ok ? { ok: true, change: { target: "tool", tool: subject, part, ...found.passage } } : found;
}

function parameterMeaning({ after, before, region, source }: Step): Meaning {
  const { subject } = source;
  if (subject === undefined) return { ok: false, why: "the parameter's name is not known" };
  const [old, now] = [plainValue(before, region.before), plainValue(after, region.after)];
  if (old === undefined || now === undefined) return { ok: false, why: "the value is no plain number, word or switch" };
  return { ok: true, change: { target: "parameter", key: subject, before: old, after: now } };
}

const longestValue = 200;

function plainValue(text: string, range: TextRange): Json | undefined {
  const written = text.slice(range.start, range.end);
  if (written.length > longestValue) return undefined;
  try {
    const value: unknown = parse(written);
    return typeof value === "number" || typeof value === "string" || typeof value === "boolean" ? value : undefined;
  } catch {
    return undefined;
  }
}
