import type { Attributes, Json } from "../../domain/ids.ts";
import type { Message, ToolDefinition } from "../../domain/message.ts";
import { textOf } from "../../domain/message.ts";
import type { Span } from "../../domain/span.ts";
import { inputFrom, instructionsFrom, messageFrom, messagesFrom, opened, toolsFrom } from "./messages.ts";
import {
  type AgentFacts,
  type Dialect,
  errorOf,
  finishAt,
  type ModelFacts,
  parametersAt,
  providerAt,
  type SpanFacts,
  textAt,
  type ToolFacts,
  usageAt,
} from "./span-facts.ts";

const modelOperations: ReadonlySet<string> = new Set(["chat", "generate_content", "text_completion", "completion"]);
const agentOperations: ReadonlySet<string> = new Set(["invoke_agent", "invoke_workflow", "create_agent"]);

/** The OpenTelemetry GenAI conventions, 1.26 to today: content in attributes, in one event, in an event a message, or in indexed attributes. */
export const semconv: Dialect = {
  name: "OpenTelemetry GenAI",
  read(span): SpanFacts | undefined {
    const operation = textAt(span.attributes, "gen_ai.operation.name", "llm.request.type");
    if (operation === "execute_tool" || (operation === undefined && span.attributes["gen_ai.tool.name"] !== undefined))
      return toolFacts(span);
    if (operation !== undefined && agentOperations.has(operation)) return agentFacts(span, false);
    const isModel =
      operation === undefined
        ? providerAt(span.attributes) !== "unknown" && textAt(span.attributes, "gen_ai.request.model") !== undefined
        : modelOperations.has(operation);
    return isModel ? modelFacts(span) : undefined;
  },
};

/** A transcript file's session: one span with the whole conversation. */
export const transcript: Dialect = {
  name: "transcript",
  read: (span) => (span.scope === "tuneup.transcript" ? agentFacts(span, true) : undefined),
};

export function toolFacts(span: Span): ToolFacts {
  const { attributes } = span;
  const error = errorOf(span) ?? (attributes["tool.success"] === false ? "the tool reported failure" : undefined);
  const input = attributes["gen_ai.tool.call.arguments"] ?? attributes["tool.input"] ?? attributes["tool.arguments"] ?? attributes["input"];
  const output = attributes["gen_ai.tool.call.result"] ?? attributes["tool.output"] ?? attributes["tool.result"] ?? attributes["output"];
  const id = textAt(attributes, "gen_ai.tool.call.id", "tool.call.id");
  return {
    kind: "tool",
    span,
    tool: textAt(attributes, "gen_ai.tool.name", "tool.name") ?? span.name.replace(/^execute_tool\s+/, ""),
    ...(id === undefined ? {} : { id }),
    ...(input === undefined ? {} : { input: inputFrom(input) }),
    ...(output === undefined ? {} : { output: opened(output) ?? "" }),
    ...(error === undefined ? {} : { error }),
  };
}

interface Content {
  readonly instructions?: string;
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  readonly tools: readonly ToolDefinition[];
}

const isSystem = (message: Message): boolean => message.role === "system";

/** Splits system messages off: they are instructions, wherever an instrumentation put them. */
function contentOf(
  input: readonly Message[],
  output: readonly Message[],
  instructions: string | undefined,
  tools: readonly ToolDefinition[],
): Content {
  const system =
    instructions ??
    (input.some((message) => isSystem(message))
      ? input
          .filter((message) => isSystem(message))
          .map((message) => textOf(message))
          .join("\n")
      : undefined);
  return {
    input: input.filter((message) => !isSystem(message)),
    output: output.map((message) => ({ ...message, role: "assistant" as const })),
    tools,
    ...(system === undefined || system === "" ? {} : { instructions: system }),
  };
}

function fromAttributes(attributes: Attributes): Content | undefined {
  const input = attributes["gen_ai.input.messages"];
  const output = attributes["gen_ai.output.messages"];
  if (input === undefined && output === undefined) return undefined;
  return contentOf(
    messagesFrom(input),
    messagesFrom(output),
    instructionsFrom(attributes["gen_ai.system_instructions"]),
    toolsFrom(attributes["gen_ai.tool.definitions"]),
  );
}

/** 1.37 and later, as one event. */
function fromDetails(span: Span): Content | undefined {
  const event = span.events.find((one) => one.name === "gen_ai.client.inference.operation.details");
  return event === undefined ? undefined : fromAttributes(event.attributes);
}

const eventRoles: Readonly<Record<string, Message["role"]>> = {
  "gen_ai.system.message": "system",
  "gen_ai.user.message": "user",
  "gen_ai.assistant.message": "assistant",
  "gen_ai.tool.message": "tool",
};

/** 1.28 to 1.36: one event a message, `gen_ai.choice` for the reply. */
function fromMessageEvents(span: Span): Content | undefined {
  const input = span.events.flatMap((event) => {
    const role = eventRoles[event.name];
    return role === undefined ? [] : (messageFrom({ ...opened1(event.attributes), role }, role) ?? []);
  });
  const output = span.events.flatMap((event) => {
    if (event.name !== "gen_ai.choice") return [];
    const body = opened1(event.attributes);
    return messageFrom(opened(body["message"]) ?? body, "assistant") ?? [];
  });
  return input.length + output.length === 0
    ? undefined
    : contentOf(input, output, undefined, toolsFrom(span.attributes["gen_ai.tool.definitions"]));
}

