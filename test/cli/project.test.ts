import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { exitCode } from "../../src/cli/exit-code.ts";
import { tuneupIn } from "./cli-in-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-project-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(root, "r"));
});

const tuneup = (...args: readonly string[]): ReturnType<typeof tuneupIn> => tuneupIn(cwd, args);

describe("tuneup project", () => {
  test("shows a token once, with what a sender needs, and keeps only its hash", async () => {
    const { out, code } = await tuneup("project", "create", "support");
    expect(code).toBe(0);
    const token = /tup_\w{49}/.exec(out)?.[0] ?? "";
    expect(out).toContain(`OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20${token}`);
    const folder = join(cwd, ".tuneup");
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    expect(kept.join("")).not.toContain(token.slice(4, 20));
    expect((await tuneup("project", "list")).out).toMatch(/support +2026-01-20T00:00:00\.000Z +never +0 +0 +valid/);
    const again = await tuneup("project", "create", "support");
    expect(again.code).toBe(exitCode.usage);
    expect(again.err).toContain("tuneup project rotate support");
  });

  test("rotates with a grace time or at once", async () => {
    await tuneup("project", "create", "support");
    expect((await tuneup("project", "rotate", "support", "--grace-hours", "2")).out).toContain("end at 2026-01-20T02:00:00.000Z");
    const now = JSON.parse((await tuneup("project", "rotate", "support", "--now", "--json")).out) as Record<string, string>;
    expect(now["oldTokensUntil"]).toBe("2026-01-20T00:00:00.000Z");
    const [listed] = JSON.parse((await tuneup("project", "list", "--json")).out) as { tokens: unknown[] }[];
    expect(listed?.tokens).toHaveLength(1);
    const unknown = await tuneup("project", "rotate", "suport");
    expect(unknown.err).toContain('no trace project "suport" that receives traces. Known: support.');
  });

  test("erases tokens and traces, after --yes only", async () => {
    await tuneup("project", "create", "support");
    writeFileSync(join(cwd, "sessions.jsonl"), '{"session_id": "s-1", "messages": [{"role": "user", "content": "hello"}]}\n');
    await tuneup("ingest", "sessions.jsonl", "--project", "support");
    const asked = await tuneup("project", "erase", "support");
    expect(asked.code).toBe(exitCode.usage);
    expect(asked.err).toContain("--yes");
    expect((await tuneup("project", "list")).out).toContain("support");
    expect((await tuneup("project", "erase", "support", "--yes")).out).toBe('Removed 1 session and the tokens of "support".\n');
    expect((await tuneup("project", "list")).out).toContain("tuneup project create");
    expect((await tuneup("project", "erase", "support", "--yes")).out).toBe('Removed 0 sessions of "support".\n');
  });

  test.each(["../x", "", "a b", "-x", "x".repeat(101)])("does not take %j as a name", async (name) => {
    expect((await tuneup("project", "create", "--", name)).code).toBe(exitCode.usage);
  });
});

describe("a project with redaction settings of its own", () => {
  beforeEach(async () => {
    await tuneup("project", "create", "support");
    writeFileSync(
      join(cwd, "tuneup.operator.yml"),
      "repositories: { acme/bot: { project: sales } }\nredaction: { projects: { suport: off, sales: off, support: off, archive: off } }\n",
    );
  });

  test("whose name is misspelt is named by the doctor with the name that is meant", async () => {
    const { out } = await tuneup("doctor");
    expect(out).toMatch(/– +redaction +.*"suport", which is no trace project.*nearest is "support"\n +→ If "support" is meant/);
    expect(out).toMatch(/– +redaction +.*"archive"/);
    expect(out).not.toMatch(/names "(?:sales|support)"/);
  });

  test("whose name is misspelt is named when a service starts", async () => {
    const { err } = await tuneupIn(cwd, ["receive", "--port", "0"], AbortSignal.abort());
    const warned = err.split("\n").filter((line) => line.includes("redaction.projects"));
    expect(warned.map((line) => JSON.parse(line) as object)).toMatchObject([{ name: "suport", nearest: "support" }, { name: "archive" }]);
  });
});
