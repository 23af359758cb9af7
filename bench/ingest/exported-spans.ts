import { create, toBinary } from "@bufbuild/protobuf";
import { ExportTraceServiceRequestSchema } from "../../src/adapters/otlp/generated/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts";
import { digestOf, shortDigest } from "../../src/domain/digest.ts";
import type { Attributes } from "../../src/domain/ids.ts";
import type { RecordedSession } from "./recorded-sessions.ts";

/** A span as an instrumentation exports it. Ids in hex; times in nanoseconds. */
export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly start: bigint;
  readonly attributes: Attributes;
}

const firstStart = 1_767_225_600_000_000_000n;

/** How a conversation is exported: with its whole history in every model call, or with the last messages up to so many characters. */
export interface ExportForm {
  /** Marks the copies of a session: every message of a copy differs from those of the others. */
  readonly copy: number;
  readonly window?: number;
}

/** The spans of a session by the GenAI conventions: one for each model call and each tool call. */
export function exportedSpans(session: RecordedSession, form: ExportForm): readonly ExportedSpan[] {
  const id = `${session.id} ${form.copy}`;
  const traceId = shortDigest(digestOf(id), 32);
  const mark = form.copy === 0 ? "" : ` [${form.copy}]`;
  const history: string[] = [];
  const spans: ExportedSpan[] = [];
  const put = (name: string, attributes: Attributes): void => {
    const spanId = shortDigest(digestOf(`${id} ${spans.length}`), 16);
    spans.push({
      traceId,
      spanId,
      name,
      start: firstStart + BigInt(spans.length) * 1_000_000_000n,
      attributes: { "session.id": id, ...attributes },
    });
  };
  for (const message of session.messages) {
    const calls = (message.tool_calls ?? []).map((call) => ({
      type: "tool_call",
      id: call.id,
      name: call.name,
      arguments: call.arguments,
    }));
    const text = JSON.stringify({ role: message.role, parts: [{ type: "text", content: `${message.content ?? ""}${mark}` }, ...calls] });
    if (message.role === "assistant")
      put("chat gpt-4.1", {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.usage.input_tokens": 1000 + spans.length,
        ...(form.window === undefined ? { "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: session.prompt }]) } : {}),
        "gen_ai.input.messages": `[${lastOf(history, form.window).join(",")}]`,
        "gen_ai.output.messages": `[${text}]`,
      });
    else if (message.role === "tool")
      put("execute_tool", {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.call.id": message.id ?? "",
        "gen_ai.tool.call.result": `${message.content ?? ""}${mark}`,
      });
    history.push(text);
  }
  return spans;
}

function lastOf(history: readonly string[], window: number | undefined): readonly string[] {
  if (window === undefined) return history;
  let left = window;
  const kept: string[] = [];
  for (const text of history.toReversed()) {
    left -= text.length;
    if (left < 0) break;
    kept.unshift(text);
  }
  return kept;
}

const value = (of: unknown): { value: { case: "stringValue"; value: string } | { case: "intValue"; value: bigint } } =>
  typeof of === "number" ? { value: { case: "intValue", value: BigInt(of) } } : { value: { case: "stringValue", value: String(of) } };

/** Export requests of so many spans each, in protobuf. */
export function requestsOf(spans: readonly ExportedSpan[], perRequest: number): readonly Uint8Array<ArrayBuffer>[] {
  const requests: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < spans.length; from += perRequest) {
    const request = create(ExportTraceServiceRequestSchema, {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: value("support-agent") }] },
          scopeSpans: [
            {
              scope: { name: "bench" },
              spans: spans.slice(from, from + perRequest).map((span) => ({
                traceId: Buffer.from(span.traceId, "hex"),
                spanId: Buffer.from(span.spanId, "hex"),
                name: span.name,
                startTimeUnixNano: span.start,
                endTimeUnixNano: span.start + 900_000_000n,
                attributes: Object.entries(span.attributes).map(([key, of]) => ({ key, value: value(of) })),
              })),
            },
          ],
        },
      ],
    });
    requests.push(new Uint8Array(toBinary(ExportTraceServiceRequestSchema, request)));
  }
  return requests;
}
