import { type Attributes, instant, type Json, projectId } from "../../../src/domain/ids.ts";
import type { Session } from "../../../src/domain/session.ts";
import type { LogRecord, Span, Trace } from "../../../src/domain/span.ts";
import { assemble, type Assembled } from "../../../src/stages/assemble.ts";

export const project = projectId("support");
const at = (second: number) => instant(new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString());

/** A span that starts at a second of a fixed minute; its id is its number. */
export const span = (number: number, name: string, attributes: Attributes, changes: Partial<Span> = {}): Span => ({
  traceId: "a".repeat(32),
  spanId: number.toString(16).padStart(16, "0"),
  name,
  startedAt: at(number),
  status: "unset",
  attributes,
  events: [],
  resource: {},
  ...changes,
});

export const parentOf = (number: number): Pick<Span, "parentId"> => ({ parentId: number.toString(16).padStart(16, "0") });

export const log = (second: number, name: string, attributes: Attributes, changes: Partial<LogRecord> = {}): LogRecord => ({
  at: at(second),
  name,
  attributes,
  resource: {},
  ...changes,
});

export const traceOf = (spans: readonly Span[], logs: readonly LogRecord[] = [], key = "s"): Trace => ({
  project,
  key: key as Trace["key"],
  spans: spans.toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : 1)),
  logs,
  feedback: [],
});

export const assembled = (...spans: readonly Span[]): Assembled => assemble([traceOf(spans)]);

/** The one session of these spans. */
export function sessionOf(spans: readonly Span[], logs: readonly LogRecord[] = []): Session {
  const { notUnderstood, sessions } = assemble([traceOf(spans, logs)]);
  const [session] = sessions;
  if (session === undefined || sessions.length !== 1)
    throw new Error(`expected one session, got ${sessions.length}: ${JSON.stringify(notUnderstood)}`);
  return session;
}

/** A model call in the current conventions. */
export const chat = (number: number, input: readonly Json[], output: Json, more: Attributes = {}, changes: Partial<Span> = {}): Span =>
  span(
    number,
    "chat gpt",
    {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt",
      "gen_ai.input.messages": JSON.stringify(input),
      "gen_ai.output.messages": JSON.stringify([output]),
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 2,
      ...more,
    },
    changes,
  );

const message =
  (role: string) =>
  (content: string): Json => ({ role, parts: [{ type: "text", content }] });
export const user = message("user");
export const agent = message("assistant");
export const asks = (id: string, name: string, input: Json = {}): Json => ({
  role: "assistant",
  parts: [{ type: "tool_call", id, name, arguments: input }],
});
export const answers = (id: string, response: Json): Json => ({ role: "tool", parts: [{ type: "tool_call_response", id, response }] });
