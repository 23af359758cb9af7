import type { Attributes, Digest, Json } from "../../domain/ids.ts";
import type { ToolDefinition } from "../../domain/message.ts";
import { modelCalls, type PromptIdentity, type Session } from "../../domain/session.ts";

const mostRenderings = 5;

/** The commonest distinct system prompts, at most five. */
export function commonRenderings(sessions: readonly Session[]): readonly string[] {
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

/** The tools of all sessions, each name once. */
export function distinctTools(sessions: readonly Session[]): readonly ToolDefinition[] {
  const tools = new Map<string, ToolDefinition>();
  for (const session of sessions) for (const tool of session.tools) if (!tools.has(tool.name)) tools.set(tool.name, tool);
  return [...tools.values()];
}

/** Parameters on which all recorded requests agree, and the model. */
export function recordedParameters(sessions: readonly Session[]): Attributes {
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

const mostIdentities = 50;

/** What the instrumentation says of prompts and code, each once. */
export function identitiesOf(sessions: readonly Session[]): readonly PromptIdentity[] {
  const all = sessions.flatMap((session) => session.prompts ?? []);
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()].slice(0, mostIdentities);
}

/** Names of the agent in the traces. */
export const agentsOf = (sessions: readonly Session[]): readonly string[] => [
  ...new Set(sessions.flatMap((session) => (session.agent === undefined ? [] : [session.agent]))),
];
