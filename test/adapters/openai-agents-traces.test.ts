import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openaiAgentsFileFormat } from "../../src/adapters/openai-agents-traces/openai-agents-file-format.ts";
import { otlpFileFormat } from "../../src/adapters/otlp/otlp-file-format.ts";
import { transcriptFileFormat } from "../../src/adapters/transcript/transcript-file-format.ts";
import { modelCalls, toolCalls } from "../../src/domain/session.ts";
import { sessionKeyOf } from "../../src/domain/session-key.ts";
import { assemble } from "../../src/stages/assemble.ts";
import { traceOf } from "../stages/assemble/span-builder.ts";
import { summaryOf } from "../stages/assemble/session-summary.ts";

const file = readFileSync(new URL("../fixtures/openai-agents/generated.openai-agents-js.native-traces-ingest.json", import.meta.url));
const read = (bytes: Uint8Array) => [...openaiAgentsFileFormat.read("a.json", bytes)];
const spansOf = (bytes: Uint8Array) => read(bytes).flatMap((part) => (part.kind === "batch" ? part.batch.spans : []));

describe("a body that OpenAI's Agents SDK sent", () => {
  test("is told apart from OTLP and transcripts", () => {
    const formats = [otlpFileFormat, transcriptFileFormat, openaiAgentsFileFormat];
    expect(formats.filter((format) => format.recognises("a.json", file))).toEqual([openaiAgentsFileFormat]);
    expect(openaiAgentsFileFormat.recognises("a.json", gzipSync(file))).toBe(true);
  });

  test("becomes a session with prompt, conversation, tools' results and errors, counted once", () => {
    const spans = spansOf(file);
    const [session] = assemble([traceOf(spans)]).sessions;
    if (session === undefined) throw new Error("no session");
    expect(new Set(spans.map((span) => sessionKeyOf(span)))).toEqual(new Set(["sess_abc"]));
    expect(session.instructions.map(({ text }) => text)).toEqual(["You are a support agent. Never refund more than the order total."]);
    expect(summaryOf(session).messages).toEqual([
      "user: Please refund order A-1001.",
      'assistant: → lookup_order {"orderId":"A-1001"}',
      'tool: ← {"orderId":"A-1001","total":42.5}',
      'assistant: → issue_refund {"orderId":"A-1001","amount":500}',
      expect.stringMatching(/^tool: ←/),
      "assistant: I refunded $500.",
    ]);
    expect(toolCalls(session).map((call) => call.error)).toEqual([undefined, "Error running tool (non-fatal)"]);
    expect(modelCalls(session).map((call) => [call.provider, call.model, call.parameters["temperature"]])).toEqual(
      Array.from({ length: 3 }, () => ["openai", "gpt-4.1", 0]),
    );
    expect(summaryOf(session)).toMatchObject({
      agent: "Support",
      user: true,
      usage: { input: 600, output: 30 },
      missing: ["tool-definitions"],
    });
  });

  test("is read gzipped and one a line, and broken places are named without their text", () => {
    expect(spansOf(gzipSync(file))).toHaveLength(spansOf(file).length);
    const secret = '{"data":[{"object":"trace.span","secret":"the user said';
    const parts = read(
      Buffer.from(
        `${file.toString("utf8")}\n${secret}\n{"other":1}\n{"data":[{"object":"trace.span","id":"span_x","trace_id":"trace_y"}]}\n`,
      ),
    );
    expect(parts.flatMap((part) => (part.kind === "problem" ? [part.line] : []))).toEqual([2, 3, 4]);
    expect(JSON.stringify(parts.filter((part) => part.kind === "problem"))).not.toContain("user said");
  });

  test("without content, as the SDK's default path sends it, gives no session and says so", () => {
    const item = (data: object) => ({
      object: "trace.span",
      id: `span_${"1".repeat(24)}`,
      trace_id: `trace_${"2".repeat(32)}`,
      started_at: "2026-01-01T00:00:00Z",
      span_data: data,
    });
    const spans = spansOf(Buffer.from(JSON.stringify({ data: [item({ type: "response", response_id: "resp_1" })] })));
    expect(spans).toHaveLength(1);
    expect(assemble([traceOf(spans)]).notUnderstood[0]?.why).toMatch(/content capture may be off/);
  });
});
