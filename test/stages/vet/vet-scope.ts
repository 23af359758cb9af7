import { digestOf, digestOfJson } from "../../../src/domain/digest.ts";
import type { Allowed, Candidate, Edit, Refusal, Vetted } from "../../../src/domain/edit.ts";
import { commitSha, instant, type Json, projectId, sessionId } from "../../../src/domain/ids.ts";
import { type Message, noUsage, textMessage, type ToolDefinition } from "../../../src/domain/message.ts";
import type { Shown } from "../../../src/domain/sample.ts";
import type { Call } from "../../../src/domain/session.ts";
import type { AgentSource, SourceKind } from "../../../src/domain/source.ts";
import { lineAt } from "../../../src/domain/text/apply-hunk.ts";
import type { TreeEntry } from "../../../src/ports/workspace.ts";
import { vet, type VetScope } from "../../../src/stages/vet.ts";

/** A located region: the whole file, or the one place of `inner` in it. */
export interface Region {
  readonly path: string;
  readonly text: string;
  readonly kind?: SourceKind;
  readonly inner?: string;
  readonly subject?: string;
  readonly part?: string;
}

export function sourceOf({ inner, kind = "system-prompt", part, path, subject, text }: Region): AgentSource {
  const start = inner === undefined ? 0 : text.indexOf(inner);
  if (start < 0) throw new Error(`${path} does not hold the region's text`);
  const end = inner === undefined ? text.length : start + inner.length;
  return {
    repository: { owner: "acme", name: "agent" },
    commit: commitSha("0".repeat(40)),
    path,
    kind,
    ...(subject === undefined ? {} : { subject }),
    ...(part === undefined ? {} : { part }),
    lines: { first: lineAt(text, start), last: lineAt(text, Math.max(start, end - 1)) },
    range: { start, end },
    text: text.slice(start, end),
    fileDigest: digestOf(text),
    match: { method: "exact", score: 1 },
  };
}

/** What happens in a shown session: `user: …`, `agent: …`, or a tool call. */
export type Line = string | { readonly tool: string; readonly output?: Json; readonly error?: string };

/** A session that the drafter was shown, from its lines. Without instructions its traces carry no prompt to compare an edit with. */
export function shown(lines: readonly Line[], instructions?: string, tools: readonly ToolDefinition[] = []): Shown {
  const messages: Message[] = [];
  const calls: Call[] = [];
  for (const [index, line] of lines.entries()) {
    const at = messages.length;
    if (typeof line === "string") {
      const [, role = "user", text = ""] = /^(user|agent): ?([\s\S]*)$/.exec(line) ?? [];
      messages.push(textMessage(role === "agent" ? "assistant" : "user", text));
      if (role === "agent") calls.push(modelCall(at));
      continue;
    }
    const id = `call-${index}`;
    const output = line.output ?? line.error ?? null;
    calls.push(modelCall(at), { kind: "tool", id, tool: line.tool, input: {}, output, at });
    messages.push(
      { role: "assistant", parts: [{ kind: "tool-request", id, tool: line.tool, input: {} }] },
      { role: "tool", parts: [{ kind: "tool-result", id, output, ...(line.error === undefined ? {} : { isError: true }) }] },
    );
  }
  return {
    id: sessionId("shown"),
    project: projectId("support"),
    startedAt: instant("2026-01-05T08:00:00.000Z"),
    messages,
    calls,
    instructions: instructions === undefined ? [] : [{ digest: digestOf(instructions), text: instructions }],
    tools,
    feedback: [],
    missing: [],
  } as unknown as Shown;
}

const modelCall = (at: number): Call => ({
  kind: "model",
  spanId: `model-${at}`,
  provider: "anthropic",
  model: "simulated-support-1",
  parameters: { temperature: 0.3 },
  at,
  usage: noUsage,
});

export interface ScopeOptions extends Partial<Omit<VetScope, "sources" | "files">> {
  readonly kinds?: Readonly<Record<string, TreeEntry["kind"]>>;
}

export function scopeOf(regions: readonly Region[], options: ScopeOptions = {}): VetScope {
  const { kinds = {}, ...rest } = options;
  const files = new Map(regions.map((region) => [region.path, region.text]));
  const entries = [...files].map(([path, text]): TreeEntry => ({ path, kind: kinds[path] ?? "file", size: Buffer.byteLength(text) }));
  return {
    sources: regions.map((region) => sourceOf(region)),
    files,
    entries,
    transcripts: [],
    repositoryText: [...files.values()].join("\n"),
    allowedPaths: [],
    scanSecrets: () => Promise.resolve([]),
    ...rest,
  };
}

export function candidateOf(scope: VetScope, hunks: readonly (readonly [path: string, before: string, after: string])[]): Candidate {
  const edits = hunks.map(([path, before, after]): Edit => ({
    path,
    base: digestOf(scope.files.get(path) ?? ""),
    before,
    after,
    reason: "Names the missing step.",
  }));
  return { id: digestOfJson(hunks.map((hunk) => [...hunk])), kind: "insert", hypothesis: "A step is missing.", edits };
}

export const vetted = (scope: VetScope, ...hunks: (readonly [path: string, before: string, after: string])[]): Promise<Vetted> =>
  vet(candidateOf(scope, hunks), scope);

/** Rules that turned a candidate down, in alphabetical order; empty when it is allowed. */
export const rulesOf = (one: Vetted): readonly string[] =>
  one.result === "allowed" ? [] : [...new Set(one.refusals.map((refusal) => refusal.rule))].toSorted();

/** The candidate as it was allowed; throws with its refusals. */
export function allowedOf(one: Vetted): Allowed {
  if (one.result === "refused")
    throw new Error(`refused: ${one.refusals.map((refusal) => `${refusal.rule}: ${refusal.message}`).join("; ")}`);
  return one;
}

export const refusalsOf = (one: Vetted): readonly Refusal[] => (one.result === "allowed" ? [] : one.refusals);

/** Rules that want a person's look, in alphabetical order. */
export const remarksOf = (one: Vetted): readonly string[] =>
  allowedOf(one)
    .needsHuman.map((remark) => remark.rule)
    .toSorted();
