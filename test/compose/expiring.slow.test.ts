import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expireInOwnProcess } from "../../src/compose/stores/expiring.ts";
import { start, tuneup } from "../end-to-end/cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-expiring-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const never = new AbortController().signal;

test("a running receiver removes what is too old by itself, and tells how many sessions", async () => {
  const cwd = mkdtempSync(join(root, "r"));
  const session = (id: string): string =>
    JSON.stringify({ session_id: id, messages: [{ role: "user", content: "a word of the session" }] });
  writeFileSync(join(cwd, "sessions.jsonl"), `${session("s-1")}\n${session("s-2")}\n`);
  writeFileSync(join(cwd, "tuneup.operator.yml"), "retention: { days: 0.0000001 }\n");
  expect((await tuneup(["ingest", "sessions.jsonl"], { cwd })).code).toBe(0);
  let seen = "";
  const { ended } = start(["receive", "--port", "0"], {
    cwd,
    watch: (text, child) => {
      seen += text;
      // Once: a second signal would reach the process at its very end, and be what ended it.
      if (!child.killed && seen.includes("kept long enough")) child.kill("SIGTERM");
    },
  });
  const { code, err } = await ended;
  expect(code).toBe(0);
  expect(err).toMatch(
    /receiving traces[\s\S]*"removed sessions that were kept long enough","sessions":2}[\s\S]*no longer receiving traces/,
  );
  expect(err).not.toContain("a word");
  const audit = JSON.parse((await tuneup(["audit", "--json"], { cwd })).out.split("\n")[0] ?? "") as unknown;
  expect(JSON.stringify(audit)).toContain('"retention"');
});

test("a removal that fails, or is told to stop, is no success", async () => {
  const command = ["-e", "process.stdout.write('{\"sessions\": 1}'); process.exit(3)"];
  await expect(expireInOwnProcess({ cwd: root, command, signal: never })).rejects.toThrow("exit code 3");
  await expect(expireInOwnProcess({ cwd: root, command: ["-e", "0"], signal: never })).rejects.toThrow("could not all be removed");
  const hanging = ["-e", "setInterval(() => 0, 1000)"];
  await expect(expireInOwnProcess({ cwd: root, command: hanging, signal: AbortSignal.abort() })).rejects.toThrow("exit code 1");
});
