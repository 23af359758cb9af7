import { create, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeOtlp } from "../../../src/adapters/otlp/decode-otlp.ts";
import { ExportLogsServiceRequestSchema } from "../../../src/adapters/otlp/generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts";
import { otlpFileFormat } from "../../../src/adapters/otlp/otlp-file-format.ts";

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/otlp/${name}`, import.meta.url));
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const traceId = "5b8efff798038103d269b633813fc60c";
const spanId = "eee19b7ec3c1b174";
const nanoseconds = "1544712660300000000";
const pair = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const record = (changes: object): object => ({ timeUnixNano: nanoseconds, ...changes });
const logs = (...logRecords: readonly object[]): object => ({
  resourceLogs: [
    { resource: { attributes: [pair("service.name", "claude-code")] }, scopeLogs: [{ scope: { name: "events" }, logRecords }] },
  ],
});

describe("a log request", () => {
  test("gives the same records in JSON and in protobuf", () => {
    const asJson = decodeOtlp(
      json(
        logs(
          record({
            traceId,
            spanId,
            eventName: "gen_ai.user.message",
            body: { kvlistValue: { values: [pair("content", "hi")] } },
            attributes: [{ key: "n", value: { intValue: "7" } }],
          }),
        ),
      ),
      { encoding: "json", signal: "logs" },
    );
    const text = (value: string) => ({ value: { case: "stringValue" as const, value } });
    const message = create(ExportLogsServiceRequestSchema, {
      resourceLogs: [
        {
          resource: { attributes: [{ key: "service.name", value: text("claude-code") }] },
          scopeLogs: [
            {
              scope: { name: "events" },
              logRecords: [
                {
                  timeUnixNano: BigInt(nanoseconds),
                  traceId: Buffer.from(traceId, "hex"),
                  spanId: Buffer.from(spanId, "hex"),
                  eventName: "gen_ai.user.message",
                  body: { value: { case: "kvlistValue", value: { values: [{ key: "content", value: text("hi") }] } } },
                  attributes: [{ key: "n", value: { value: { case: "intValue", value: 7n } } }],
                },
              ],
            },
          ],
        },
      ],
    });
    const bytes = toBinary(ExportLogsServiceRequestSchema, message);
    expect(decodeOtlp(bytes, { encoding: "protobuf", signal: "logs" })).toEqual(asJson);
    expect(asJson).toEqual({
      batch: {
        spans: [],
        feedback: [],
        logs: [
          {
            traceId,
            spanId,
            at: "2018-12-13T14:51:00.300Z",
            name: "gen_ai.user.message",
            body: { content: "hi" },
            scope: "events",
            attributes: { n: 7 },
            resource: { "service.name": "claude-code" },
          },
        ],
      },
      rejected: 0,
      reasons: [],
    });
    // A file does not say which of the two requests it holds.
    const [part] = otlpFileFormat.read("logs.pb", bytes);
    expect(part).toMatchObject({ kind: "batch", batch: asJson.batch });
  });

  test("keeps a record that names a session instead of a trace, and the event's name from either place", () => {
    const { batch, rejected } = decodeOtlp(
      json(logs(record({ attributes: [pair("session.id", "s-1"), pair("event.name", "api_request_body")], body: { stringValue: "…" } }))),
      { encoding: "json", signal: "logs" },
    );
    expect(rejected).toBe(0);
    expect(batch.logs).toMatchObject([{ name: "api_request_body", attributes: { "session.id": "s-1" } }]);
    expect(batch.logs?.[0]).not.toHaveProperty("traceId");
  });

  test("counts records that nothing ties to a session, and takes their neighbours", () => {
    const { batch, ...rest } = decodeOtlp(
      json(
        logs(record({ body: { stringValue: "listening on 8080" } }), record({ traceId }), { traceId, body: { stringValue: "no time" } }),
      ),
      { encoding: "json", signal: "logs" },
    );
    expect(batch.logs).toHaveLength(1);
    expect(rest).toEqual({
      rejected: 2,
      reasons: ["a log record carries neither a trace id nor a session id", "a log record has no valid time"],
    });
  });

  test("turns an evaluation of a trace into feedback, and keeps one that names only a session as a record", () => {
    const evaluation = [pair("gen_ai.evaluation.name", "helpful"), pair("gen_ai.evaluation.score.label", "fail")];
    const { batch } = decodeOtlp(
      json(
        logs(
          record({ traceId, eventName: "gen_ai.evaluation.result", attributes: evaluation }),
          record({ eventName: "gen_ai.evaluation.result", attributes: [...evaluation, pair("session.id", "s-1")] }),
        ),
      ),
      { encoding: "json", signal: "logs" },
    );
    expect(batch.feedback).toEqual([{ traceId, feedback: { name: "helpful", label: "fail", by: "evaluator" } }]);
    expect(batch.logs).toHaveLength(1);
  });
});

describe("a body that becomes much more than it is", () => {
  const field = (tag: number, body: Uint8Array): Uint8Array => {
    const length: number[] = [];
    for (let rest = body.length; ; rest = Math.floor(rest / 128)) {
      length.push(rest > 127 ? (rest % 128) + 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const request = (scopeSpans: Uint8Array): Uint8Array => field(0x0a, field(0x12, scopeSpans));
  const empty = (tag: number, count: number): Uint8Array => Buffer.alloc(count * 2).fill(Buffer.from([tag, 0]));

  test.each([
    ["empty spans in protobuf", request(empty(0x12, 100_001)), "protobuf", /more than 100000 spans/],
    ["empty attributes in protobuf", request(field(0x12, empty(0x4a, 2_000_001))), "protobuf", /more than 2000000 attribute values/],
    [
      "empty spans in JSON",
      Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${"{},".repeat(100_000)}{}]}]}]}`),
      "json",
      /more than 100000 spans/,
    ],
    ["brackets in JSON", Buffer.from(`{"resourceSpans":[${"[],".repeat(4_000_000)}[]]}`), "json", /more than 2000000 attribute values/],
  ] as const)("is refused before it is built: %s", (_what, bytes, encoding, text) => {
    const decode = (): unknown => decodeOtlp(bytes, { encoding, signal: "traces" });
    expect(decode).toThrow(text);
    expect(decode).toThrow(expect.objectContaining({ remedy: expect.stringContaining("send_batch_max_size") }));
  });

  test("is not refused for what only looks like structure: braces in a text", () => {
    const span = {
      traceId,
      spanId,
      name: "chat",
      startTimeUnixNano: nanoseconds,
      attributes: [{ key: "t", value: { stringValue: `"{[`.repeat(2_000_000) } }],
    };
    const { batch } = decodeOtlp(json({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }), { encoding: "json", signal: "traces" });
    expect(batch.spans).toHaveLength(1);
  });
});

