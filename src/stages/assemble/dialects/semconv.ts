import type { Attributes, Json } from "../../../domain/ids.ts";
import type { Message } from "../../../domain/message.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";
import {
  type Content,
  contentOf,
  exchange,
  instructionsFrom,
  isEmpty,
  nothing,
  replyMessages,
  requestContent,
} from "../reading/content.ts";
import { messageFrom, messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { fieldsOf, listOf, opened, textIn } from "../reading/values.ts";
import { hasPrefix, matchOf, modelAt, providerAt, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, firstContent, modelFrom, toolFrom } from "../span-facts.ts";
import { fromIndexed } from "./indexed-attributes.ts";

const modelOperations: ReadonlySet<string> = new Set([
  "chat",
  "generate_content",
  "text_completion",
  "completion",
  "llm_call",
  "responses",
  "message",
]);
const agentOperations: ReadonlySet<string> = new Set(["invoke_agent", "create_agent"]);
/** Understood, but no part of the conversation. */
const otherOperations: ReadonlySet<string> = new Set([
  "embeddings",
  "retrieval",
  "plan",
  "agent_step",
  "fetch_response",
  "search_memory",
  "create_memory",
  "update_memory",
  "upsert_memory",
  "delete_memory",
  "create_memory_store",
  "delete_memory_store",
]);

/**
 * The OpenTelemetry GenAI conventions, from before 1.26 to today (semantic-conventions-genai, docs/gen-ai): content in attributes, in one event,
 * in an event a message, in two prompt events or in indexed attributes. OpenLIT, traceAI, Microsoft's and many vendors' spans are written this way.
 */
export const semconv: Dialect = {
  name: "OpenTelemetry GenAI",
  matches: (span) => matchOf(false, hasPrefix(span.attributes, "gen_ai.") || span.attributes["llm.request.type"] !== undefined),
  read(span, logs) {
    const { attributes } = span;
    const operation = textAt(attributes, "gen_ai.operation.name", "llm.request.type");
    if (operation === "execute_tool" || (operation === undefined && attributes["gen_ai.tool.name"] !== undefined))
      return genaiTool(span, logs);
    if (operation !== undefined && agentOperations.has(operation)) return agentFrom(span, genaiContent(span, logs));
    if (operation === "invoke_workflow") return agentFrom(span, genaiContent(span, logs), { isFrame: false });
    if (operation !== undefined && modelOperations.has(operation)) return modelFrom(span, genaiContent(span, logs));
    if (operation !== undefined && otherOperations.has(operation)) return "known";
    const isModel = providerAt(attributes) !== "unknown" && modelAt(attributes) !== "unknown" && !isEmpty(genaiContent(span, logs));
    return isModel ? modelFrom(span, genaiContent(span, logs)) : operation === undefined ? undefined : "known";
  },
};

/** A tool's span in the conventions; arguments and result may also stand in events or under the older names. */
export function genaiTool(span: Span, logs: readonly LogRecord[] = []): ReturnType<typeof toolFrom> {
  const { attributes } = span;
  const inEvents = genaiContent(span, logs);
  const asked = [...inEvents.input, ...inEvents.output].flatMap((message) => message.parts).find((part) => part.kind === "tool-request");
  const answered = [...inEvents.output, ...inEvents.input].flatMap((message) => message.parts).find((part) => part.kind === "tool-result");
  const first = (...keys: readonly string[]): Json | undefined => keys.map((key) => attributes[key]).find((value) => value !== undefined);
  return toolFrom(span, {
    id: textAt(attributes, "gen_ai.tool.call.id", "tool.call.id", "tool.id"),
    input:
      first(
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.args",
        "gen_ai.tool.input",
        "tool.input",
        "tool.arguments",
        "tool_arguments",
        "input",
      ) ?? asked?.input,
    output:
      first("gen_ai.tool.call.result", "gen_ai.tool.output", "tool.output", "tool.result", "tool_response", "output") ?? answered?.output,
  });
}

/** The content of a span in any version of the conventions, its log records included. */
export const genaiContent = (span: Span, logs: readonly LogRecord[]): Content =>
  firstContent(
    () => fromAttributes(span.attributes),
    () => fromDetails([...span.events.map((event) => ({ name: event.name, attributes: event.attributes })), ...logs]),
    () => fromMessageEvents(span, logs),
    () => fromPromptEvents(span),
    () => fromIndexed(span.attributes),
    () => fromWholeTexts(span.attributes),
    () => fromLogBodies(logs),
  ) ?? {
    ...nothing,
    ...systemOf(span.attributes),
    tools: toolsFrom(span.attributes["gen_ai.tool.definitions"]),
  };

const systemOf = (attributes: Attributes): Pick<Content, "instructions"> => {
  const instructions = instructionsFrom(attributes["gen_ai.system_instructions"]);
  return instructions === undefined ? {} : { instructions };
};

/** 1.37 and later. */
export function fromAttributes(attributes: Attributes): Content | undefined {
  const input = attributes["gen_ai.input.messages"];
  const output = attributes["gen_ai.output.messages"];
  if (input === undefined && output === undefined) return undefined;
  return contentOf({
    input: messagesFrom(input),
    output: replyMessages(output),
    instructions: instructionsFrom(attributes["gen_ai.system_instructions"]),
    tools: toolsFrom(attributes["gen_ai.tool.definitions"]),
    finish: listOf(opened(output))
      .flatMap((message) => textIn(fieldsOf(message) ?? {}, "finish_reason") ?? [])
      .at(-1),
  });
}

const detailsEvent = "gen_ai.client.inference.operation.details";

/** The same as one event or several of its parts; on log records the fields may stand in the body. */
function fromDetails(
  events: readonly { readonly name: string; readonly attributes: Attributes; readonly body?: Json }[],
): Content | undefined {
  const details = events.filter((event) => event.name === detailsEvent);
  if (details.length === 0) return undefined;
  return fromAttributes(Object.assign({}, ...details.map((event) => ({ ...fieldsOf(event.body), ...event.attributes }))) as Attributes);
}

const eventRoles: Readonly<Record<string, Message["role"]>> = {
  "gen_ai.system.message": "system",
  "gen_ai.user.message": "user",
  "gen_ai.assistant.message": "assistant",
  "gen_ai.tool.message": "tool",
};

const openedFields = (given: Attributes): Attributes =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, opened(value) ?? value]));

