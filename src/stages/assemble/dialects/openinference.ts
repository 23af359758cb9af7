import type { Attributes, Json } from "../../../domain/ids.ts";
import type { Message } from "../../../domain/message.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";
import { type Content, contentOf, exchange, isEmpty } from "../reading/content.ts";
import { messageFrom, messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { fieldsOf, opened, textIn } from "../reading/values.ts";
import { hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { fromLogBodies, genaiContent } from "./semconv.ts";

/**
 * OpenInference (Arize-ai/openinference, spec/semantic_conventions.md): flattened `llm.input_messages.N.message.*`, `openinference.span.kind`.
 * Most Python frameworks write it: CrewAI, smolagents, LangChain, LlamaIndex, Agno, OpenAI Agents, Claude Agent SDK. MLflow and traceAI use its kinds.
 */
export const openinference: Dialect = {
  name: "OpenInference",
  matches: (span) =>
    matchOf(
      hasScope(span, "openinference.instrumentation.*", "@arizeai/openinference-*"),
      textAt(span.attributes, "openinference.span.kind", "fi.span.kind") !== undefined,
    ),
  read(span, logs) {
    const kind = textAt(span.attributes, "openinference.span.kind", "fi.span.kind")?.toUpperCase();
    if (kind === "LLM") return modelFrom(span, contentFrom(span, logs), finishOf(span));
    // OpenAI Agents' handoffs are the model's own tool calls, which its reply holds.
    if (kind === "TOOL") return span.name.startsWith("handoff to ") ? "known" : tool(span, logs);
    if (kind === "AGENT")
      return agentFrom(span, frameContent(span, logs), { agent: textAt(span.attributes, "agent.name", "graph.node.id") });
    if (kind === "CHAIN") return isWorkflow(span) ? agentFrom(span, frameContent(span, logs), { isFrame: false }) : "known";
    return kind === undefined || kind === "UNKNOWN" ? undefined : "known";
  },
};

/** Only the outermost chain stands for the conversation; inner ones repeat parts of it. */
const isWorkflow = (span: Span): boolean => span.parentId === undefined;

const finishOf = (span: Span): { readonly finish?: string } => {
  const given = fieldsOf(opened(span.attributes["output.value"]));
  const choices = given?.["choices"];
  const first = Array.isArray(choices) ? fieldsOf(choices[0] as Json) : undefined;
  const finish = textIn(first ?? {}, "finish_reason");
  return span.attributes["llm.finish_reason"] !== undefined || finish === undefined ? {} : { finish };
};

function contentFrom(span: Span, logs: readonly LogRecord[]): Content {
  const { attributes } = span;
  const tree = flattened(attributes);
  const input = messagesIn(tree, "input");
  const output = messagesIn(tree, "output");
  const raw = exchange(attributes["input.value"], attributes["output.value"]);
  const parameters = fieldsOf(opened(attributes["llm.invocation_parameters"]));
  const tools = [...toolsIn(attributes), ...toolsFrom(parameters?.["tools"])];
  const instructions = textIn(parameters ?? {}, "instructions");
  const flat = contentOf({
    input: input.length > 0 ? input : promptsOf(attributes, raw.input),
    output: output.some((message) => message.parts.length > 0) ? output : raw.output,
    instructions: input.some((message) => message.role === "system") ? undefined : (instructions ?? raw.instructions),
    tools: tools.length > 0 ? tools : raw.tools,
  });
  return isEmpty(flat) ? (fromLogBodies(logs) ?? genaiContent(span, logs)) : flat;
}

/** Completion models have prompts instead of messages. */
function promptsOf(attributes: Attributes, raw: readonly Message[]): readonly Message[] {
  const prompts = opened(attributes["llm.prompts"]);
  const texts = Array.isArray(prompts) ? (prompts as readonly Json[]).filter((item) => typeof item === "string") : [];
  return texts.length === 0 ? raw : messagesFrom(texts.join("\n"));
}

/** What an agent's own span says: its task as the user's message, its result as the reply. */
function frameContent(span: Span, logs: readonly LogRecord[]): Content {
  const flat = contentFrom(span, logs);
  return isEmpty(flat) ? flat : { ...flat, output: flat.output };
}

function tool(span: Span, logs: readonly LogRecord[]): ReturnType<typeof toolFrom> {
  const { attributes } = span;
  const input = unwrapArguments(opened(attributes["input.value"]) ?? opened(attributes["tool.parameters"]));
  const output = opened(attributes["output.value"]);
  // LangChain's tool message carries the call's id and status around the answer.
  const message = fieldsOf(output);
  const isMessage =
    message !== undefined && message["content"] !== undefined && (message["tool_call_id"] !== undefined || message["type"] === "tool");
  const isFailure = isMessage && message["status"] === "error";
  const inLogs = output === undefined ? fromLogBodies(logs)?.output[0]?.parts.find((part) => part.kind === "text") : undefined;
  return toolFrom(span, {
    tool: textAt(attributes, "tool.name", "gen_ai.tool.name") ?? span.name,
    id: textAt(attributes, "tool.id", "tool_call.id", "gen_ai.tool.call.id") ?? (isMessage ? textIn(message, "tool_call_id") : undefined),
    input,
    output: isMessage ? message["content"] : (output ?? inLogs?.text),
    error: isFailure ? "the tool reported failure" : undefined,
  });
}

/** smolagents records how the tool's function was called: `{args, kwargs, …}`. */
function unwrapArguments(value: Json | undefined): Json | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined || !("kwargs" in fields) || !("args" in fields)) return value;
  const named = fieldsOf(fields["kwargs"]) ?? {};
  const positional = Array.isArray(fields["args"]) ? (fields["args"] as readonly Json[]) : [];
  const [only] = positional;
  if (positional.length === 1 && fieldsOf(only) !== undefined) return { ...fieldsOf(only), ...named };
  return positional.length === 0 ? named : { ...named, args: [...positional] };
}

