import { digestOf, shortDigest } from "../domain/digest.ts";
import type { Json } from "../domain/ids.ts";
import type { Message, MessagePart } from "../domain/message.ts";
import type { AgentConfig } from "../domain/session.ts";
import type { ModelReply } from "../ports/model-client.ts";

export interface TraceFrame {
  readonly traceId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly config: AgentConfig;
  readonly agent: string;
  readonly session: string;
  readonly user: string;
}

/** Milliseconds that a model call and each token of its answer take, and a tool call. */
const chatTime = 400;
const tokenTime = 20;
const toolTime = 120;

type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };
type Attribute = { readonly key: string; readonly value: AnyValue };

function anyValue(value: Json): AnyValue {
  if (Array.isArray(value)) return { arrayValue: { values: value.map((item: Json) => anyValue(item)) } };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { stringValue: typeof value === "string" ? value : JSON.stringify(value) };
}

const attributes = (values: Readonly<Record<string, Json | undefined>>): readonly Attribute[] =>
  Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValue(value) }]));

/** Writes one session in the OpenTelemetry GenAI conventions (1.38 and later), as an instrumented agent with content capture would. */
export class OtlpTrace {
  readonly #frame: TraceFrame;
  readonly #spans: object[] = [];
  readonly #events: object[] = [];
  #now: number;

  constructor(frame: TraceFrame) {
    this.#frame = frame;
    this.#now = frame.startedAt;
  }

  /** One model call: what was sent, and what came back. */
  chat(messages: readonly Message[], reply: ModelReply): void {
    const { config } = this.#frame;
    const { usage } = reply;
    const took = chatTime + tokenTime * usage.outputTokens;
    this.#span(`chat ${config.model}`, 3, took, {
      ...this.#common(),
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": config.provider,
      "gen_ai.request.model": config.model,
      "gen_ai.response.model": config.model,
      ...Object.fromEntries(Object.entries(config.parameters).map(([key, value]) => [`gen_ai.request.${key}`, value])),
      "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: config.instructions }]),
      "gen_ai.input.messages": JSON.stringify(messages.map((message) => wireMessage(message))),
      "gen_ai.output.messages": JSON.stringify([
        { ...wireMessage(reply.message), finish_reason: reply.finish === "tool" ? "tool_call" : "stop" },
      ]),
      "gen_ai.tool.definitions": JSON.stringify(config.tools.map((tool) => ({ type: "function", ...tool }))),
      "gen_ai.response.finish_reasons": [reply.finish === "tool" ? "tool_calls" : "stop"],
      "gen_ai.response.id": this.#spanId(`response ${this.#spans.length}`),
      "gen_ai.usage.input_tokens": usage.inputTokens,
      "gen_ai.usage.output_tokens": usage.outputTokens,
      "gen_ai.usage.cache_read.input_tokens": usage.cacheReadTokens,
      "gen_ai.usage.cache_creation.input_tokens": usage.cacheWriteTokens,
    });
  }

  /** One tool call. */
  tool(call: { readonly id: string; readonly tool: string; readonly input: Json; readonly output: Json; readonly isError: boolean }): void {
    const text = typeof call.output === "string" ? call.output : JSON.stringify(call.output);
    this.#span(
      `execute_tool ${call.tool}`,
      1,
      toolTime,
      {
        ...this.#common(),
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call.id,
        "gen_ai.tool.call.arguments": JSON.stringify(call.input),
        "gen_ai.tool.call.result": text,
        ...(call.isError ? { "error.type": "tool_error" } : {}),
      },
      call.isError ? text : undefined,
    );
  }

  /** The label that an evaluator gave the session. */
  evaluate(label: { readonly name: string; readonly passed: boolean; readonly explanation: string }): void {
    const values = {
      "gen_ai.evaluation.name": label.name,
      "gen_ai.evaluation.score.value": label.passed ? 1 : 0,
      "gen_ai.evaluation.score.label": label.passed ? "pass" : "fail",
      ...(label.explanation === "" ? {} : { "gen_ai.evaluation.explanation": label.explanation }),
    };
    this.#events.push({ name: "gen_ai.evaluation.result", timeUnixNano: nanoseconds(this.#now), attributes: attributes(values) });
  }

  /** The whole session as one `ExportTraceServiceRequest` in JSON, on one line. */
  request(): string {
    const { agent, startedAt, traceId } = this.#frame;
    const root = {
      traceId,
      spanId: this.#spanId("root"),
      name: `invoke_agent ${agent}`,
      kind: 1,
      startTimeUnixNano: nanoseconds(startedAt),
      endTimeUnixNano: nanoseconds(this.#now),
      attributes: attributes({ ...this.#common(), "gen_ai.operation.name": "invoke_agent" }),
      events: this.#events,
      status: {},
    };
    const resource = {
      attributes: attributes({ "service.name": agent, "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "python" }),
    };
    return JSON.stringify({
      resourceSpans: [
        { resource, scopeSpans: [{ scope: { name: "support_agent.tracing", version: "1.0.0" }, spans: [root, ...this.#spans] }] },
      ],
    });
  }

  #common(): Readonly<Record<string, Json>> {
    return { "gen_ai.agent.name": this.#frame.agent, "gen_ai.conversation.id": this.#frame.session, "user.id": this.#frame.user };
  }

  #spanId(what: string): string {
    return shortDigest(digestOf(`${this.#frame.traceId} ${what}`), 16);
  }

  #span(name: string, kind: number, milliseconds: number, values: Readonly<Record<string, Json | undefined>>, error?: string): void {
    const start = this.#now;
    this.#now += milliseconds;
    this.#spans.push({
      traceId: this.#frame.traceId,
      spanId: this.#spanId(String(this.#spans.length)),
      parentSpanId: this.#spanId("root"),
      name,
      kind,
      startTimeUnixNano: nanoseconds(start),
      endTimeUnixNano: nanoseconds(this.#now),
      attributes: attributes(values),
      status: error === undefined ? {} : { code: 2, message: error },
    });
  }
}

const nanoseconds = (milliseconds: number): string => `${milliseconds}000000`;

const wireMessage = (message: Message): { readonly role: string; readonly parts: readonly Json[] } => ({
  role: message.role,
  parts: message.parts.map((part) => wirePart(part)),
});

function wirePart(part: MessagePart): Json {
  switch (part.kind) {
    case "text":
      return { type: "text", content: part.text };
    case "reasoning":
      return { type: "reasoning", content: part.text };
    case "tool-request":
      return { type: "tool_call", id: part.id, name: part.tool, arguments: part.input };
    case "tool-result":
      return { type: "tool_call_response", id: part.id, response: part.output };
    case "opaque":
      return part.value;
  }
}
