import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { tuneupIn } from "./cli-in-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-show-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(root, "r"));
});
const tuneup = (...args: readonly string[]): ReturnType<typeof tuneupIn> => tuneupIn(cwd, args);

const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === "number" ? { intValue: value } : { stringValue: value },
});
/** A span of one session on a day of January 2026; the clock of these tests stands at the 20th. */
function span(session: number, at: number, day: number, attributes: Readonly<Record<string, string | number>>, failed = false): object {
  const start = Date.UTC(2026, 0, day, 12, 0, at);
  return {
    traceId: session.toString(16).padStart(32, "0"),
    spanId: (session * 100 + at).toString(16).padStart(16, "0"),
    name: "step",
    startTimeUnixNano: `${start}000000`,
    endTimeUnixNano: `${start + 500}000000`,
    attributes: Object.entries({ "session.id": `s${session}`, ...attributes }).map(([key, value]) => attribute(key, value)),
    status: failed ? { code: 2, message: "no such order" } : {},
  };
}
const said = (role: string, content: string): string => JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
const sessionOf = (id: number, day: number, outcome: string, tool = "find_order"): readonly object[] => [
  span(id, 1, day, {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "model-x",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.input.messages": said("user", "Where is my order?"),
    "gen_ai.output.messages": said("assistant", "On its way."),
  }),
  span(id, 2, day, { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool }, outcome === "failed"),
  span(id, 3, day, { "gen_ai.operation.name": "invoke_agent", "agent.outcome": outcome }),
];
function write(spans: readonly object[]): void {
  writeFileSync(
    join(cwd, "traces.json"),
    JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: "a" }, spans }] }] }),
  );
}

describe("tuneup project show", () => {
  test("shows a month at a glance: days with gaps, failures, tokens, models, tools, and the clusters of the last scan", async () => {
    write([
      ...sessionOf(1, 17, "success"),
      ...sessionOf(2, 17, "failed"),
      ...sessionOf(3, 20, "escalated", "\u001b[31mred"),
      ...sessionOf(4, 1, "success"),
    ]);
    await tuneup("ingest", "traces.json", "--project", "support");
    const { out, code } = await tuneup("project", "show", "support", "--days", "7");
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "support, 2026-01-14 to 2026-01-20 (UTC)",
        "",
        "sessions   3; the agent says of 2 how they ended: 1 failed (50 %)",
        "tokens     3,600 in, 90 out",
        "last scan  none; `tuneup scan` says of every session how it ended, and groups the failures",
        "",
        "day         sessions  failed",
        `2026-01-17         2    50 %  ${"█".repeat(24)}`,
        "2026-01-18         0       -",
        "2026-01-19         0       -",
        `2026-01-20         1       -  ${"█".repeat(12)}`,
        "",
        "model    calls  tokens in  tokens out",
        "model-x      3      3,600          90",
        "",
        "tool             calls  failed  share",
        "find_order           2       1   50 %",
        "<U+001B>[31mred      1       0    0 %",
        "",
      ].join("\n"),
    );
    await tuneup("scan", "--project", "support");
    const shown = JSON.parse((await tuneup("project", "show", "support", "--json")).out) as {
      readonly sessions: number;
      readonly lastScan: { readonly failed: number; readonly clusters: readonly { readonly sessions: number }[] };
    };
    expect(shown.sessions).toBe(4);
    expect(shown.lastScan).toMatchObject({ sessions: 4, failed: 1, clusters: [{ sessions: 1 }] });
  });

  test("an empty project says how sessions come in", async () => {
    expect((await tuneup("project", "show")).out).toContain("No sessions. `tuneup ingest` reads some");
  });
});
