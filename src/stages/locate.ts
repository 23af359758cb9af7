import { digestOf } from "../domain/digest.ts";
import type { Attributes, Digest, Json } from "../domain/ids.ts";
import type { ToolDefinition } from "../domain/message.ts";
import { modelCalls, type Session } from "../domain/session.ts";
import type { AgentSource, Located, SourceCandidate, SourceKind } from "../domain/source.ts";
import type { Checkout } from "../ports/workspace.ts";
import { candidateFiles, isSecondary } from "./locate/candidate-files.ts";
import { containerOf, linesOf, type Range } from "./locate/containers.ts";
import { matchMethod } from "./locate/match.ts";
import { parameterPlaces } from "./locate/parameter-sources.ts";
import { type Chosen, cover, type Fragment, fragmentsOf, type Query, queryOf } from "./locate/search.ts";
import { toolPlaces } from "./locate/tool-sources.ts";

export interface LocateInput {
  readonly sessions: readonly Session[];
  readonly checkout: Checkout;
}

const mostRenderings = 5;
const leastPrecision = 0.4;
const fewestGrams = 20;
const largeResidue = 0.3;
const leastExplained = 0.2;

/**
 * In: recorded sessions and a commit. Out: the places in the repository that the recorded system prompt, tool descriptions and parameters
 * come from, `unsure` with candidates, or `absent` with what was looked for. Words are compared in runs of five, chained in order, and a
 * prompt may be put together from several files. Claims nothing below its thresholds: a wrong place is worse than none.
 */
export async function locate({ sessions, checkout }: LocateInput): Promise<Located> {
  const renderings = commonRenderings(sessions);
  const paths = candidateFiles(await checkout.entries()).map((entry) => entry.path);
  const [recorded] = renderings;
  if (recorded === undefined) {
    return {
      result: "absent",
      why: "the traces carry no system prompt; turn its capture on in your instrumentation (`tuneup doctor` says how)",
      lookedFor: "a recorded system prompt",
      filesRead: 0,
    };
  }
  const files = await checkout.read(paths);
  const query = queryOf(renderings);
  const chosen = cover(query, fragmentsOf(query, files));
  const prompts = promptSources({ chosen, query, files, recorded, checkout });
  if (prompts.sources.length === 0) return nothingClaimed(chosen, prompts.rejected, { query, files, recorded });
  const explained = explainedShare(query, chosen, prompts.sources);
  if (explained < leastExplained) return tooLittle(prompts.sources, explained);
  return found(prompts, { sessions, files, checkout, query, chosen });
}

/** Share of the recorded prompt that the claimed files explain, 0..1. */
function explainedShare(query: Query, chosen: readonly Chosen[], sources: readonly AgentSource[]): number {
  const positions = new Set(
    chosen
      .filter((choice) => sources.some((source) => source.path === choice.fragment.path))
      .flatMap((choice) => choice.fragment.positions),
  );
  return round(positions.size / Math.max(1, query.count));
}

/** A sentence or two that also stand elsewhere do not make that place the prompt's home. */
const tooLittle = (sources: readonly AgentSource[], explained: number): Located => ({
  result: "unsure",
  why: `only ${Math.round(explained * 100)} % of the recorded system prompt stand in this repository`,
  candidates: sources.map(({ lines, match, path }) => ({ path, lines, score: match.score, why: "holds a small part of the prompt" })),
  remedy: "Check with `tuneup locate --repo <folder>` that this is the repository and commit the agent ran from.",
});

/** The commonest distinct system prompts, at most five. */
function commonRenderings(sessions: readonly Session[]): readonly string[] {
  const counts = new Map<Digest, { count: number; readonly text: string }>();
  for (const session of sessions) {
    const [first] = session.instructions;
    if (first === undefined || first.text.trim() === "") continue;
    const known = counts.get(first.digest) ?? { count: 0, text: first.text };
    known.count += 1;
    counts.set(first.digest, known);
  }
  return [...counts.values()]
    .toSorted((left, right) => right.count - left.count)
    .slice(0, mostRenderings)
    .map((one) => one.text);
}

