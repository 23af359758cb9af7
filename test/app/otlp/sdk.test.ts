import { readFileSync } from "node:fs";
import { logs, SeverityNumber, type Tracer } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { instant } from "../../../src/domain/ids.ts";
import { scan } from "../../../src/pipeline/scan.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { aRuntime } from "../../builders/runtime.ts";
import { otlpFileFormat } from "../../../src/adapters/otlp/otlp-file-format.ts";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { aReceiver, support, type TestReceiver, token } from "./receiver-builder.ts";

/** The agent of the example that users copy. */
const { converse } = (await import(new URL("../../../examples/send-traces/agent.mjs", import.meta.url).href)) as {
  readonly converse: (tracer: Tracer) => void;
};

const headers = { Authorization: `Bearer ${token}` };

/** What is known of the sessions of a receiver, as a scan tells it. */
async function scanned(receiver: TestReceiver): Promise<readonly unknown[]> {
  const { document, sessions } = await scan({ project: support, previous: [] }, receiver.store, undefined, aRuntime());
  expect(document.notUnderstood).toEqual([]);
  return sessions.map((session) => {
    const outcome = document.outcomes.find((one) => one.sessionId === session.id);
    return {
      id: session.id,
      instructions: session.instructions.map((one) => one.text),
      roles: session.messages.map((message) => message.role),
      outcome: outcome?.result,
      by: outcome?.result === "unclear" || outcome?.decidedBy,
    };
  });
}

const aSession = {
  instructions: ["You are a support agent. Read the return policy before you issue a refund."],
  roles: ["user", "assistant", "tool", "assistant"],
  by: "feedback",
};

describe("what OpenTelemetry's own SDK sends", () => {
  test.each([
    ["protobuf", ProtobufTraceExporter, "none"],
    ["protobuf, packed", ProtobufTraceExporter, "gzip"],
    ["JSON", JsonTraceExporter, "none"],
    ["JSON, packed", JsonTraceExporter, "gzip"],
  ] as const)("as %s becomes labelled sessions", async (_, Exporter, compression) => {
    await using receiver = await aReceiver();
    const exporter = new Exporter({ url: `${receiver.url}/v1/traces`, headers, compression: compression as never });
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
    converse(provider.getTracer("support-agent"));
    await provider.shutdown();
    expect(await scanned(receiver)).toEqual([
      { ...aSession, id: "js-1", outcome: "succeeded" },
      { ...aSession, id: "js-2", outcome: "failed" },
    ]);
  });

  test("of log records joins the session that they name", async () => {
    await using receiver = await aReceiver();
    const exporter = new OTLPLogExporter({ url: `${receiver.url}/v1/logs`, headers });
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
    provider.getLogger("agent").emit({
      severityNumber: SeverityNumber.INFO,
      eventName: "gen_ai.evaluation.result",
      timestamp: new Date("2026-01-20T00:00:00Z"),
      body: { note: "kept as it is" },
      attributes: { "session.id": "js-9" },
    });
    await provider.shutdown();
    logs.disable();
    const [trace] = await receiver.traces();
    expect(trace?.key).toBe("js-9");
    expect(trace?.logs[0]).toMatchObject({ name: "gen_ai.evaluation.result", body: { note: "kept as it is" } });
  });
});

describe("a recorded payload gives the same sessions received as read from a file", () => {
  const file = (name: string): string => new URL(`../../fixtures/otlp/${name}`, import.meta.url).pathname;
  const names = [
    "generated.adk-js-v2.otlp.json",
    "generated.ai-sdk-v6.otlp.pb",
    "generated.ai-sdk-v7.genai.otlp.json",
    "generated.ai-sdk-v7.genai.otlp.pb",
    "generated.mastra.traces.otlp.pb",
    "generated.openinference-js.openai-agents.otlp.json",
    "generated.openinference-js.openai.otlp.pb",
    "generated.openllmetry-js.openai.otlp.pb",
    "generated.strands-ts.default.otlp.pb",
    "generated.strands-ts.latest.otlp.json",
  ];

  test.each(names)("%s", async (name) => {
    const fromFile = new MemoryTraceStore();
    for (const part of otlpFileFormat.read(file(name), readFileSync(file(name))))
      if (part.kind === "batch") await fromFile.add(support, part.batch);
    const read = [];
    for await (const trace of fromFile.read({ project: support, to: instant("2100-01-01T00:00:00.000Z") })) read.push(trace);
    await using receiver = await aReceiver();
    const type = name.endsWith(".pb") ? "application/x-protobuf" : "application/json";
    const response = await receiver.post("/v1/traces", readFileSync(file(name)), { "content-type": type });
    expect(response.status).toBe(200);
    const traces = await receiver.traces();
    expect(traces).toEqual(read);
    expect(assemble(traces).sessions).toEqual(assemble(read).sessions);
    expect(traces.length).toBeGreaterThan(0);
  });
});
