import type { Message } from "../../../src/domain/message.ts";
import { modelCalls, type Session, toolCalls } from "../../../src/domain/session.ts";

const cut = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text);

/** One message as a line: who, and what each part is. */
function lineOf(message: Message): string {
  const parts = message.parts.map((part) => {
    if (part.kind === "text") return cut(part.text);
    if (part.kind === "reasoning") return `[reasoning ${part.text.length}]`;
    if (part.kind === "tool-request") return `→ ${part.tool} ${cut(JSON.stringify(part.input))}`;
    if (part.kind === "tool-result") return `←${part.isError === true ? " error" : ""} ${cut(JSON.stringify(part.output))}`;
    return "[opaque]";
  });
  return `${message.role}: ${parts.join(" | ")}`;
}

/** What a session holds, small enough to be read in review. */
export function summaryOf(session: Session) {
  const models = modelCalls(session);
  const sum = (read: (call: (typeof models)[number]) => number | undefined): number =>
    models.reduce((total, call) => total + (read(call) ?? 0), 0);
  return {
    dialects: session.dialects ?? [],
    agent: session.agent ?? null,
    user: session.user !== undefined,
    instructions: session.instructions.map(({ text }) => cut(text)),
    tools: session.tools.map(({ name }) => name),
    messages: session.messages.map((message) => lineOf(message)),
    models: [...new Set(models.map((call) => `${call.provider} ${call.model}`))],
    modelCalls: models.length,
    finishes: [...new Set(models.flatMap((call) => call.finish ?? []))],
    parameters: models[0]?.parameters ?? {},
    usage: {
      input: sum((call) => call.usage.inputTokens),
      output: sum((call) => call.usage.outputTokens),
      cacheRead: sum((call) => call.usage.cacheReadTokens),
      cacheWrite: sum((call) => call.usage.cacheWriteTokens),
    },
    toolCalls: toolCalls(session).map(
      (call) =>
        `${call.tool}${call.output === undefined ? " (no output)" : ""}${call.error === undefined ? "" : ` error: ${cut(call.error)}`}`,
    ),
    feedback: session.feedback.length,
    missing: session.missing,
    prompts: session.prompts ?? [],
  };
}
export type SessionSummary = ReturnType<typeof summaryOf>;
