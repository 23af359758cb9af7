import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { makeProbot } from "../../src/app/make-probot.ts";
import { pullJob } from "../../src/app/pulls/pull-job.ts";
import { reconcileRepository } from "../../src/app/upkeep/reconcile.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { clusterId, instant, projectId } from "../../src/domain/ids.ts";
import { ignoredFailure } from "../../src/pipeline/standing/people.ts";
import { scan } from "../../src/pipeline/scan.ts";
import type { Job } from "../../src/ports/job-queue.ts";
import type { TraceReader } from "../../src/ports/trace-store.ts";
import { publish } from "../../src/stages/publish.ts";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { type Case, Findings, settled } from "../attacks/case.ts";
import { quickRetry, quiet, rawProposal, withWorld } from "../attacks/publishing-rig.ts";
import { aRuntime } from "../builders/runtime.ts";

const path = "prompts/system.md";
const before = "- Say goodbye.";
const files = { [path]: `# Agent\n\n${before}\n` };

const f07: Case = {
  id: "F07",
  title: "a person closes the pull request, and the webhook that would tell it is lost",
  guard: "reading the state again from GitHub",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      const ledger = new MemoryLedger();
      const proposal = rawProposal(world, { path, before, after: `${before}\n- List what was done.` });
      const writer = githubForge({ token: world.token, baseUrl: world.url, retry: quickRetry });
      await publish(proposal, writer, ledger, { scanSecrets: findSecrets });
      world.closePull(1);
      const { privateKey, webhookSecret } = world.app;
      const made = await makeProbot({ id: "7", privateKey, webhookSecret, apiUrl: world.url }, () => undefined, []);
      const repository = { owner: world.owner, name: world.name };
      const jobs: Job[] = [];
      const octokit = (): ReturnType<typeof made.probot.auth> => made.probot.auth(99);
      const now = instant("2026-01-20T12:00:00.000Z");
      const queue = {
        async add(job: Job) {
          jobs.push(job);
          return "added" as const;
        },
      };
      if (guard === "on")
        await reconcileRepository({ octokit: await octokit(), installation: 99, queue, bot: "tuneup[bot]", repository, ledger, now });
      const work = pullJob({ octokit, app: 7, documents: ledger, now: () => now, log: quiet });
      for (const job of jobs) await work(job, { run: (_name, step) => step() }, new AbortController().signal);
      const ignored = await ignoredFailure(ledger, repository, clusterId("c-4f1d"));
      findings.must(ignored !== undefined, "the failure that a person closed is not left alone");
      return findings.all;
    }),
};

const f15: Case = {
  id: "F15",
  title: "the trace store is down, or a page of it cannot be read",
  guard: "an error is never read as nothing there",
  async run(guard) {
    const findings = new Findings();
    const down = new TuneupError("trace-store-unavailable", "The trace store does not answer.", { remedy: "Start it.", retryable: true });
    const broken = {
      // oxlint-disable-next-line require-yield
      async *read(): AsyncGenerator<never> {
        if (guard === "on") throw down;
      },
    };
    const done = await settled(
      scan({ project: projectId("support"), previous: [] }, broken as unknown as TraceReader, undefined, aRuntime()),
    );
    findings.must("error" in done, "a broken store is reported as one without failures");
    findings.must("error" in done && done.error === down, "the store's own words are lost");
    return findings.all;
  },
};

/** A service that does one job when it is asked to: in a process of its own, or within itself. */
const service = (reading: string, inSame: boolean, greedy: string): string => `
import { createServer } from "node:http";
import { readInOwnProcess } from ${JSON.stringify(reading)};
const work = ${
  inSame
    ? `() => import(${JSON.stringify(greedy)})`
    : `() => readInOwnProcess({ data: process.cwd(), cwd: process.cwd(), command: ["--max-old-space-size=40", ${JSON.stringify(greedy)}], signal: new AbortController().signal })`
};
let end = "running";
const server = createServer((request, response) => {
  if (request.url === "/work") work().then(() => { end = "done"; }, (error) => { end = "failed: " + error.code + " " + error.retryable; });
  response.end(end);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(String(server.address().port) + "\\n"));
`;

const f21: Case = {
  id: "F21",
  title: "the replaying process runs out of memory",
  guard: "a process of its own for reading and replaying",
  async run(guard) {
    const findings = new Findings();
    const folder = mkdtempSync(join(tmpdir(), "tuneup-fault-"));
    const greedy = join(folder, "greedy.mjs");
    const program = join(folder, "service.mts");
    writeFileSync(greedy, "const kept = [];\nfor (;;) kept.push(new Array(100_000).fill(kept.length));\n");
    writeFileSync(program, service(new URL("../../src/compose/reading.ts", import.meta.url).href, guard === "off", greedy));
    const child = spawn(process.execPath, ["--max-old-space-size=60", program], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const gone = new Promise<boolean>((resolve) => child.once("exit", () => resolve(true)));
    try {
      const [port] = (await once(child.stdout, "data")) as [Buffer];
      const ask = (place: string): Promise<string> =>
        fetch(`http://127.0.0.1:${port.toString("utf8").trim()}${place}`).then(
          (answer) => answer.text(),
          () => "gone",
        );
      await ask("/work");
      let end = await ask("/");
      for (let look = 0; look < 100 && end === "running"; look += 1) {
        if (await Promise.race([gone, wait(100).then(() => false)])) break;
        end = await ask("/");
      }
      findings.must(end === "failed: internal true", `the run ends as "${end}"`);
      findings.must((await ask("/")) !== "gone", "the service is gone");
      return findings.all;
    } finally {
      child.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

export const jobFaults: readonly Case[] = [f07, f15, f21];
