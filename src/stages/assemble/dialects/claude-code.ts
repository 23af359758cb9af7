import type { Attributes, Json } from "../../../domain/ids.ts";
import { textMessage } from "../../../domain/message.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";
import { type Content, contentOf, instructionsFrom, replyMessages, requestContent, settingsIn } from "../reading/content.ts";
import { messagesFrom } from "../reading/messages.ts";
import { fieldsOf, isCut, numberIn, opened, textIn } from "../reading/values.ts";
import { finishFrom, hasScope, matchOf, numberAt, textAt, usageOf } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, type SpanFacts, toolFrom } from "../span-facts.ts";
import { spanOfLog } from "./log-span.ts";

/** What the CLI asks for itself (titles, suggestions) is no part of the conversation; these are. */
const conversations: ReadonlySet<string> = new Set(["repl_main_thread", "sdk"]);
const isRedacted = (text: string | undefined): boolean => text === undefined || text === "<REDACTED>";

/**
 * Claude Code and the Claude Agent SDK by themselves (code.claude.com/docs/en/monitoring-usage): spans `claude_code.*` count and time; whole requests and
 * replies come only as log records, which name the CLI's session but no trace.
 */
export const claudeCode: Dialect = {
  name: "Claude Code",
  matches: (span) => matchOf(hasScope(span, "com.anthropic.claude_code.*"), span.name.startsWith("claude_code.")),
  read(span) {
    const kind = (textAt(span.attributes, "span.type") ?? span.name).replace(/^claude_code\./, "");
    if (kind === "llm_request") return isConversation(span.attributes) ? modelOf(span) : "known";
    if (kind === "tool") return tool(span);
    if (kind === "interaction") return agentFrom(span, promptOf(span.attributes, "user_prompt"), { isFrame: false });
    return "known";
  },
  readLogs(logs) {
    const own = logs.filter((log) => isClaude(log));
    const calls = exchanges(own);
    return calls.length > 0 ? calls : own.flatMap((log) => spoken(log));
  },
};

/** The event's name; older versions put it into the record's body alone. */
const eventOf = (log: LogRecord): string => {
  const name = log.name === "" && typeof log.body === "string" ? log.body : log.name;
  return name.replace(/^claude_code\./, "");
};
const isClaude = (log: LogRecord): boolean =>
  (log.scope ?? "").startsWith("com.anthropic.claude_code") ||
  log.name.startsWith("claude_code.") ||
  (typeof log.body === "string" && log.body.startsWith("claude_code.")) ||
  log.resource["service.name"] === "claude-code";

function isConversation(attributes: Attributes): boolean {
  const source = textAt(attributes, "query_source");
  return (source === undefined || conversations.has(source)) && textAt(attributes, "agent_id") === undefined;
}

const usageOfSpan = (attributes: Attributes): ReturnType<typeof usageOf> => {
  const cacheRead = numberAt(attributes, "cache_read_tokens");
  const cacheWrite = numberAt(attributes, "cache_creation_tokens");
  const input = (numberAt(attributes, "input_tokens") ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0);
  return usageOf({
    input,
    output: numberAt(attributes, "output_tokens"),
    cacheRead,
    cacheWrite,
    dollars: numberAt(attributes, "cost_usd"),
  });
};

function modelOf(span: Span): SpanFacts {
  const { attributes } = span;
  const reply = textAt(attributes, "response.model_output");
  return modelFrom(span, contentOf({ output: isRedacted(reply) ? [] : replyMessages(reply) }), {
    provider: "anthropic",
    usage: usageOfSpan(attributes),
    finish: finishFrom(attributes["stop_reason"]),
    error: attributes["success"] === false ? (textAt(attributes, "error") ?? "error") : undefined,
  });
}

function tool(span: Span): SpanFacts {
  const { attributes } = span;
  const output = span.events.find((event) => event.name === "tool.output")?.attributes ?? {};
  const input = attributes["tool_input"];
  return toolFrom(span, {
    tool: textAt(attributes, "tool_name"),
    id: textAt(attributes, "tool_use_id"),
    input: isRedacted(typeof input === "string" ? input : "") ? undefined : input,
    output: output["output"] ?? output["content"] ?? output["diff"],
    error: attributes["success"] === false ? (textAt(attributes, "error") ?? "the tool reported failure") : undefined,
  });
}

function promptOf(attributes: Attributes, key: string): Content {
  const prompt = textAt(attributes, key);
  return contentOf({ input: isRedacted(prompt) ? [] : messagesFrom(prompt) });
}

