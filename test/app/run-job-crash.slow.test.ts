import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { filesOf } from "../../src/compose/state.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { commitSha } from "../../src/domain/ids.ts";
import { aProposal } from "../contracts/ledger.ts";
import { GithubWorld } from "../world/github.ts";
import type { WorkerOrder } from "./crashing-worker.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-crash-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const before = "# Agent\n\n- Do this.\n";
const after = before.replace("Do this.", "Do this, and look first.");

let world: GithubWorld;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(root, "data-"));
  world = await new GithubWorld({ "prompts/system.md": before }).start();
  world.permissions.set("ada", "write");
});
afterEach(() => world.stop());

/** Runs a worker until its job is done, or it is dead. */
function worker(dieAt?: string): Promise<"done" | "killed" | "ended"> {
  const order: WorkerOrder = {
    folder,
    url: world.url,
    token: world.token,
    privateKey: world.app.privateKey,
    proposal: aProposal({
      commit: commitSha(world.head("main") ?? ""),
      edits: [{ path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
      files: [{ path: "prompts/system.md", text: after, before: digestOf(before) }],
      title: "prompt: fewer failures",
      commitMessage: "prompt: fewer failures",
    }),
    ...(dieAt === undefined ? {} : { dieAt }),
  };
  const child = spawn(process.execPath, [fileURLToPath(new URL("crashing-worker.ts", import.meta.url)), JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve) => {
    let result: "done" | "killed" | "ended" = "ended";
    child.stdout.on("data", (chunk: Buffer) => {
      if (!chunk.toString().includes("done")) return;
      result = "done";
      child.kill("SIGTERM");
    });
    child.on("close", (_code, signal) => resolve(signal === "SIGKILL" ? "killed" : result));
  });
}

/** The library's lease is half a minute; the next worker need not wait for its end here. */
function endLease(): void {
  const database = new DatabaseSync(join(folder, "jobs.db"));
  database.exec("UPDATE workflow_runs SET available_at = '2000-01-01T00:00:00.000Z' WHERE status = 'running'");
  database.close();
}

describe.each(["assign", "may begin", "prove", "publish", "answer"])("a worker killed in the step %s", (step) => {
  test("goes on after a restart: one branch, one pull request, one answer, and no proof made again that was kept", async () => {
    const issue = world.openIssue("It fails");
    const comment = world.comment(issue, "ada", "/tuneup run");
    const ledger = filesOf(folder).ledger();
    const queue = OpenworkflowJobQueue.open(join(folder, "jobs.db"), ledger);
    const payload = { installation: 99, owner: "acme", repository: "support-agent", login: "ada", command: "run", issue, comment };
    await queue.add({ name: "run", key: `acme/support-agent/${comment}`, payload });
    await queue.stop();
    await ledger.close();
    expect(await worker(step)).toBe("killed");
    endLease();
    expect(await worker()).toBe("done");
    expect({
      branches: world.branches().filter((branch) => branch.startsWith("tuneup/")),
      commits: world.commitsOn("tuneup/0123456789ab").length,
      pulls: world.pulls.length,
      answers: world.comments.filter(({ body }) => body.includes("tuneup:answer:run")).length,
      proofs: readFileSync(join(folder, "proofs"), "utf8"),
    }).toEqual({ branches: ["tuneup/0123456789ab"], commits: 1, pulls: 1, answers: 1, proofs: step === "prove" ? "xx" : "x" });
  });
});
