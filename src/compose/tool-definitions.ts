import { parseDocument } from "yaml";
import { z } from "zod";
import type { ToolDefinition } from "../domain/message.ts";
import { type Session, toolCalls } from "../domain/session.ts";
import type { Checkout } from "../ports/workspace.ts";

const plain = z.object({
  name: z.string(),
  description: z.string().default(""),
  parameters: z.record(z.string(), z.json()).optional(),
  input_schema: z.record(z.string(), z.json()).optional(),
});
const nested = z.object({ function: plain });

/** Definitions anywhere in a parsed YAML or JSON document: OpenAI's nested form, Anthropic's `input_schema`, or plain. */
export function definitionsIn(value: unknown): readonly ToolDefinition[] {
  if (Array.isArray(value)) return value.flatMap((item) => definitionsIn(item));
  if (value === null || typeof value !== "object") return [];
  const wrapped = nested.safeParse(value);
  const direct = wrapped.success ? { success: true as const, data: wrapped.data.function } : plain.safeParse(value);
  if (direct.success) {
    const parameters = direct.data.parameters ?? direct.data.input_schema;
    if (parameters !== undefined) return [{ name: direct.data.name, description: direct.data.description, parameters }];
  }
  return Object.values(value).flatMap((item) => definitionsIn(item));
}

const largestFile = 256 * 1024;

/**
 * Definitions of the tools that the sessions called, from the one file of the repository that defines most of them.
 * `[]` when no JSON or YAML file defines at least half: half a tool set would be another agent.
 */
export async function definitionsInRepository(sessions: readonly Session[], checkout: Checkout): Promise<readonly ToolDefinition[]> {
  const used = new Set(sessions.flatMap((session) => toolCalls(session).map((call) => call.tool)));
  if (used.size === 0 || sessions.every((session) => session.tools.length > 0)) return [];
  const entries = await checkout.entries();
  const paths = entries
    .filter((entry) => entry.kind === "file" && entry.size <= largestFile && /\.(json|ya?ml)$/.test(entry.path))
    .map((entry) => entry.path);
  let best: readonly ToolDefinition[] = [];
  for (const text of (await checkout.read(paths)).values()) {
    if (![...used].some((name) => text.includes(name))) continue;
    const found = parseTools(text);
    const hits = (tools: readonly ToolDefinition[]): number => tools.filter((tool) => used.has(tool.name)).length;
    if (hits(found) > hits(best)) best = found;
  }
  return best.filter((tool) => used.has(tool.name)).length * 2 >= used.size ? best : [];
}

function parseTools(text: string): readonly ToolDefinition[] {
  const document = parseDocument(text);
  if (document.errors.length > 0) return [];
  try {
    return definitionsIn(document.toJS({ maxAliasCount: 20 }));
  } catch {
    // An alias bomb is not a tool file.
    return [];
  }
}
