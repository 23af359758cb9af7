import { describe, expect, test } from "vitest";
import { decodeOtlp } from "../../../src/adapters/otlp/decode-otlp.ts";
import { otlpFileFormat } from "../../../src/adapters/otlp/otlp-file-format.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import type { Attributes, Json } from "../../../src/domain/ids.ts";
import { type Random, seededRandom } from "../../../src/domain/random.ts";
import type { LogRecord, Span, TraceBatch } from "../../../src/domain/span.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { traceOf } from "./span-builder.ts";
import { mutated, otlpPayloads as payloads, pick } from "../../builders/mutated-bytes.ts";
import { processorTime } from "../../builders/processor-time.ts";

const deep = (open: string, close: string): string => `${open.repeat(3000)}1${close.repeat(3000)}`;
const hostile: readonly Json[] = [
  null,
  "",
  "\u0000",
  "\uD800",
  -1,
  1e308,
  "99999999999999999999",
  [],
  {},
  [[[[]]]],
  "[",
  '{"a":',
  '"\\ud800"',
  deep("[", "]"),
  deep('{"a":', "}"),
  deep("{'a': ", "}"),
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '[{"role":"user","parts":[{"type":"text","content":{"a":1}}]}]',
  '[{"role":{"a":1},"content":[[[]]]}]',
  '[{"role":"assistant","tool_calls":[{"function":{"name":{"a":1},"arguments":[]}}]}]',
  '{"messages":"messages","contents":{"contents":[]}}',
  '{"choices":[{"choices":[{"choices":[{"choices":[]}]}]}]}',
  "A(b=C(d=<E.F: 'g'>, h=[i]))",
  "ResponseFunctionToolCall(",
  "x".repeat(100_000),
  { type: "tool_use", id: 7, name: [] },
  [null, 1, "a", { role: null }, { parts: 3 }, { content: { text: 4 } }],
];

const indexed = [
  "llm.input_messages.999999999.message.role",
  "llm.input_messages.-1.message.content",
  "llm.input_messages.x.message.role",
  "gen_ai.prompt.999999.role",
  "llm.tools.0.tool.json_schema",
  "annotations.0.annotation.name",
];

/** Attributes with some values made hostile, some swapped, some indexed keys out of range. */
function twisted(attributes: Attributes, random: Random): Attributes {
  const entries = Object.entries(attributes).flatMap(([key, value]): [string, Json][] => {
    const chance = random();
    if (chance < 0.75) return [[key, value]];
    if (chance < 0.8) return [];
    if (chance < 0.85 && typeof value === "string") return [[key, value.slice(0, Math.floor(random() * value.length))]];
    return [[key, pick(random, hostile)]];
  });
  return Object.fromEntries([...entries, [pick(random, indexed), pick(random, hostile)]]);
}

const batches = payloads.map(({ bytes, encoding }) => decodeOtlp(bytes, { encoding, signal: "traces" }).batch);

function twistedTrace(batch: TraceBatch, random: Random) {
  const spans = batch.spans.map((span): Span => ({
    ...span,
    ...(random() < 0.05 ? { parentId: pick(random, batch.spans).spanId } : {}),
    ...(random() < 0.05
      ? {
          scope: pick(random, [
            "ai",
            "langfuse-sdk",
            "gcp.vertex.agent",
            "com.anthropic.claude_code.tracing",
            "langsmith",
            "lmnr",
            "pydantic-ai",
          ]),
        }
      : {}),
    attributes: twisted(span.attributes, random),
    events: span.events.map((event) => ({ ...event, attributes: twisted(event.attributes, random) })),
  }));
  const logs = batch.spans.slice(0, 3).map((span): LogRecord => ({
    traceId: span.traceId,
    spanId: span.spanId,
    at: span.startedAt,
    name: pick(random, [
      "gen_ai.user.message",
      "gen_ai.choice",
      "gen_ai.client.inference.operation.details",
      "claude_code.api_request_body",
      "codex.tool_result",
      "gen_ai.evaluation.result",
    ]),
    body: pick(random, hostile),
    attributes: twisted(span.attributes, random),
    resource: {},
  }));
  return traceOf(spans, logs);
}

describe("mutated payloads", () => {
  test("decode to spans or to an error of ours, whatever their bytes", () => {
    const random = seededRandom(7, "bytes");
    let refused = 0;
    for (let round = 0; round < 10_000; round += 1) {
      const { bytes, encoding } = pick(random, payloads);
      const given = mutated(bytes, random);
      const signal = random() < 0.8 ? "traces" : "logs";
      try {
        const { batch, rejected, reasons } = decodeOtlp(given, { encoding, signal });
        expect(rejected).toBeGreaterThanOrEqual(0);
        expect(reasons.length).toBeLessThanOrEqual(10);
        if (round % 4 === 0 && batch.spans.length > 0) assemble([traceOf(batch.spans, batch.logs)]);
      } catch (error) {
        if (!(error instanceof TuneupError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test("on disk are batches and named problems, never an exception", () => {
    const random = seededRandom(7, "files");
    for (let round = 0; round < 1000; round += 1) {
      const { bytes, encoding } = pick(random, payloads);
      const parts = [...otlpFileFormat.read(encoding === "json" ? "a.json" : "a.pb", mutated(bytes, random))];
      expect(parts.every((part) => part.kind === "batch" || part.reason.length < 500)).toBe(true);
    }
  });

  test("assemble to sessions that are JSON-safe and whose calls point into their messages, whatever their attributes", () => {
    const random = seededRandom(7, "attributes");
    for (let round = 0; round < 3000; round += 1) {
      const { sessions } = assemble([twistedTrace(pick(random, batches), random)]);
      for (const session of sessions) {
        expect(JSON.parse(JSON.stringify(session))).toEqual(session);
        for (const call of session.calls) expect(session.messages[call.at]).toBeDefined();
      }
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("of a long session stay fast: 300 calls that each repeat all that was said", () => {
    const [batch] = batches;
    const said: Json[] = [];
    const spans = Array.from({ length: 300 }, (_, index): Span => {
      said.push({ role: "user", parts: [{ type: "text", content: `question ${index} ${"x".repeat(200)}` }] });
      const input = JSON.stringify(said);
      const answer = { role: "assistant", parts: [{ type: "text", content: `answer ${index}` }] };
      said.push(answer);
      return {
        ...(batch?.spans[0] as Span),
        spanId: index.toString(16).padStart(16, "0"),
        name: "chat",
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": "gpt",
          "gen_ai.input.messages": input,
          "gen_ai.output.messages": JSON.stringify([answer]),
        },
      };
    });
    const spent = processorTime();
    const [session] = assemble([traceOf(spans)]).sessions;
    expect(session?.messages).toHaveLength(600);
    expect(spent()).toBeLessThan(8000);
  });
});
