import type { LogRecord, Span } from "../../../domain/span.ts";
import type { Message } from "../../../domain/message.ts";
import { contentOf, instructionsFrom, replyMessages } from "../reading/content.ts";
import { messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { hasPrefix, hasScope, matchOf, numberAt, textAt, usageOf } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, type SpanFacts, toolFrom } from "../span-facts.ts";
import { spanOfLog } from "./log-span.ts";
import { genaiTool } from "./semconv.ts";

/** Gemini CLI: the conventions with Gemini's parts, system instructions encoded twice, and one object where a list of messages belongs. */
export const geminiCli: Dialect = {
  name: "Gemini CLI",
  matches: (span) => matchOf(hasScope(span, "gemini-cli"), false),
  read(span) {
    const { attributes } = span;
    const operation = textAt(attributes, "gen_ai.operation.name") ?? span.name;
    if (operation === "llm_call") {
      return modelFrom(
        span,
        contentOf({
          input: messagesFrom(attributes["gen_ai.input.messages"]),
          output: replyMessages(attributes["gen_ai.output.messages"]),
          instructions: instructionsFrom(attributes["gen_ai.system_instructions"]),
          tools: toolsFrom(attributes["gen_ai.tool.definitions"]),
        }),
      );
    }
    if (operation === "tool_call" || operation === "execute_tool") return genaiTool(span);
    return operation === "agent_call" ? agentFrom(span, contentOf({})) : "known";
  },
};

const codexUsage = (span: Span): ReturnType<typeof usageOf> =>
  usageOf({
    input: numberAt(span.attributes, "codex.turn.token_usage.input_tokens"),
    output: numberAt(span.attributes, "codex.turn.token_usage.output_tokens"),
    cacheRead: numberAt(span.attributes, "codex.turn.token_usage.cached_input_tokens"),
  });

/** OpenAI's Codex CLI: spans count tokens; prompts and tool results come as `codex.*` log records that name the conversation. */
export const codex: Dialect = {
  name: "Codex CLI",
  matches: (span) => matchOf(hasScope(span, "codex_cli_rs", "codex_exec", "codex_*"), hasPrefix(span.attributes, "codex.")),
  read: (span) =>
    hasPrefix(span.attributes, "codex.turn.token_usage.")
      ? modelFrom(span, contentOf({}), { provider: "openai", usage: codexUsage(span) })
      : "known",
  readLogs: (logs) => logs.flatMap((log) => codexFacts(log)),
};

function codexFacts(log: LogRecord): readonly SpanFacts[] {
  const { attributes } = log;
  const span = (): Span => spanOfLog(log);
  if (log.name === "codex.user_prompt") {
    const prompt = textAt(attributes, "prompt");
    const input: readonly Message[] = prompt === undefined || prompt === "[REDACTED]" ? [] : messagesFrom(prompt);
    return [agentFrom(span(), contentOf({ input }), { isFrame: false })];
  }
  if (log.name !== "codex.tool_result") return [];
  const isFailure = attributes["success"] === false || attributes["success"] === "false";
  return [
    toolFrom(span(), {
      tool: textAt(attributes, "tool_name"),
      id: textAt(attributes, "call_id"),
      input: attributes["arguments"],
      output: attributes["output"],
      error: isFailure ? "the tool reported failure" : undefined,
    }),
  ];
}