describe("a trace request", () => {
  test("gives the same spans in JSON and in protobuf", () => {
    const fromJson = decodeOtlp(fixture("generated.ai-sdk-v7.genai.otlp.json"), { encoding: "json", signal: "traces" });
    const fromProtobuf = decodeOtlp(fixture("generated.ai-sdk-v7.genai.otlp.pb"), { encoding: "protobuf", signal: "traces" });
    expect(fromProtobuf.batch.spans.map((span) => span.attributes)).toEqual(fromJson.batch.spans.map((span) => span.attributes));
    expect(fromJson).toMatchObject({ rejected: 0, reasons: [] });
  });

  test("counts malformed spans and keeps the others", () => {
    const good = { traceId, spanId, name: "chat", startTimeUnixNano: nanoseconds };
    const { batch, rejected } = decodeOtlp(
      json({ resourceSpans: [{ scopeSpans: [{ spans: [good, { ...good, spanId: "x" }, 7, null] }] }] }),
      { encoding: "json", signal: "traces" },
    );
    expect(batch.spans).toHaveLength(1);
    expect(rejected).toBe(1);
  });

  test("says where log records belong that came to the traces path, in either encoding", () => {
    const inJson = decodeOtlp(json(logs(record({ traceId }))), { encoding: "json", signal: "traces" });
    expect(inJson).toEqual({ batch: { spans: [], logs: [], feedback: [] }, rejected: 1, reasons: ["log records go to /v1/logs"] });
    const message = create(ExportLogsServiceRequestSchema, {
      resourceLogs: [
        { scopeLogs: [{ logRecords: [{ timeUnixNano: 1n, body: { value: { case: "stringValue", value: "hello there" } } }] }] },
      ],
    });
    const bytes = toBinary(ExportLogsServiceRequestSchema, message);
    expect(() => decodeOtlp(bytes, { encoding: "protobuf", signal: "traces" })).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining("ExportLogsServiceRequest to /v1/logs") }),
    );
  });

  test("is empty when the body is an empty request, as the protocol has it", () => {
    for (const bytes of [json({}), json({ somethingNew: 1 })])
      expect(decodeOtlp(bytes, { encoding: "json", signal: "traces" })).toMatchObject({ batch: { spans: [] }, rejected: 0 });
    expect(decodeOtlp(new Uint8Array(), { encoding: "protobuf", signal: "traces" })).toMatchObject({ batch: { spans: [] }, rejected: 0 });
  });

  test.each([
    ["text", Buffer.from("the user said so"), "json"],
    ["half of a JSON body", Buffer.from('{"resourceSpans": [{"secret": "the user said so'), "json"],
    ["a list", Buffer.from("[]"), "json"],
    ["half of a protobuf body", fixture("generated.ai-sdk-v7.genai.otlp.pb").subarray(0, 1000), "protobuf"],
  ] as const)("is refused when it is %s, without repeating what was in it", (_what, bytes, encoding) => {
    const decode = (): unknown => decodeOtlp(bytes, { encoding, signal: "traces" });
    expect(decode).toThrow(expect.objectContaining({ code: "file-malformed", retryable: false }));
    expect(decode).not.toThrow(/user said/);
  });
});
