import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@stricli/core";
import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { app } from "../../src/cli/app.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { instant } from "../../src/domain/ids.ts";
import { langfuseStandIn } from "../adapters/remote-traces/langfuse-stand-in.ts";
import { aRepository } from "../builders/git-repository.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-stores-"));
const cwd = aRepository(join(root, "agent"), { "prompt.md": "You help." });
const secret = "pk-lf-1:sk-lf-that-must-not-leak";
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function tuneup(...args: readonly string[]): Promise<{ readonly out: string; readonly err: string; readonly code: number }> {
  let [out, err] = ["", ""];
  const streams: { stdout: { write(text: string): void }; stderr: { write(text: string): void }; exitCode?: number | string | null } = {
    stdout: { write: (text) => void (out += text) },
    stderr: { write: (text) => void (err += text) },
  };
  const variables = { PATH: process.env["PATH"] ?? "", LANGFUSE_KEYS: secret };
  await run(app, args, {
    process: streams,
    cwd,
    environment: readEnvironment(variables),
    variables,
    now: () => instant("2026-01-20T00:00:00.000Z"),
    signal: new AbortController().signal,
  });
  return { out, err, code: Number(streams.exitCode ?? 0) };
}

beforeEach(() => {
  nock.disableNetConnect();
  writeFileSync(
    join(cwd, "tuneup.operator.yml"),
    "traces: { kind: langfuse, url: 'https://langfuse.example', clusterBy: [failure_mode] }\n",
  );
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function answering(observations: number): void {
  const shown = { trace: "a", span: "1", session: "s-1", minute: 1 };
  const langfuse = nock("https://langfuse.example").persist();
  langfuse
    .get("/api/public/v2/observations")
    .query(true)
    .reply(observations, langfuseStandIn.answer([shown], undefined, new URL("https://langfuse.example")) as nock.Body);
  const score = { name: "failure_mode", value: "refund refused", dataType: "CATEGORICAL", subject: { kind: "session", id: "s-1" } };
  langfuse
    .get("/api/public/v3/scores")
    .query(true)
    .reply(200, { data: [score], meta: {} } as nock.Body);
}

test("scan reads sessions and labelled clusters where they are kept", async () => {
  answering(200);
  const { code, err, out } = await tuneup("scan");
  expect([code, err]).toEqual([0, expect.not.stringContaining(secret)]);
  expect(out).toContain("1 session:");
  expect(out).toContain("refund refused");
});

test("doctor says where sessions are read from and what is cut, and asks the store only with --live", async () => {
  const { out } = await tuneup("doctor");
  expect(out).toContain("read in place from Langfuse at https://langfuse.example, 14 days back");
  expect(out).toContain("cuts metadata values");
  answering(200);
  expect((await tuneup("doctor", "--live")).out).toContain("1 session in project");
});

test("a store that answers with an error ends the scan with that error, never with no failures", async () => {
  answering(403);
  const { out } = await tuneup("doctor", "--live");
  expect(out).toContain("answered 403");
  expect(out).toContain("LANGFUSE_KEYS");
  expect(out).not.toContain(secret);
  await expect(tuneup("scan").then(({ code, out: printed }) => [code === 0, printed])).resolves.toEqual([false, ""]);
});
