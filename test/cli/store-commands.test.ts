import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { exitCode } from "../../src/cli/exit-code.ts";
import { filesOf } from "../../src/compose/state.ts";
import { tuneupIn } from "./cli-in-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd = "";
const tuneup = (...args: readonly string[]): ReturnType<typeof tuneupIn> => tuneupIn(cwd, args);

const session = (id: string, day: string, more: object = {}): string =>
  JSON.stringify({
    session_id: id,
    started_at: `${day}T10:00:00Z`,
    messages: [{ role: "user", content: `the words of ${id}` }],
    ...more,
  });
/** How many sessions the default project still has, but for the undated one: a rehearsal of removing what is older than today. */
async function left(data = ".tuneup"): Promise<number> {
  const operator = join(cwd, "all.yml");
  writeFileSync(operator, "retention: { days: 0.001 }\n");
  const { out } = await tuneup("retention", "--dry-run", "--json", "--data", data, "--operator", operator);
  return Number((JSON.parse(out) as Record<string, unknown>)["sessions"]);
}

beforeEach(async () => {
  cwd = mkdtempSync(join(root, "r"));
  const sessions = [
    session("old", "2025-11-01", { user: "ada@example.org" }),
    session("old-failed", "2025-11-01", { user: "grace", outcome: "failure" }),
    session("ancient-failed", "2025-01-01", { user: "grace", outcome: "failure" }),
    session("old-succeeded", "2025-11-01", { outcome: { result: "success", name: "refund policy" } }),
    session("new", "2026-01-10", { user: "ada@example.org" }),
    session("undated", "2000-01-01", { started_at: null }),
  ];
  writeFileSync(join(cwd, "sessions.jsonl"), `${sessions.join("\n")}\n`);
  await tuneup("ingest", "sessions.jsonl");
});

describe("tuneup erase", () => {
  test("removes nothing without --yes, or without one thing to remove", async () => {
    const asked = await tuneup("erase", "--user", "grace");
    expect(asked.code).toBe(exitCode.usage);
    expect(asked.err).toContain("Say --yes");
    const nothing = await tuneup("erase", "--yes");
    expect(nothing.code).toBe(exitCode.usage);
    expect(nothing.err).toContain("one of --session, --user and --everything");
    expect((await tuneup("erase", "--yes", "--user", "grace", "--everything")).code).toBe(exitCode.usage);
    expect(await left()).toBe(5);
  });

  test("removes a user's sessions, one session, or all, and no file holds their words any more", async () => {
    const words = (): string => ["traces.db", "traces.db-wal"].map((name) => bytesOf(join(cwd, ".tuneup", name))).join("");
    expect(words()).toContain("old-failed");
    const ledger = filesOf(join(cwd, ".tuneup")).ledger();
    await ledger.put("transcript/sha256:01", "what ada said");
    expect((await tuneup("erase", "--user", "ada@example.org", "--yes")).out).toBe('Removed 2 sessions of "default".\n');
    expect(JSON.parse((await tuneup("erase", "--session", "old-failed", "--yes", "--json")).out)).toEqual({
      project: "default",
      sessions: 1,
    });
    expect(words()).not.toContain("old-failed");
    expect(await ledger.keys("transcript/")).toEqual([]);
    await ledger.close();
    expect((await tuneup("erase", "--everything", "--yes")).out).toBe('Removed 3 sessions of "default".\n');
    expect((await tuneup("erase", "--everything", "--yes")).out).toBe('Removed 0 sessions of "default".\n');
  });
});

describe("a transcript without a time", () => {
  test("counts as of the day on which it was read, and ingest says so", async () => {
    writeFileSync(
      join(cwd, "again.jsonl"),
      `${session("undated", "2000-01-01", { started_at: null })}\n${session("another", "2026-01-01", { started_at: null })}\n`,
    );
    const { err, out } = await tuneup("ingest", "again.jsonl");
    expect(out).toBe("1 file: 1 span added, 1 already known\n");
    expect(err).toBe(
      "2 sessions without started_at: they count as of today, for time windows and retention. Reading the file again changes nothing.\n",
    );
  });
});

describe("tuneup backup", () => {
  test("writes a copy that holds every session, whatever is removed afterwards", async () => {
    mkdirSync(join(cwd, "copy"));
    const { out, code } = await tuneup("backup", "copy/traces.db");
    expect(code).toBe(0);
    expect(out).toMatch(/^Copied the trace store to .*copy\/traces\.db \(\d+ bytes\)\.\n$/);
    await tuneup("erase", "--everything", "--yes");
    expect(await left()).toBe(0);
    expect(await left("copy")).toBe(5);
  });

  test("never overwrites, and leaves no file where there is no store", async () => {
    const taken = await tuneup("backup", "sessions.jsonl");
    expect(taken.code).toBe(exitCode.usage);
    expect(taken.err).toContain("never overwritten");
    const none = await tuneup("backup", "none.db", "--data", "nowhere");
    expect(none.code).toBe(exitCode.store);
    expect(none.err).toContain("there is no store yet");
    expect(existsSync(join(cwd, "none.db"))).toBe(false);
  });
});

describe("tuneup retention", () => {
  const keep = (text: string): void => writeFileSync(join(cwd, "tuneup.operator.yml"), text);

  test("removes old sessions, those that a judge calls good among them, and failures only after their own limit", async () => {
    keep("retention: { days: 30, tellingDays: 180 }\n");
    expect((await tuneup("retention", "--dry-run")).out).toBe("3 sessions would be removed.\n");
    expect(await left()).toBe(5);
    expect(JSON.parse((await tuneup("retention", "--json")).out)).toEqual({
      sessions: 3,
      replays: 0,
      dryRun: false,
      before: "2025-12-21T00:00:00.000Z",
      tellingBefore: "2025-07-24T00:00:00.000Z",
    });
    expect((await tuneup("retention")).out).toBe("0 sessions removed.\n");
    expect((await tuneup("erase", "--session", "old-failed", "--yes")).out).toContain("Removed 1 session");
    for (const kept of ["new", "undated"]) expect((await tuneup("erase", "--session", kept, "--yes")).out).toContain("Removed 1 session");
  });

  test("keeps failures no longer than the rest when they have no limit of their own", async () => {
    keep("retention: { days: 30 }\n");
    expect((await tuneup("retention")).out).toBe("4 sessions removed.\n");
  });

  test("removes nothing where the operator set none", async () => {
    const { code, err } = await tuneup("retention");
    expect(code).toBe(exitCode.configuration);
    expect(err).toContain("nothing was removed");
    expect(await left()).toBe(5);
  });
});

const bytesOf = (path: string): string => (existsSync(path) ? readFileSync(path, "latin1") : "");