/**
 * With `OTEL_LOG_RAW_API_BODIES`: each request with the reply that follows it in the same query source; the bodies are Anthropic's. Bodies are cut at
 * 60 KB, which is less than most requests: then what the user typed since the last call stands for the request.
 */
function exchanges(logs: readonly LogRecord[]): readonly SpanFacts[] {
  const facts: SpanFacts[] = [];
  const open = new Map<string, Asked>();
  let typed: string[] = [];
  for (const log of logs.filter((one) => isConversation(one.attributes))) {
    const source = textAt(log.attributes, "query_source") ?? "";
    const kind = eventOf(log);
    if (kind === "user_prompt") {
      const prompt = textAt(log.attributes, "prompt");
      if (prompt !== undefined && !isRedacted(prompt)) typed.push(prompt);
    } else if (kind === "api_request_body") {
      const unanswered = open.get(source);
      if (unanswered !== undefined) facts.push(...callFrom(unanswered, undefined));
      open.set(source, { request: log, typed });
      typed = [];
    } else if (kind === "api_response_body") {
      const asked = open.get(source) ?? { request: undefined, typed };
      if (asked.request === undefined) typed = [];
      open.delete(source);
      facts.push(...callFrom(asked, log));
    }
  }
  return [...facts, ...[...open.values()].flatMap((asked) => callFrom(asked, undefined))].sort((left, right) =>
    left.span.startedAt < right.span.startedAt ? -1 : 1,
  );
}

interface Asked {
  readonly request: LogRecord | undefined;
  /** What the user typed since the call before. */
  readonly typed: readonly string[];
}

const jsonOf = (log: LogRecord | undefined): Json | undefined =>
  opened(log?.attributes["body"] ?? (typeof log?.body === "string" && !/^\s*[[{]/.test(log.body) ? undefined : log?.body));

function callFrom({ request, typed }: Asked, response: LogRecord | undefined): readonly SpanFacts[] {
  const record = request ?? response;
  if (record === undefined) return [];
  const asked = fieldsOf(jsonOf(request)) ?? {};
  const isWhole = !isCut(request?.attributes["body"]);
  const answered = fieldsOf(jsonOf(response)) ?? {};
  const usage = fieldsOf(answered["usage"]) ?? {};
  const [cacheRead, cacheWrite] = [numberIn(usage, "cache_read_input_tokens"), numberIn(usage, "cache_creation_input_tokens")];
  const content = requestContent(asked);
  const call = modelFrom(
    spanOfLog(record),
    contentOf({
      input: isWhole && content.input.length > 0 ? content.input : typed.map((prompt) => textMessage("user", prompt)),
      output: replyMessages(answered["content"] === undefined ? undefined : { role: "assistant", content: answered["content"] }),
      instructions: instructionsFrom(asked["system"]),
      tools: content.tools,
    }),
    {
      provider: "anthropic",
      model: textIn(asked, "model") ?? textIn(answered, "model") ?? textAt(record.attributes, "model"),
      parameters: settingsIn(asked),
      usage: usageOf({
        input: (numberIn(usage, "input_tokens") ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
        output: numberIn(usage, "output_tokens"),
        cacheRead,
        cacheWrite,
      }),
      finish: finishFrom(answered["stop_reason"]),
    },
  );
  return [call];
}

/** Without raw bodies: what the user typed, what the assistant answered, which tools ran. */
function spoken(log: LogRecord): readonly SpanFacts[] {
  const kind = eventOf(log);
  const span = (): Span => spanOfLog(log);
  if (kind === "user_prompt") return [agentFrom(span(), promptOf(log.attributes, "prompt"), { isFrame: false })];
  if (kind === "assistant_response") {
    const text = textAt(log.attributes, "response", "text", "content");
    return isRedacted(text) || !isConversation(log.attributes)
      ? []
      : [modelFrom(span(), contentOf({ output: replyMessages(text) }), { provider: "anthropic" })];
  }
  if (kind !== "tool_result") return [];
  const isFailure = log.attributes["success"] === false || log.attributes["success"] === "false";
  return [
    toolFrom(span(), {
      tool: textAt(log.attributes, "tool_name"),
      id: textAt(log.attributes, "tool_use_id"),
      input: log.attributes["tool_input"] ?? log.attributes["tool_parameters"],
      output: log.attributes["tool_output"] ?? log.attributes["output"],
      error: isFailure ? (textAt(log.attributes, "error") ?? "the tool reported failure") : undefined,
    }),
  ];
}
