import { digestOf } from "../../domain/digest.ts";
import type { Digest, ProjectId } from "../../domain/ids.ts";
import type { PromptIdentity } from "../../domain/session.ts";
import type { Trace } from "../../domain/span.ts";
import { userKeys } from "../../domain/session-key.ts";
import { numberAt, textAt } from "./reading/attributes.ts";
import type { SpanFacts } from "./span-facts.ts";

/** A digest, so that no document carries the id itself; per project, so that projects cannot be joined. */
export function userOf(trace: Trace): Digest | undefined {
  for (const one of [...trace.spans, ...trace.logs]) {
    const user = textAt(one.attributes, ...userKeys) ?? textAt(one.resource, ...userKeys);
    if (user !== undefined) return userDigest(trace.project, user);
  }
  return undefined;
}

const userDigest = (project: ProjectId, user: string): Digest => digestOf(`${project}\u0000${user}`);

const mostIdentities = 20;

/** Which prompts of a registry, and which places in code, the session's calls name: what `locate` can start from. */
export function promptsOf(facts: readonly SpanFacts[]): readonly PromptIdentity[] {
  const found = new Map<string, PromptIdentity>();
  for (const { kind, span } of facts) {
    if (kind === "tool") continue;
    const { attributes } = span;
    const name = textAt(
      attributes,
      "gen_ai.prompt.name",
      "langfuse.observation.prompt.name",
      "traceloop.prompt.key",
      "gen_ai.prompt.template.name",
    );
    const version = [
      "gen_ai.prompt.version",
      "langfuse.observation.prompt.version",
      "traceloop.prompt.version",
      "gen_ai.prompt.template.version",
      "llm.prompt_template.version",
    ]
      .map((key) => attributes[key])
      .find((value) => typeof value === "string" || typeof value === "number");
    const file = textAt(attributes, "code.file.path", "code.filepath");
    const code = textAt(attributes, "code.function.name", "code.function");
    const line = numberAt(attributes, "code.line.number", "code.lineno");
    // Gemini CLI writes `<session>########<turn>` where a prompt's name belongs.
    const named = name === undefined || name.includes("########") ? {} : { name: name.slice(0, 500) };
    const identity: PromptIdentity = {
      ...named,
      ...(version === undefined ? {} : { version: String(version).slice(0, 200) }),
      ...(file === undefined ? {} : { file: file.slice(0, 1000) }),
      ...(code === undefined ? {} : { function: code.slice(0, 500) }),
      ...(line === undefined ? {} : { line }),
    };
    if (identity.name !== undefined || identity.file !== undefined || identity.function !== undefined)
      found.set(JSON.stringify(identity), identity);
    if (found.size >= mostIdentities) break;
  }
  return [...found.values()];
}
