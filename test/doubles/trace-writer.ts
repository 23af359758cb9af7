import { SqliteTraceStore } from "../../src/adapters/sqlite/sqlite-trace-store.ts";
import { instant, projectId } from "../../src/domain/ids.ts";

/** A process that adds batches of three spans for ever and prints a line for each that was acknowledged; the second argument is its first batch; killed by the test that starts it. */
const store = SqliteTraceStore.open(process.argv[2] ?? "");
for (let batch = Number(process.argv[3] ?? 0); ; batch += 1) {
  const spans = [0, 1, 2].map((index) => ({
    traceId: "a".repeat(32),
    spanId: (batch * 3 + index + 1).toString(16).padStart(16, "0"),
    name: "chat",
    startedAt: instant("2026-01-01T00:00:00.000Z"),
    status: "ok" as const,
    attributes: { "session.id": "s", text: `batch ${batch} `.repeat(50) },
    events: [],
    resource: {},
  }));
  await store.add(projectId("support"), { spans });
  process.stdout.write("added\n");
}