interface Scope {
  readonly chosen: readonly Chosen[];
  readonly query: Query;
  readonly files: ReadonlyMap<string, string>;
  readonly recorded: string;
  readonly checkout: Checkout;
}

interface PromptSources {
  readonly sources: readonly AgentSource[];
  readonly rejected: readonly SourceCandidate[];
  readonly copies: readonly SourceCandidate[];
}

function promptSources(scope: Scope): PromptSources {
  const sources: AgentSource[] = [];
  const rejected: SourceCandidate[] = [];
  const copies: SourceCandidate[] = [];
  for (const choice of scope.chosen) {
    const { fragment } = choice;
    const text = scope.files.get(fragment.path) ?? "";
    const range = containerOf(fragment.path, text, fragment);
    const refusal = whyNot(choice, range, scope);
    if (refusal !== undefined || range === undefined) {
      rejected.push(candidateOf(fragment, text, scope.query, refusal ?? "it lies in code, in no single string"));
      continue;
    }
    if (sources.some((source) => source.path === fragment.path && overlaps(source.range, range))) continue;
    const kind: SourceKind = /(?:^|\/)SKILL\.md$/i.test(fragment.path) ? "skill" : "system-prompt";
    const score = fragment.positions.length / Math.max(1, scope.query.count);
    sources.push(
      sourceOf({
        kind,
        path: fragment.path,
        text,
        range,
        checkout: scope.checkout,
        match: { method: matchMethod(text.slice(range.start, range.end), scope.recorded), score: round(score) },
      }),
    );
    copies.push(
      ...choice.copies
        .filter((copy) => copy.path !== fragment.path)
        .map((copy) => candidateOf(copy, scope.files.get(copy.path) ?? "", scope.query, copyReason(copy, fragment))),
    );
  }
  return { sources, rejected, copies };
}

const overlaps = (left: Range, right: Range): boolean => left.start < right.end && right.start < left.end;
const round = (share: number): number => Math.round(Math.min(1, share) * 1000) / 1000;

const copyReason = (copy: Fragment, chosen: Fragment): string =>
  isSecondary(copy.path) && !isSecondary(chosen.path)
    ? `holds the same text, but looks like a test, a document or an example; ${chosen.path} was taken`
    : `holds the same text; ${chosen.path} was taken`;

/** Why a passage is not claimed; `undefined` when it is. */
function whyNot({ fragment, fresh }: Chosen, range: Range | undefined, { query }: Scope): string | undefined {
  if (range === undefined) return "it lies in code, in no single string";
  const needed = Math.min(fewestGrams, Math.ceil(query.count * 0.6));
  if (fresh < needed) return `only ${fresh} word runs of the recorded prompt stand there, ${needed} are needed`;
  if (fragment.precision < leastPrecision)
    return `only ${Math.round(fragment.precision * 100)} % of the passage stands in the recorded prompt`;
  return undefined;
}

const candidateOf = (fragment: Fragment, text: string, query: Query, why: string): SourceCandidate => ({
  path: fragment.path,
  lines: linesOf(text, fragment),
  score: round(fragment.positions.length / Math.max(1, query.count)),
  why,
});

interface Place {
  readonly kind: SourceKind;
  readonly path: string;
  readonly text: string;
  readonly range: Range;
  readonly checkout: Checkout;
  readonly match: AgentSource["match"];
  readonly subject?: string;
}

function sourceOf({ checkout, kind, match, path, range, subject, text }: Place): AgentSource {
  return {
    repository: checkout.repository,
    commit: checkout.commit,
    path,
    kind,
    ...(subject === undefined ? {} : { subject }),
    lines: linesOf(text, range),
    range: { start: range.start, end: range.end },
    text: text.slice(range.start, range.end),
    fileDigest: digestOf(text),
    match,
  };
}

