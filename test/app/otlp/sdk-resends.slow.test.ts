import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { sessionId } from "../../../src/domain/ids.ts";
import { aReceiver, aRequest, support, token } from "./receiver-builder.ts";

test("OpenTelemetry's SDK waits as long as the receiver asks it to, sends again, and nothing is lost", async () => {
  const store = new MemoryTraceStore();
  const gate = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  await using receiver = await aReceiver({
    limits: { requestsInFlight: 1 },
    store: {
      add: async (project, batch) => {
        waiting.resolve();
        await gate.promise;
        return store.add(project, batch);
      },
    },
  });
  const first = receiver.post("/v1/traces", aRequest());
  await waiting.promise;
  const headers = { Authorization: `Bearer ${token}` };
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, headers });
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  provider
    .getTracer("agent")
    .startSpan("gen_ai.chat", { attributes: { "session.id": "held-up" } })
    .end();
  const sending = provider.forceFlush();
  // The first refusal is in the log before the store is let go: the SDK was turned away at least once.
  while (!receiver.logged.some(({ fields }) => fields["status"] === 503)) await fetch(`${receiver.url}/healthz`);
  expect(await store.session(support, sessionId("held-up"))).toBeUndefined();
  gate.resolve();
  expect((await first).status).toBe(200);
  await sending;
  await provider.shutdown();
  expect((await store.session(support, sessionId("held-up")))?.spans).toHaveLength(1);
});
