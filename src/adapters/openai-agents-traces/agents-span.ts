import { z } from "zod";
import { type Attributes, instant, type Instant, type Json } from "../../domain/ids.ts";
import type { Span } from "../../domain/span.ts";

/** A trace's own record: `group_id` links the traces of one conversation. */
export const agentsTraceSchema = z.object({
  object: z.literal("trace"),
  id: z.string(),
  workflow_name: z.string().nullish(),
  group_id: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
export type AgentsTrace = z.infer<typeof agentsTraceSchema>;

const usage = z.looseObject({
  input_tokens: z.number().optional(),
  output_tokens: z.number().optional(),
  cached_input_tokens: z.number().optional(),
});

export const agentsSpanSchema = z.object({
  object: z.literal("trace.span"),
  id: z.string(),
  trace_id: z.string(),
  parent_id: z.string().nullish(),
  started_at: z.string().nullish(),
  ended_at: z.string().nullish(),
  error: z.looseObject({ message: z.string().optional() }).nullish(),
  span_data: z.looseObject({
    type: z.string(),
    name: z.string().nullish(),
    model: z.string().nullish(),
    model_config: z.record(z.string(), z.unknown()).nullish(),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    usage: usage.nullish().catch(undefined),
    response_id: z.string().nullish(),
  }),
});
type AgentsSpan = z.infer<typeof agentsSpanSchema>;

/** `trace_<32 hex>` */
const traceIdOf = (id: string): string | undefined => /^trace_([0-9a-f]{32})$/.exec(id)?.[1];
/** `span_<24 hex>`: our ids have 16 digits, so the last 16 stand for it. */
const spanIdOf = (id: string): string | undefined => /^span_[0-9a-f]{0,16}([0-9a-f]{16})$/.exec(id)?.[1];

function timeOf(text: string | null | undefined): Instant | undefined {
  const time = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) || time <= 0 || time > 253_402_300_799_999 ? undefined : instant(new Date(time).toISOString());
}

/** A span in the names of the GenAI conventions; `undefined` when its ids or its start are not whole. */
export function agentsSpan(given: AgentsSpan, trace: AgentsTrace | undefined): Span | undefined {
  const traceId = traceIdOf(given.trace_id);
  const spanId = spanIdOf(given.id);
  const startedAt = timeOf(given.started_at);
  if (traceId === undefined || spanId === undefined || startedAt === undefined) return undefined;
  const parentId = spanIdOf(given.parent_id ?? "");
  const endedAt = timeOf(given.ended_at);
  const { error, span_data: data } = given;
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentId }),
    name: `${data.type}${data.name === null || data.name === undefined ? "" : ` ${data.name}`}`.slice(0, 1000),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status: error === null || error === undefined ? "unset" : "error",
    ...(error?.message === undefined ? {} : { statusMessage: error.message.slice(0, 4000) }),
    scope: "openai-agents",
    attributes: { ...attributesOf(data), ...traceAttributes(trace) },
    events: [],
    resource: {},
  };
}

/** As text: readers bound what they open. */
const json = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));

function attributesOf(data: AgentsSpan["span_data"]): Attributes {
  switch (data.type) {
    case "generation":
    case "response":
      return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        ...(data.model === null || data.model === undefined ? {} : { "gen_ai.request.model": data.model }),
        ...settings(data.model_config ?? {}),
        ...(data.input === undefined ? {} : { "gen_ai.input.messages": json(data.input) }),
        ...(data.output === undefined ? {} : { "gen_ai.output.messages": json(data.output) }),
        ...(data.response_id === null || data.response_id === undefined ? {} : { "gen_ai.response.id": data.response_id }),
        ...counts(data.usage ?? {}),
      };
    case "function":
      return {
        "gen_ai.operation.name": "execute_tool",
        ...(data.name === null || data.name === undefined ? {} : { "gen_ai.tool.name": data.name }),
        ...(data.input === undefined ? {} : { "gen_ai.tool.call.arguments": json(data.input) }),
        ...(data.output === undefined ? {} : { "gen_ai.tool.call.result": json(data.output) }),
      };
    case "agent":
      return {
        "gen_ai.operation.name": "invoke_agent",
        ...(data.name === null || data.name === undefined ? {} : { "gen_ai.agent.name": data.name }),
      };
    default:
      return { "gen_ai.operation.name": "agent_step", "openai_agents.span.type": data.type };
  }
}

const settings = (config: Readonly<Record<string, unknown>>): Attributes =>
  Object.fromEntries(
    Object.entries(config).flatMap(([key, value]): [string, Json][] =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [[`gen_ai.request.${key}`, value]] : [],
    ),
  );

const counts = (given: z.infer<typeof usage>): Attributes =>
  Object.fromEntries(
    [
      ["gen_ai.usage.input_tokens", given.input_tokens] as const,
      ["gen_ai.usage.output_tokens", given.output_tokens] as const,
      ["gen_ai.usage.cache_read.input_tokens", given.cached_input_tokens] as const,
    ].flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

const userKeys = ["user_id", "userId", "user.id", "user"] as const;

function traceAttributes(trace: AgentsTrace | undefined): Attributes {
  const user = userKeys.map((key) => trace?.metadata?.[key]).find((value) => typeof value === "string");
  return {
    ...(trace?.group_id === null || trace?.group_id === undefined ? {} : { "gen_ai.conversation.id": trace.group_id }),
    ...(typeof user === "string" ? { "user.id": user } : {}),
  };
}