/** One message in an event: its fields stand in the attributes, or in a log record's body. */
function eventMessage(name: string, fields: Attributes): readonly Message[] {
  const given = openedFields(fields);
  if (name === "gen_ai.choice") {
    const inner = fieldsOf(given["message"]);
    if (inner !== undefined) return messageFrom({ ...given, ...inner, role: "assistant" }, "assistant");
    return messageFrom({ ...given, content: given["message"] ?? given["content"] ?? null, role: "assistant" }, "assistant");
  }
  const role = Object.hasOwn(eventRoles, name) ? eventRoles[name] : undefined;
  if (role === undefined) return [];
  // Bedrock's blocks carry the call's id; elsewhere the event's `id` is the tool call's.
  return messageFrom({ ...given, role }, role);
}

/** 1.28 to 1.36: one event a message, `gen_ai.choice` for the reply; as span events or as log records. */
function fromMessageEvents(span: Span, logs: readonly LogRecord[]): Content | undefined {
  const events = [
    ...span.events.map((event) => ({ name: event.name, fields: event.attributes })),
    ...logs.map((log) => ({ name: log.name, fields: { ...log.attributes, ...fieldsOf(log.body) } })),
  ];
  const input = events.flatMap((event) => (event.name === "gen_ai.choice" ? [] : eventMessage(event.name, event.fields)));
  const choices = events.filter((event) => event.name === "gen_ai.choice");
  const output = choices.flatMap((event) => eventMessage(event.name, event.fields));
  if (input.length + output.length === 0) return undefined;
  return contentOf({
    input,
    output,
    finish: textIn(choices.at(-1)?.fields ?? {}, "finish_reason"),
    tools: toolsFrom(span.attributes["gen_ai.tool.definitions"]),
  });
}

/** A list of such events in one attribute, as Pydantic AI 1 writes it; the last reply is the call's own. */
export function fromEventList(value: Json | undefined): Content | undefined {
  const events = opened(value);
  if (!Array.isArray(events)) return undefined;
  const messages = (events as readonly Json[]).flatMap((event) => {
    const fields = fieldsOf(event);
    const name = fields?.["event.name"];
    return fields === undefined || typeof name !== "string"
      ? []
      : eventMessage(name, fields).map((message) => ({ message, isChoice: name === "gen_ai.choice" }));
  });
  return contentOf({
    input: messages.flatMap(({ isChoice, message }) => (isChoice ? [] : [message])),
    output: messages.flatMap(({ isChoice, message }) => (isChoice ? [message] : [])),
  });
}

/** 1.26 and 1.27, and the widely copied guide: the whole prompt and completion in two events. */
export function fromPromptEvents(span: Span): Content | undefined {
  const value = (names: readonly string[], keys: readonly string[]): Json | undefined => {
    const event = span.events.find((one) => names.includes(one.name));
    const key = keys.find((one) => event?.attributes[one] !== undefined);
    return key === undefined ? undefined : event?.attributes[key];
  };
  const prompt = value(
    ["gen_ai.content.prompt", "gen_ai.prompt"],
    ["gen_ai.prompt", "gen_ai.event.content", "content", "body", "prompt", "message"],
  );
  const completion = value(
    ["gen_ai.content.completion", "gen_ai.completion"],
    ["gen_ai.completion", "gen_ai.event.content", "content", "body", "completion", "message"],
  );
  if (prompt === undefined && completion === undefined) return undefined;
  const content = exchange(prompt, completion);
  const tools = toolsFrom(span.attributes["gen_ai.tool.definitions"]);
  return tools.length === 0 ? content : { ...content, tools };
}

/** The deprecated pair of attributes: the whole prompt and the whole completion. */
function fromWholeTexts(attributes: Attributes): Content | undefined {
  const [prompt, completion] = [attributes["gen_ai.prompt"], attributes["gen_ai.completion"]];
  return prompt === undefined && completion === undefined ? undefined : exchange(prompt, completion);
}

/** AWS writes both sides of a call into one log body: `{input: {messages}, output: {messages}}`, each content being text or JSON text. */
export function fromLogBodies(logs: readonly LogRecord[]): Content | undefined {
  for (const log of logs) {
    const body = fieldsOf(opened(log.body));
    const [input, output] = [fieldsOf(body?.["input"]), fieldsOf(body?.["output"])];
    if (input === undefined && output === undefined) continue;
    const replies = listOfContents(output?.["messages"]);
    return contentOf({
      ...requestContent({ messages: input?.["messages"] ?? [] }),
      output: replies.flatMap((reply) => replyMessages(reply)).slice(-1),
    });
  }
  return undefined;
}

const listOfContents = (messages: Json | undefined): readonly Json[] =>
  Array.isArray(messages) ? (messages as readonly Json[]).map((message) => opened(fieldsOf(message)?.["content"]) ?? message) : [];