const opened1 = (attributes: Attributes): Record<string, Json> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, key === "content" ? value : (opened(value) ?? value)]));

const mostIndexed = 2000;

/** Before 1.26 and OpenLLMetry: `gen_ai.prompt.N.role`, `gen_ai.completion.N.content`, tool calls below each. */
function fromIndexed(attributes: Attributes): Content | undefined {
  const read = (side: "prompt" | "completion"): readonly Message[] => {
    const messages: Message[] = [];
    for (let index = 0; index < mostIndexed; index += 1) {
      const at = `gen_ai.${side}.${index}`;
      const role = attributes[`${at}.role`];
      const content = attributes[`${at}.content`];
      const calls = indexedCalls(attributes, at);
      if (role === undefined && content === undefined && calls.length === 0) break;
      const message = messageFrom({
        role: role ?? (side === "prompt" ? "user" : "assistant"),
        content: opened(content) ?? null,
        tool_calls: [...calls],
        tool_call_id: attributes[`${at}.tool_call_id`] ?? null,
      });
      if (message !== undefined) messages.push(message);
    }
    return messages;
  };
  const [input, output] = [read("prompt"), read("completion")];
  return input.length + output.length === 0 ? undefined : contentOf(input, output, undefined, indexedTools(attributes));
}

function indexedCalls(attributes: Attributes, at: string): readonly Json[] {
  const calls: Json[] = [];
  for (let index = 0; index < 200; index += 1) {
    const name = attributes[`${at}.tool_calls.${index}.name`];
    if (typeof name !== "string") break;
    calls.push({
      id: attributes[`${at}.tool_calls.${index}.id`] ?? name,
      name,
      arguments: attributes[`${at}.tool_calls.${index}.arguments`] ?? {},
    });
  }
  return calls;
}

function indexedTools(attributes: Attributes): readonly ToolDefinition[] {
  const tools: Json[] = [];
  for (let index = 0; index < 500; index += 1) {
    const at = `llm.request.functions.${index}`;
    const name = attributes[`${at}.name`];
    if (typeof name !== "string") break;
    tools.push({ name, description: attributes[`${at}.description`] ?? "", parameters: attributes[`${at}.parameters`] ?? {} });
  }
  return toolsFrom(tools);
}

/** 1.26 and 1.27: the whole prompt and completion as JSON in two events. */
export function fromPromptEvents(span: Span): Content | undefined {
  const value = (names: readonly string[], keys: readonly string[]): Json | undefined => {
    const event = span.events.find((one) => names.includes(one.name));
    const key = keys.find((one) => event?.attributes[one] !== undefined);
    return key === undefined ? undefined : event?.attributes[key];
  };
  const prompt = value(["gen_ai.content.prompt", "gen_ai.prompt"], ["gen_ai.prompt", "content", "body", "prompt", "message"]);
  const completion = value(
    ["gen_ai.content.completion", "gen_ai.completion"],
    ["gen_ai.completion", "content", "body", "completion", "message"],
  );
  if (prompt === undefined && completion === undefined) return undefined;
  return contentOf(messagesFrom(prompt), messagesFrom(completion), undefined, toolsFrom(span.attributes["gen_ai.tool.definitions"]));
}

const nothing: Content = { input: [], output: [], tools: [] };

export function modelFacts(span: Span): ModelFacts {
  const { attributes } = span;
  const content =
    fromAttributes(attributes) ??
    fromDetails(span) ??
    fromMessageEvents(span) ??
    fromPromptEvents(span) ??
    fromIndexed(attributes) ??
    nothing;
  const instructions = content.instructions ?? instructionsFrom(attributes["gen_ai.system_instructions"]);
  const error = errorOf(span);
  const finish = finishAt(attributes);
  return {
    kind: "model",
    span,
    provider: providerAt(attributes),
    model: textAt(attributes, "gen_ai.request.model", "gen_ai.response.model") ?? "unknown",
    parameters: parametersAt(attributes),
    input: content.input,
    output: content.output,
    tools: content.tools.length > 0 ? content.tools : toolsFrom(attributes["gen_ai.tool.definitions"]),
    usage: usageAt(attributes),
    ...(instructions === undefined ? {} : { instructions }),
    ...(error === undefined ? {} : { error }),
    ...(finish === undefined ? {} : { finish }),
  };
}

export function agentFacts(span: Span, isWhole: boolean): AgentFacts {
  const { attributes } = span;
  const content = fromAttributes(attributes) ?? nothing;
  const agent = textAt(attributes, "gen_ai.agent.name", "agent.name");
  const model = textAt(attributes, "gen_ai.request.model");
  const instructions = content.instructions ?? instructionsFrom(attributes["gen_ai.system_instructions"]);
  return {
    kind: "agent",
    span,
    tools: content.tools.length > 0 ? content.tools : toolsFrom(attributes["gen_ai.tool.definitions"]),
    conversation: [...content.input, ...content.output],
    isWhole,
    parameters: parametersAt(attributes),
    provider: providerAt(attributes),
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
    ...(instructions === undefined ? {} : { instructions }),
  };
}
