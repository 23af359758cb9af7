import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { otlpFileFormat } from "../../src/adapters/otlp/otlp-file-format.ts";
import { transcriptFileFormat } from "../../src/adapters/transcript/transcript-file-format.ts";
import type { TraceFileFormat, TraceFilePart } from "../../src/ports/trace-file.ts";

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const read = (format: TraceFileFormat, file: string, content: string | Uint8Array): readonly TraceFilePart[] => [
  ...format.read(file, typeof content === "string" ? Buffer.from(content) : content),
];
const spansOf = (parts: readonly TraceFilePart[]) => parts.flatMap((part) => (part.kind === "batch" ? part.batch.spans : []));
const problemsOf = (parts: readonly TraceFilePart[]) =>
  parts.flatMap((part) => (part.kind === "problem" ? [{ line: part.line, reason: part.reason }] : []));

const span = (changes: object = {}): object => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  name: "chat",
  startTimeUnixNano: "1544712660000000000",
  attributes: [],
  ...changes,
});
const request = (...spans: readonly object[]): string =>
  JSON.stringify({
    resourceSpans: [
      { resource: { attributes: [{ key: "service.name", value: { stringValue: "a" } }] }, scopeSpans: [{ scope: { name: "s" }, spans }] },
    ],
  });

describe("an OTLP file", () => {
  test("gives the same spans in JSON and in protobuf", () => {
    const json = spansOf(read(otlpFileFormat, "a.json", fixture("otlp/generated.ai-sdk-v7.genai.otlp.json")));
    const protobuf = spansOf(read(otlpFileFormat, "a.pb", fixture("otlp/generated.ai-sdk-v7.genai.otlp.pb")));
    expect(json).toHaveLength(9);
    // The two files were written in different folders, which shows in one stack trace.
    const withoutFolder = (spans: readonly object[]): string => JSON.stringify(spans).replaceAll("/tmp/gen7/", "/app/");
    expect(withoutFolder(protobuf)).toBe(withoutFolder(json));
  });

  test("is read when it is gzipped, in lines, in a list, or written in snake case", () => {
    const one = request(span());
    const snake = JSON.stringify({
      resource_spans: [
        {
          scope_spans: [
            {
              spans: [
                {
                  trace_id: "5b8efff798038103d269b633813fc60c",
                  span_id: "eee19b7ec3c1b174",
                  name: "chat",
                  start_time_unix_nano: 1544712660000000000,
                },
              ],
            },
          ],
        },
      ],
    });
    expect(spansOf(read(otlpFileFormat, "a.json.gz", gzipSync(one)))).toHaveLength(1);
    expect(spansOf(read(otlpFileFormat, "a.jsonl", `${one}\n\n${one}\n`))).toHaveLength(2);
    expect(spansOf(read(otlpFileFormat, "a.json", `[${one},${one}]`))).toHaveLength(2);
    expect(spansOf(read(otlpFileFormat, "a.json", snake))[0]?.startedAt).toBe("2018-12-13T14:51:00.000Z");
  });

  test("keeps every kind of attribute value, large integers as text, and drops keys that reach into prototypes", () => {
    const attributes = [
      { key: "text", value: { stringValue: "x" } },
      { key: "yes", value: { boolValue: true } },
      { key: "int", value: { intValue: "42" } },
      { key: "large", value: { intValue: "9223372036854775807" } },
      { key: "half", value: { doubleValue: 0.5 } },
      { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: 1 }] } } },
      { key: "map", value: { kvlistValue: { values: [{ key: "k", value: { stringValue: "v" } }] } } },
      { key: "__proto__", value: { stringValue: "no" } },
    ];
    const [only] = spansOf(read(otlpFileFormat, "a.json", request(span({ attributes }))));
    expect(only?.attributes).toEqual({
      text: "x",
      yes: true,
      int: 42,
      large: "9223372036854775807",
      half: 0.5,
      list: ["a", 1],
      map: { k: "v" },
    });
  });

  test("names a broken line with its number and keeps the good ones", () => {
    const parts = read(
      otlpFileFormat,
      "a.jsonl",
      `${request(span())}\n{"resourceSpans": [{"sco\n${request(span({ spanId: "eee19b7ec3c1b175" }))}\n{"other": 1}\n`,
    );
    expect(spansOf(parts)).toHaveLength(2);
    expect(problemsOf(parts)).toEqual([
      { line: 2, reason: expect.stringMatching(/^not JSON/) },
      { line: 4, reason: expect.stringMatching(/neither a `resourceSpans` nor/) },
    ]);
  });

  test("never repeats a broken line's text: it may be a session", () => {
    expect(
      JSON.stringify(problemsOf(read(otlpFileFormat, "a.jsonl", '{"resourceSpans": []}\n{"secret": "the user said so", oops\n'))),
    ).not.toContain("user said");
  });

  test.each([
    ["no trace id", span({ traceId: "" })],
    ["a trace id of zeros", span({ traceId: "0".repeat(32) })],
    ["a span id that is base64", span({ spanId: "7uGbfsPBsXQ=" })],
    ["no start", span({ startTimeUnixNano: undefined })],
  ])("reports a span with %s and keeps its neighbours", (_what, bad) => {
    const parts = read(otlpFileFormat, "a.json", request(span(), bad));
    expect(spansOf(parts)).toHaveLength(1);
    expect(problemsOf(parts)).toHaveLength(1);
  });

  test("reports a truncated protobuf, a damaged gzip and a bomb of nesting instead of throwing", () => {
    const whole = fixture("otlp/generated.ai-sdk-v7.genai.otlp.pb");
    expect(problemsOf(read(otlpFileFormat, "a.pb", whole.subarray(0, 1000)))).toHaveLength(1);
    expect(problemsOf(read(otlpFileFormat, "a.json.gz", gzipSync(request(span())).subarray(0, 40)))).toHaveLength(1);
    let value: object = { stringValue: "x" };
    for (let depth = 0; depth < 200; depth += 1) value = { arrayValue: { values: [value] } };
    expect(spansOf(read(otlpFileFormat, "a.json", request(span({ attributes: [{ key: "deep", value }] }))))).toHaveLength(1);
  });

  test("turns evaluation results that came as log records into feedback", () => {
    const logs = {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                {
                  eventName: "gen_ai.evaluation.result",
                  traceId: "5b8efff798038103d269b633813fc60c",
                  spanId: "eee19b7ec3c1b174",
                  attributes: [
                    { key: "gen_ai.evaluation.name", value: { stringValue: "helpful" } },
                    { key: "gen_ai.evaluation.score.label", value: { stringValue: "fail" } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    };
    const [part] = read(otlpFileFormat, "logs.json", JSON.stringify(logs));
    expect(part).toMatchObject({
      kind: "batch",
      batch: {
        feedback: [{ traceId: "5b8efff798038103d269b633813fc60c", feedback: { name: "helpful", label: "fail", by: "evaluator" } }],
      },
    });
  });
});

describe("a transcript file", () => {
  const line = (changes: object = {}): string =>
    JSON.stringify({
      session_id: "s-1",
      messages: [
        { role: "system", content: "You help." },
        { role: "user", content: "hi" },
        { role: "assistant", content: "hello" },
      ],
      ...changes,
    });

  test("is told apart from OTLP by its content", () => {
    expect(transcriptFileFormat.recognises("a.jsonl", Buffer.from(line()))).toBe(true);
    expect(otlpFileFormat.recognises("a.jsonl", Buffer.from(line()))).toBe(false);
    expect(transcriptFileFormat.recognises("a.jsonl", Buffer.from(request(span())))).toBe(false);
  });

  test("gives one span a session, the same ids every time, and its outcome as feedback", () => {
    const parts = read(
      transcriptFileFormat,
      "a.jsonl",
      `${line({ outcome: "failure" })}\n${line({ session_id: 2, outcome: { result: false, reason: "late" } })}\n`,
    );
    expect(spansOf(parts)).toEqual(
      spansOf(
        read(
          transcriptFileFormat,
          "b.jsonl",
          `${line({ outcome: "failure" })}\n${line({ session_id: 2, outcome: { result: false, reason: "late" } })}\n`,
        ),
      ),
    );
    expect(parts.flatMap((part) => (part.kind === "batch" ? (part.batch.feedback ?? []).map((one) => one.feedback) : []))).toEqual([
      { name: "outcome", label: "failure", by: "reviewer" },
      { name: "outcome", label: "failure", comment: "late", by: "reviewer" },
    ]);
  });

  test("names every bad line with its number and reason, and keeps the good ones", () => {
    const parts = read(
      transcriptFileFormat,
      "a.jsonl",
      `${line()}\n{"session_id": "x"\n{"messages": []}\n${line({ messages: [{ role: "wizard", content: "x" }] })}\n${line({ session_id: "s-2" })}\n`,
    );
    expect(spansOf(parts)).toHaveLength(2);
    expect(problemsOf(parts).map((problem) => problem.line)).toEqual([2, 3, 4]);
    expect(problemsOf(parts)[1]?.reason).toContain("session_id");
  });
});
