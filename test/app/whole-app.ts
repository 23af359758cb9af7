import { ProbotOctokit } from "probot";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { approvalJobName, askForApprovalLook } from "../../src/app/approval/approval-request.ts";
import { approvalJob, type ApprovalParts, keepApprovals } from "../../src/app/approval/approvals.ts";
import { type DashboardParts, dashboardJob, dashboardJobName, keepDashboard, type Wanted } from "../../src/app/dashboard/dashboard.ts";
import { dashboardState } from "../../src/app/dashboard/dashboard-state.ts";
import type { FailureCluster } from "../../src/domain/cluster.ts";
import { mergeGroupJob, mergeGroupJobName } from "../../src/app/checks/merge-group.ts";
import { problemsOfFile } from "../../src/cli/service/set-up-jobs.ts";
import { commandJob } from "../../src/app/commands/command-job.ts";
import { commandJobName } from "../../src/app/commands/command-request.ts";
import { FewAtOnce } from "../../src/pipeline/few-at-once.ts";
import { permissionLookUps } from "../../src/app/commands/permission-look-ups.ts";
import { pullJobName } from "../../src/app/pulls/pull-change.ts";
import { pullJob, type PullParts } from "../../src/app/pulls/pull-job.ts";
import { runJob, type RunJobParts } from "../../src/app/run-job.ts";
import { checkCredentials, startWebhookServer, webhookPath } from "../../src/app/webhook-server.ts";
import { clusterId, instant } from "../../src/domain/ids.ts";
import { defaultLimits } from "../../src/domain/publishing/limits.ts";
import { outgoingGuard } from "../../src/stages/publish.ts";
import { GithubWorld } from "../world/github.ts";
import { pressCheck } from "../world/routes/checks.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The App against GitHub's stand-in: real webhooks in, real requests out, past the last look; only reading and publishing are given. */
export interface WholeApp {
  readonly world: GithubWorld;
  readonly ledger: MemoryLedger;
  readonly queue: MemoryJobQueue;
  readonly octokit: ProbotOctokit;
  /** The App's clock in milliseconds since 1970; moved by tests. GitHub's own is the machine's, for it looks at signed times. */
  readonly clock: { now: number };
  /** An open issue. */
  readonly issue: number;
  /** Somebody comments at it, everything that follows has happened, and the comment's reactions are returned. */
  say(login: string, body: string, issue?: number): Promise<readonly string[]>;
  /** Waits until nothing is on its way. */
  settled(): Promise<void>;
  /** What the repository wants and what its scan found, for the dashboard; set by tests. */
  readonly dashboard: { wanted: Wanted; clusters: readonly FailureCluster[] };
  /** What the upkeep does about the dashboard in each round. */
  keepDashboard(): Promise<void>;
  /** What the upkeep does about approvals in each round. */
  keepApprovals(): Promise<void>;
  close(): Promise<void>;
}

export async function wholeApp(
  changes: Partial<RunJobParts> = {},
  files: Readonly<Record<string, string>> = { "prompts/system.md": "# Agent\n" },
  approval: Partial<ApprovalParts> = {},
): Promise<WholeApp> {
  const clock = { now: Date.parse("2026-01-20T12:00:00Z") };
  const now = () => instant(new Date(clock.now).toISOString());
  const world = await new GithubWorld(files).start();
  world.permissions.set("ada", "write");
  const dashboard: WholeApp["dashboard"] = { wanted: "no", clusters: [] };
  const ledger = new MemoryLedger();
  const queue = new MemoryJobQueue();
  const server = await startWebhookServer({
    credentials: checkCredentials({ id: "7", privateKey: world.app.privateKey, webhookSecret: world.app.webhookSecret, apiUrl: world.url }),
    queue,
    documents: ledger,
    clock: () => clock.now,
    log: quiet,
    port: 0,
    host: "127.0.0.1",
    guards: [outgoingGuard({ scanSecrets: findSecrets })],
  });
  world.app.hookUrl = `${server.url}${webhookPath}`;
  const shared: PullParts = { octokit: (installation) => server.probot.auth(installation), app: 7, documents: ledger, now, log: quiet };
  queue.work(
    "run",
    runJob({
      ...shared,
      turns: new FewAtOnce(2),
      permissions: permissionLookUps(() => clock.now),
      clusters: async () => [{ id: clusterId("c-4f1d"), title: "refunds without the policy" }],
      mayBegin: async () => undefined,
      token: async () => world.token,
      read: async () => ({}),
      publish: async () => ({ published: false, text: "No pull request: no evidence." }),
      askForApproval: ({ installation, owner, repository, comment }, number) =>
        askForApprovalLook(queue, { installation, owner, repository, number }, `run ${comment ?? 0}`),
      ...changes,
    }),
  );
  queue.work(pullJobName, pullJob(shared));
  const approvals: ApprovalParts = {
    ...shared,
    wanted: "another-person",
    alone: (_name, work) => work({ before: async () => undefined }),
    ...approval,
  };
  const dashboards: DashboardParts = {
    documents: ledger,
    app: 7,
    alone: approvals.alone,
    log: quiet,
    wanted: async () => dashboard.wanted,
    state: (repository) =>
      dashboardState(repository, {
        documents: ledger,
        clusters: async () => dashboard.clusters,
        limits: defaultLimits,
        overspent: async () => undefined,
        now,
      }),
  };
  queue.work(dashboardJobName, dashboardJob({ ...dashboards, octokit: shared.octokit }));
  queue.work(mergeGroupJobName, mergeGroupJob({ ...shared, problemsIn: problemsOfFile, approvals }));
  queue.work(approvalJobName, approvalJob({ ...approvals, octokit: shared.octokit }));
  const clusters = async () => [{ id: clusterId("c-4f1d"), title: "refunds without the policy" }];
  const spent = async () => undefined;
  queue.work(commandJobName, commandJob({ ...shared, clusters, limits: defaultLimits, spent, explain: async () => undefined }));
  await queue.start();
  const octokit = new ProbotOctokit({
    auth: { token: world.token },
    baseUrl: world.url,
    throttle: { enabled: false },
    retry: { enabled: false },
  });
  const created = await octokit.rest.issues.create({ owner: world.owner, repo: world.name, title: "An issue" });
  const settled = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await world.webhooks.idle();
      await queue.idle();
    }
  };
  return {
    world,
    ledger,
    queue,
    octokit,
    clock,
    issue: created.data.number,
    settled,
    dashboard,
    async keepDashboard() {
      await keepDashboard(await shared.octokit(99), { owner: world.owner, name: world.name }, dashboards);
      await settled();
    },
    keepApprovals: async () =>
      keepApprovals({ octokit: await shared.octokit(99), repository: { owner: world.owner, name: world.name } }, approvals),
    async say(login, body, issue = created.data.number) {
      const id = world.comment(issue, login, body);
      await settled();
      return world.comments.find((comment) => comment.id === id)?.reactions.map((reaction) => reaction.content) ?? [];
    },
    async close() {
      await queue.stop();
      await server.close();
      await world.stop();
    },
  };
}

/** What people do at the page of a check. */
export function checkPage({ world }: WholeApp): { readonly press: (id: number, press: Parameters<typeof pressCheck>[2]) => void } {
  const repository = world.repository(world.owner, world.name);
  if (repository === undefined) throw new Error("there is no repository");
  return { press: (id, press) => pressCheck({ repository, world }, id, press) };
}
