import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { otelTelemetry } from "../../../src/adapters/opentelemetry/otel-telemetry.ts";
import { noTelemetry } from "../../../src/compose/runtime.ts";
import { tracedModel } from "../../../src/compose/telemetry/traced-model.ts";
import { tracedDeliveries, tracedQueue } from "../../../src/compose/telemetry/traced-service.ts";
import { carried, telemetrySettings } from "../../../src/config/telemetry-settings.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import { instant, type Json } from "../../../src/domain/ids.ts";
import { textMessage } from "../../../src/domain/message.ts";
import type { ModelClient } from "../../../src/ports/model-client.ts";
import { guardedRequest } from "../../../src/ports/outgoing.ts";
import type { Telemetry } from "../../../src/ports/runtime.ts";
import { otlpMetrics } from "../../../src/report/otlp-metrics.ts";
import { scan } from "../../../src/pipeline/scan.ts";
import { aReceiver, support, token } from "../../app/otlp/receiver-builder.ts";
import { aRuntime } from "../../builders/runtime.ts";
import { scriptedModel } from "../../doubles/scripted-model.ts";

/** OpenTelemetry's own SDK, its spans kept in memory. */
function watched(): {
  readonly telemetry: Telemetry;
  readonly spans: () => readonly ReadableSpan[];
  readonly tree: () => readonly string[];
} {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  const parentOf = (span: ReadableSpan): ReadableSpan | undefined =>
    spans().find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  const pathOf = (span: ReadableSpan): string => {
    const parent = parentOf(span);
    return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`;
  };
  return { telemetry: otelTelemetry(provider, "1.0.0"), spans, tree: () => spans().map(pathOf).toSorted() };
}

const secret = "my card number is 4111 1111 1111 1111";

const ask = (client: ModelClient): Promise<unknown> =>
  client.complete(
    {
      purpose: "replay",
      system: `Be kind. ${secret}`,
      messages: [textMessage("user", secret)],
      maxTokens: 100,
      parameters: { temperature: 0.2, stop_sequences: [secret] },
    },
    new AbortController().signal,
  );

const forgeCall = (telemetry: Telemetry, send: () => Promise<unknown>): Promise<unknown> =>
  guardedRequest(
    { method: "POST", url: "/repos/{owner}/{repo}/issues", fields: { owner: "acme", repo: "agent", title: secret, body: secret } },
    send,
    { telemetry, clock: () => 0 },
  );

/** The job of a webhook, put together as `serve` does. What its handler was given comes back. */
async function webhookToJob(telemetry: Telemetry): Promise<readonly Json[]> {
  const payloads: Json[] = [];
  const queue = new MemoryJobQueue();
  const traced = tracedQueue(queue, telemetry);
  traced.work("run", async (job, steps) => {
    payloads.push(job.payload);
    await steps.run("prove", async () => {
      telemetry.stage({ stage: "replay", state: "started", total: 2, unit: "sessions", note: secret });
      await ask(tracedModel(scriptedModel([secret]), { provider: "anthropic", baseUrl: "http://models.test:8080/v1" }, telemetry));
      telemetry.stage({ stage: "replay", state: "finished", done: 2, total: 2, unit: "sessions", note: secret });
    });
    await steps.run("publish", () => forgeCall(telemetry, async () => null));
  });
  const deliveries = tracedDeliveries(telemetry);
  const delivery = { id: "guid-1", event: "issue_comment", body: secret };
  await deliveries.accept(delivery, async () => undefined);
  const payload = { owner: "acme", repository: "agent", command: "run" };
  await deliveries.handle(delivery, async () => void (await traced.add({ name: "run", key: "acme/agent/7", payload })));
  // Started when the webhook's spans have long ended: what leads there is in the job alone.
  await queue.start();
  await queue.idle();
  await queue.stop();
  return payloads;
}

describe("traces of Tuneup itself", () => {
  test("lead from the webhook over the durable job and its steps to each call of a model and of GitHub", async () => {
    const { telemetry, tree } = watched();
    await webhookToJob(telemetry);
    const job = "webhook issue_comment > handle issue_comment > job run";
    expect(tree()).toEqual([
      "webhook issue_comment",
      "webhook issue_comment > handle issue_comment",
      job,
      `${job} > step prove`,
      `${job} > step prove > replay`,
      `${job} > step prove > replay > chat scripted-1`,
      `${job} > step publish`,
      `${job} > step publish > POST /repos/{owner}/{repo}/issues`,
    ]);
  });

  test("say what a call of a model was and what it took, by the conventions for GenAI", async () => {
    const { spans, telemetry } = watched();
    await webhookToJob(telemetry);
    expect(spans().find((span) => span.name.startsWith("chat"))?.attributes).toEqual({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": "scripted-1",
      "gen_ai.request.max_tokens": 100,
      "gen_ai.request.temperature": 0.2,
      "server.address": "models.test",
      "server.port": 8080,
      "tuneup.purpose": "replay",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 5,
    });
  });

  test("hold nothing that anybody said, not even in an error", async () => {
    const { spans, telemetry } = watched();
    await webhookToJob(telemetry);
    await expect(forgeCall(telemetry, () => Promise.reject(new Error(secret)))).rejects.toThrow(secret);
    const limited = new TuneupError("forge-unreachable", secret, { remedy: secret });
    await expect(forgeCall(telemetry, () => Promise.reject(limited))).rejects.toThrow(secret);
    const told = spans().map(({ attributes, events, name, status }) => ({ attributes, events, name, status }));
    expect(JSON.stringify(told)).not.toContain("4111");
    expect(told.slice(-2).map((one) => one.attributes["error.type"])).toEqual(["Error", "forge-unreachable"]);
  });

  test("change nothing where nobody wants them, and a job then carries nothing", async () => {
    expect(await webhookToJob(noTelemetry)).toEqual([{ owner: "acme", repository: "agent", command: "run" }]);
  });

  test("go on in another process from what its environment says", async () => {
    const first = watched();
    const second = watched();
    await first.telemetry.span({ name: "job run" }, async () => {
      const { parent = "" } = telemetrySettings(carried(first.telemetry.here()));
      await second.telemetry.span({ name: "tuneup publish", parent }, async () => undefined);
    });
    const [parent] = first.spans();
    const [child] = second.spans();
    expect(child?.spanContext().traceId).toBe(parent?.spanContext().traceId);
    expect(child?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId);
  });

  test("are not continued from what is no trace context", async () => {
    const { spans, telemetry } = watched();
    for (const parent of ["", "00-x", `00-${"0".repeat(32)}-${"0".repeat(16)}-01`])
      await telemetry.span({ name: "a", parent }, async () => undefined);
    expect(spans().map((span) => span.parentSpanContext)).toEqual([undefined, undefined, undefined]);
  });
});

test("sent to Tuneup's own receiver they are no agent's sessions, so Tuneup does not feed on its own replays", async () => {
  await using receiver = await aReceiver();
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, headers: { Authorization: `Bearer ${token}` } });
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const telemetry = otelTelemetry(provider, "1.0.0");
  await ask(tracedModel(scriptedModel([secret]), { provider: "openai" }, telemetry));
  await telemetry.close();
  expect(await receiver.traces()).toHaveLength(1);
  const { document, sessions } = await scan({ project: support, previous: [] }, receiver.store, undefined, aRuntime());
  expect({ sessions, notUnderstood: document.notUnderstood }).toEqual({ sessions: [], notUnderstood: [] });
});

describe("OpenTelemetry's variables", () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };

  test("nothing is sent unless an endpoint or the exporter is named", () => {
    expect(telemetrySettings({})).toEqual({ problems: [] });
    expect(telemetrySettings({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toEqual({ problems: [] });
    expect(Object.keys(telemetrySettings({ OTEL_TRACES_EXPORTER: "otlp" }))).toEqual(["problems", "traces"]);
    expect(Object.keys(telemetrySettings({ ...endpoint, OTEL_TRACES_EXPORTER: "none" }))).toEqual(["problems", "metrics"]);
  });

  test("say where metrics go, how often and with which headers", () => {
    const given = { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%20tup_x,x-a=b=c", OTEL_METRIC_EXPORT_INTERVAL: "5000" };
    expect(telemetrySettings(given).metrics).toEqual({
      url: "http://collector:4318/v1/metrics",
      headers: { authorization: "Bearer tup_x", "x-a": "b=c" },
      everyMilliseconds: 5000,
      timeoutMilliseconds: 10_000,
    });
  });

  test.each([
    [
      "a tenth",
      { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" },
      { share: 0.1, followsParent: true },
      [],
    ],
    ["none", { OTEL_TRACES_SAMPLER: "always_off" }, { share: 0, followsParent: false }, []],
    [
      "all, and says why",
      { OTEL_TRACES_SAMPLER: "jaeger_remote" },
      { share: 1, followsParent: true },
      ["OTEL_TRACES_SAMPLER=jaeger_remote"],
    ],
    [
      "all, where a share is none",
      { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "7" },
      { share: 1, followsParent: false },
      ["OTEL_TRACES_SAMPLER_ARG=7"],
    ],
    ["all, over HTTP", { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, { share: 1, followsParent: true }, ["OTEL_EXPORTER_OTLP_PROTOCOL=grpc"]],
  ] as const)("keep %s", (_what, variables, sampling, problems) => {
    const settings = telemetrySettings({ ...endpoint, ...variables });
    expect(settings.traces?.sampling).toEqual(sampling);
    expect(settings.problems.map((problem) => problem.split(" ")[0])).toEqual(problems);
  });
});

test("the figures of the service as OTLP say the same as for Prometheus, with units of their own", () => {
  const sent = otlpMetrics(
    [
      { name: "tuneup_audit_entries_total", kind: "counter", help: "By action.", samples: [{ labels: { action: "write" }, value: 3 }] },
      { name: "process_uptime_seconds", kind: "gauge", help: "Since the start.", samples: [{ value: 5 }] },
    ],
    { resource: { "service.name": "tuneup" }, version: "1.0.0" },
    instant("2026-01-01T00:00:00.000Z"),
  );
  const at = { timeUnixNano: "1767225600000000000" };
  const action = { key: "action", value: { stringValue: "write" } };
  expect(sent).toMatchObject({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "tuneup" } }] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: "tuneup_audit_entries",
                unit: "1",
                sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ attributes: [action], ...at, asDouble: 3 }] },
              },
              { name: "process_uptime", unit: "s", gauge: { dataPoints: [{ attributes: [], ...at, asDouble: 5 }] } },
            ],
          },
        ],
      },
    ],
  });
});
