import { appendFileSync } from "node:fs";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { filesOf } from "../../src/compose/state.ts";
import { runJobName } from "../../src/app/commands/command-request.ts";
import { FewAtOnce } from "../../src/pipeline/few-at-once.ts";
import { permissionLookUps } from "../../src/app/commands/permission-look-ups.ts";
import { makeProbot } from "../../src/app/make-probot.ts";
import { runJob } from "../../src/app/run-job.ts";
import { instant } from "../../src/domain/ids.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { Steps } from "../../src/ports/job-queue.ts";
import { publish } from "../../src/stages/publish.ts";

/** What a worker process of a test is told, as one JSON argument. */
export interface WorkerOrder {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  readonly privateKey: string;
  readonly proposal: Proposal;
  /** The step after whose work, and before whose result is kept, this process kills itself. */
  readonly dieAt?: string;
}

const order = JSON.parse(process.argv[2] ?? "{}") as WorkerOrder;
const ledger = filesOf(order.folder).ledger();
const queue = OpenworkflowJobQueue.open(`${order.folder}/jobs.db`, ledger);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const { probot } = await makeProbot(
  { id: "7", privateKey: order.privateKey, webhookSecret: "not needed here at all", apiUrl: order.url },
  () => undefined,
  [],
);
const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };

const handler = runJob({
  octokit: (installation) => probot.auth(installation),
  app: 7,
  documents: ledger,
  clusters: async () => [],
  now: () => instant("2026-01-10T00:00:00.000Z"),
  turns: new FewAtOnce(2),
  permissions: permissionLookUps(() => 0),
  mayBegin: async () => undefined,
  token: async () => order.token,
  async read() {
    appendFileSync(`${order.folder}/proofs`, "x");
    return { proposal: order.proposal };
  },
  async publish() {
    const forge = githubForge({ token: order.token, baseUrl: order.url, retry });
    const done = await publish(order.proposal, forge, ledger, { scanSecrets: async () => [] });
    const number = done.pull?.number ?? 0;
    return { published: done.result === "published", text: `Pull request opened: #${number}`, pull: number };
  },
  askForApproval: async () => undefined,
  log: quiet,
});

const dying = (steps: Steps): Steps => ({
  run: (name, work) =>
    steps.run(name, async () => {
      const result = await work();
      if (name === order.dieAt) process.kill(process.pid, "SIGKILL");
      return result;
    }),
});

queue.work(runJobName, async (job, steps, signal) => {
  await handler(job, dying(steps), signal);
  process.stdout.write("done\n");
});
await queue.start();