const mostIndexed = 2000;

/** The flattened messages as a tree: `llm.input_messages.N.message.tool_calls.M.tool_call.function.name` and so on. One pass over the attributes. */
function flattened(attributes: Attributes): ReadonlyMap<string, Json> {
  return new Map(
    Object.entries(attributes).filter(([key]) => key.startsWith("llm.input_messages.") || key.startsWith("llm.output_messages.")),
  );
}

function messagesIn(tree: ReadonlyMap<string, Json>, side: "input" | "output"): readonly Message[] {
  const messages: Message[] = [];
  const prefix = `llm.${side}_messages.`;
  const indexes = [
    ...new Set([...tree.keys()].filter((key) => key.startsWith(prefix)).map((key) => Number(key.slice(prefix.length).split(".", 1)[0]))),
  ]
    .filter((index) => Number.isInteger(index) && index >= 0 && index < 1_000_000)
    .sort((left, right) => left - right)
    .slice(0, mostIndexed);
  for (const index of indexes) messages.push(...messageAt(tree, `${prefix}${index}.message`, side));
  return messages;
}

function messageAt(tree: ReadonlyMap<string, Json>, at: string, side: "input" | "output"): readonly Message[] {
  const role = tree.get(`${at}.role`) ?? (side === "input" ? "user" : "assistant");
  const calls: Json[] = [];
  for (let index = 0; index < 200; index += 1) {
    const name = tree.get(`${at}.tool_calls.${index}.tool_call.function.name`);
    if (name === undefined) break;
    calls.push({
      id: tree.get(`${at}.tool_calls.${index}.tool_call.id`) ?? null,
      name,
      arguments: tree.get(`${at}.tool_calls.${index}.tool_call.function.arguments`) ?? {},
    });
  }
  const content = contentsAt(tree, at);
  return messageFrom(
    {
      role,
      content,
      tool_calls: calls,
      tool_call_id: tree.get(`${at}.tool_call_id`) ?? null,
      name: tree.get(`${at}.name`) ?? null,
      reasoning_content: tree.get(`${at}.reasoning_content`) ?? null,
    },
    side === "input" ? "user" : "assistant",
  );
}

/** `message.content`, `message.contents.K.message_content.*`, or `message.content.K` as some write it. */
function contentsAt(tree: ReadonlyMap<string, Json>, at: string): Json {
  const whole = tree.get(`${at}.content`);
  if (whole !== undefined) return whole;
  const parts: Json[] = [];
  for (let index = 0; index < 200; index += 1) {
    const plain = tree.get(`${at}.content.${index}`);
    const inner = `${at}.contents.${index}.message_content`;
    const type = tree.get(`${inner}.type`);
    const text = tree.get(`${inner}.text`);
    if (plain !== undefined) parts.push({ type: "text", text: plain });
    else if (type === undefined && text === undefined) break;
    else parts.push(partAt(tree, inner, type ?? "text"));
  }
  return parts;
}

const partFields = ["text", "id", "signature", "data", "encrypted_content", "image.image.url"] as const;

const partAt = (tree: ReadonlyMap<string, Json>, at: string, type: Json): Json =>
  Object.fromEntries([
    ["type", type],
    ...partFields.flatMap((field) => {
      const value = tree.get(`${at}.${field}`);
      return value === undefined ? [] : [[field === "image.image.url" ? "url" : field, value] as const];
    }),
  ]);

function toolsIn(attributes: Attributes): ReturnType<typeof toolsFrom> {
  const tools: Json[] = [];
  for (let index = 0; index < 500; index += 1) {
    const schema = attributes[`llm.tools.${index}.tool.json_schema`];
    const name = attributes[`llm.tools.${index}.tool.name`];
    if (schema === undefined && name === undefined) break;
    tools.push(
      schema ?? {
        name: name ?? "",
        description: attributes[`llm.tools.${index}.tool.description`] ?? "",
        parameters: attributes[`llm.tools.${index}.tool.parameters`] ?? {},
      },
    );
  }
  return toolsFrom(tools);
}
