import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf } from "../../src/compose/state.ts";
import { startMetricsServer } from "../../src/app/metrics-server.ts";
import { serviceMetrics } from "../../src/cli/service/service-metrics.ts";
import { instant, later, projectId } from "../../src/domain/ids.ts";
import { prometheusText } from "../../src/report/prometheus-text.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-metrics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const now = instant("2026-01-01T00:00:00.000Z");

test("the figures of a service are what its records say, and hold no text of anybody", async () => {
  const records = filesOf(folder).records();
  await records.inbox.receive({ id: "guid-1", event: "issue_comment", body: '{"comment":"words of a person"}' }, now);
  await records.audit.record({ at: now, action: "write", actor: "ada", repository: "acme/a", details: { what: "comment" } });
  const ledger = new MemoryLedger();
  await ledger.spend(projectId("support"), "draft", { inputTokens: 10, outputTokens: 2, dollars: 0.5 }, now);
  const metrics = await serviceMetrics({
    records,
    jobs: { counts: async () => ({ waiting: 1, running: 2, done: 3, failed: 4 }) },
    ledger,
    projects: {
      list: async () => [
        { name: projectId("support"), createdAt: now, lastReceivedAt: now, spans: 7, logRecords: 2, tokens: [] },
        { name: projectId("silent"), createdAt: now, spans: 0, logRecords: 0, tokens: [] },
      ],
    },
    operator: { repositories: { "acme/a": { project: "support" } } },
    now: () => later(now, 90_000),
    machine: { memoryBytes: 1000, uptimeSeconds: 5 },
  });
  await records.close();
  const text = prometheusText(metrics);
  expect(text).toContain('tuneup_deliveries{state="waiting"} 1\n');
  expect(text).toContain("tuneup_oldest_waiting_delivery_seconds 90\n");
  expect(text).toContain('tuneup_jobs{state="failed"} 4\n');
  expect(text).toContain('tuneup_audit_entries_total{action="write"} 1\n');
  expect(text).toContain('tuneup_model_dollars_total{project="support"} 0.5\n');
  expect(text).toContain('tuneup_received_spans_total{project="support"} 7\n');
  expect(text).toContain('tuneup_last_received_timestamp_seconds{project="support"} 1767225600\n');
  expect(text).not.toContain('tuneup_last_received_timestamp_seconds{project="silent"}');
  expect(text).not.toMatch(/ada|words|acme/);
  expect(
    text
      .trimEnd()
      .split("\n")
      .every((line) => /^# (?:HELP|TYPE) [a-z_]+ |^[a-z_]+(?:\{[^{}\n]*\})? -?[\d.]+$/.test(line)),
  ).toBe(true);
});

test("a label cannot break out of its quotes", () => {
  const text = prometheusText([{ name: "a", help: "b", kind: "gauge", samples: [{ labels: { x: 'c"} 1\n\\' }, value: 1 }] }]);
  expect(text.split("\n")[2]).toBe(String.raw`a{x="c\"} 1\n\\"} 1`);
});

test("figures are served on a port of their own and nothing else is", async () => {
  const server = await startMetricsServer({ port: 0, host: "127.0.0.1", metrics: async () => "x 1\n" });
  expect(await (await fetch(server.url)).text()).toBe("x 1\n");
  expect((await fetch(server.url.replace("metrics", "other"))).status).toBe(404);
  await server.close();
});