interface FoundScope {
  readonly sessions: readonly Session[];
  readonly files: ReadonlyMap<string, string>;
  readonly checkout: Checkout;
  readonly query: Query;
  readonly chosen: readonly Chosen[];
}

function found(prompts: PromptSources, scope: FoundScope): Located {
  const { checkout, files, sessions } = scope;
  const residue = round(1 - explainedShare(scope.query, scope.chosen, prompts.sources));
  const tools = toolPlaces(distinctTools(sessions), files);
  const toolSources = tools.claimed.map((place) =>
    sourceOf({
      kind: "tool-description",
      path: place.path,
      text: files.get(place.path) ?? "",
      range: place.range,
      checkout,
      subject: place.tool,
      match: { method: place.exact ? "exact" : "normalised", score: 1 },
    }),
  );
  const located = [...new Set([...prompts.sources, ...toolSources].map((source) => source.path))];
  const parameters = parameterPlaces({ recorded: recordedParameters(sessions), located }, files).map((place) =>
    sourceOf({
      kind: place.kind,
      path: place.path,
      text: files.get(place.path) ?? "",
      range: place.range,
      checkout,
      subject: place.key,
      match: { method: "exact", score: 1 },
    }),
  );
  const notes =
    residue > largeResidue
      ? [
          `${Math.round(residue * 100)} % of the recorded prompt is not in this repository: a framework, a prompt hub or a database may add it`,
        ]
      : [];
  const elsewhere = tools.others.map((place): SourceCandidate => ({
    path: place.path,
    lines: linesOf(files.get(place.path) ?? "", place.range),
    score: 1,
    why: `also describes the tool ${place.tool}`,
  }));
  return {
    result: "found",
    sources: [...prompts.sources, ...toolSources, ...parameters],
    alternatives: [...prompts.copies, ...prompts.rejected, ...elsewhere].slice(0, 20),
    residue,
    notes,
  };
}

function distinctTools(sessions: readonly Session[]): readonly ToolDefinition[] {
  const tools = new Map<string, ToolDefinition>();
  for (const session of sessions) for (const tool of session.tools) if (!tools.has(tool.name)) tools.set(tool.name, tool);
  return [...tools.values()];
}

/** Parameters on which all recorded requests agree, and the model. */
function recordedParameters(sessions: readonly Session[]): Attributes {
  const seen = new Map<string, Map<string, Json>>();
  for (const call of sessions.flatMap((session) => modelCalls(session))) {
    for (const [key, value] of [...Object.entries(call.parameters), ["model", call.model] as const]) {
      const values = seen.get(key) ?? new Map<string, Json>();
      values.set(JSON.stringify(value), value);
      seen.set(key, values);
    }
  }
  return Object.fromEntries(
    [...seen].flatMap(([key, values]) => (values.size === 1 ? [...values.values()].map((value) => [key, value] as const) : [])),
  );
}

function nothingClaimed(
  chosen: readonly Chosen[],
  rejected: readonly SourceCandidate[],
  scope: Pick<Scope, "query" | "files" | "recorded">,
): Located {
  const words = scope.recorded.trim().split(/\s+/);
  const lookedFor = `a system prompt of ${words.length} words that begins "${words.slice(0, 8).join(" ").slice(0, 80)}"`;
  if (chosen.length === 0)
    return {
      result: "absent",
      why: "no file of this commit holds enough of the recorded system prompt",
      lookedFor,
      filesRead: scope.files.size,
    };
  return {
    result: "unsure",
    why: "files hold some of the recorded system prompt, none of them enough to edit it there",
    candidates: rejected.slice(0, 10),
    remedy:
      "Check with `tuneup locate --repo <folder>` that this is the repository and commit the agent ran from; a prompt built in code can be moved into a file of its own.",
  };
}
