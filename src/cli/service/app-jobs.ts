import type { Probot } from "probot";
import { approvalJobName, askForApprovalLook } from "../../app/approval/approval-request.ts";
import { approvalJob, type ApprovalParts } from "../../app/approval/approvals.ts";
import type { Assignment } from "../../app/commands/assignment.ts";
import { commandJob } from "../../app/commands/command-job.ts";
import {
  commandJobName,
  type CommandRequest,
  commandRequestSchema,
  repositoryOf,
  requestKey,
  runJobName,
} from "../../app/commands/command-request.ts";
import { mergeGroupJob, mergeGroupJobName } from "../../app/checks/merge-group.ts";
import { ownerDefaults } from "../../app/onboarding/owner-defaults.ts";
import { dashboardJob, dashboardJobName, refreshDashboard } from "../../app/dashboard/dashboard.ts";
import { configJob } from "../../app/configuration/config-job.ts";
import { configJobName } from "../../app/configuration/config-request.ts";
import { fencedQueue, type Fences } from "../../app/fenced-steps.ts";
import { setUpJobName } from "../../app/onboarding/set-up-request.ts";
import { meantCluster, type PeopleParts } from "../../app/commands/people-commands.ts";
import { permissionLookUps } from "../../app/commands/permission-look-ups.ts";
import { pullJobName } from "../../app/pulls/pull-change.ts";
import { pullJob } from "../../app/pulls/pull-job.ts";
import { type ReadReport, type RunEnd, runJob, type RunJobParts } from "../../app/run-job.ts";
import type { Places } from "../../compose.ts";
import { mintToken, projectBoundTo } from "../../compose/app-service.ts";
import { apiOf, publishInOwnProcess } from "../../compose/publishing.ts";
import { lastClusters, limitsOf, overspent, paused, spentFor } from "../../compose/standing.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { decisiveVerdict } from "../../domain/evidence.ts";
import { clusterId, type ProposalId } from "../../domain/ids.ts";
import { safeInline } from "../../domain/text/safe-text.ts";
import { FewAtOnce } from "../../pipeline/few-at-once.ts";
import { rememberEnd } from "../../pipeline/standing/runs.ts";
import { jobOfProposal, lastJobOf } from "../../pipeline/standing/jobs.ts";
import { knownPull, publishedProposal } from "../../pipeline/standing/pulls.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import type { Ledger } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import type { Visibility } from "../../report/evidence-markdown.ts";
import type { RunReport } from "../commands/run.ts";
import type { CliContext } from "../context.ts";
import { dashboardParts } from "./dashboard-jobs.ts";
import { explanation } from "./explanation.ts";
import { keptText, readOnMirror } from "./reading-process.ts";
import { notSetUp, problemsOfFile, registerSetUp } from "./set-up-jobs.ts";
import { program } from "../program.ts";
import { describeEnd, shortEnd } from "../report.ts";

/** Runs that read sessions at once in this process. */
const readingAtOnce = 2;

export interface AppParts {
  readonly context: CliContext;
  readonly places: Places;
  readonly operator: OperatorSettings;
  readonly ledger: Ledger;
  readonly log: Log;
  /** The App's number. */
  readonly app: number;
  readonly probot: Probot;
  readonly approvals: ApprovalParts;
  /** Of what looks and then writes; their guard is among the client's. */
  readonly fences: Fences;
}

/** Registers what works on the App's jobs. */
export function registerJobs(plain: Pick<JobQueue, "add" | "work">, parts: AppParts): void {
  // What takes long reads only, and publishing has a fence of its own.
  const queue = fencedQueue(plain, parts.fences, { [runJobName]: ["prove", "publish"], [setUpJobName]: ["survey", "publish"] });
  const { app, context, ledger, log, operator, probot } = parts;
  const shared = {
    octokit: (installation: number) => probot.auth(installation),
    app,
    documents: ledger,
    clusters: (repository: string) => lastClusters(repository, ledger, operator),
    now: context.now,
  };
  queue.work(pullJobName, pullJob({ ...shared, log, ...(operator.stopLabel === undefined ? {} : { stopLabel: operator.stopLabel }) }));
  const quick = commandJob({
    ...shared,
    limits: limitsOf(operator),
    spent: (repository) => spentFor(repository, ledger, operator, context.now()),
    explain: (request) => explain(request, shared, parts),
  });
  queue.work(commandJobName, async (job, steps, signal) => {
    await quick(job, steps, signal);
    await refreshDashboard(queue, ledger, commandRequestSchema.parse(job.payload), `command ${job.key}`);
  });
  registerSetUp(queue, parts);
  queue.work(approvalJobName, approvalJob({ ...parts.approvals, octokit: shared.octokit }));
  queue.work(mergeGroupJobName, mergeGroupJob({ ...shared, problemsIn: problemsOfFile, approvals: parts.approvals }));
  queue.work(configJobName, configJob({ ...shared, problemsIn: problemsOfFile, log }));
  queue.work(
    runJobName,
    runJob({
      ...shared,
      turns: new FewAtOnce(readingAtOnce),
      permissions: permissionLookUps(() => Date.parse(context.now())),
      mayBegin: async (request) =>
        (await notSetUp(request, queue, parts)) ??
        (await paused(repositoryOf(request), request.onPull === true ? request.issue : undefined, ledger)) ??
        overspent(`${request.owner}/${request.repository}`, ledger, operator, context.now()),
      token: async (request, access) => mintToken(await probot.auth(), request, access),
      read: reader(parts),
      publish: (report, assignment, token) => publishRun(parts, report, assignment, token),
      askForApproval: (request, number) => {
        const { installation, owner, repository } = request;
        return askForApprovalLook(queue, { installation, owner, repository, number }, `run ${requestKey(request)}`);
      },
      changed: (request, what) => refreshDashboard(queue, ledger, request, `${what} ${requestKey(request)}`),
      log,
    }),
  );
  queue.work(dashboardJobName, dashboardJob({ ...dashboardParts(parts), octokit: shared.octokit }));
}

/** The reading half of a run, in a process that is started without any forge secret, on a mirror of the repository. */
function reader(parts: AppParts): RunJobParts["read"] {
  const { ledger, operator, places, probot } = parts;
  return async (assignment, { commit, signal, token, visibility, watch }) => {
    const { recreate, request } = assignment;
    if (recreate !== undefined) return publishedBefore(ledger, recreate);
    const repository = `${request.owner}/${request.repository}`;
    const project = projectBoundTo(repository, operator);
    const revision = (await testedCommit(assignment, ledger)) ?? commit;
    const text = await ownerDefaults(await probot.auth(request.installation), request.owner, request.repository);
    using defaults = keptText(places.data, text);
    const flags = { project, ...flagsOf(assignment, visibility), defaults: defaults.path };
    return await readOnMirror<RunReport>(parts, { repository, commit: revision, token }, { command: "run", flags }, { signal, watch });
  };
}

/** What was published once is published again as it was: nothing is read for it. */
async function publishedBefore(ledger: Ledger, id: ProposalId): Promise<ReadReport> {
  const [proposal, job] = [await publishedProposal(ledger, id), await jobOfProposal(ledger, id)];
  if (proposal === undefined || job === undefined) {
    const why = "the ledger does not know what was proposed here";
    return { finding: { end: "left-alone", why, remedy: "`/tuneup run` looks at the failure anew." } } as ReadReport;
  }
  const finding = { end: "proposed", verdict: decisiveVerdict(job.evidence), proposal: id } as const;
  return { finding, proposal, cluster: proposal.cluster } as ReadReport;
}

/** The commit of an earlier job that is taken up there; `undefined` where the newest one is wanted. */
async function testedCommit({ cluster, later, request }: Assignment, ledger: Ledger): Promise<string | undefined> {
  if (later === undefined || later.kind === "rebase") return undefined;
  const named = cluster === undefined ? undefined : lastJobOf(ledger, repositoryOf(request), clusterId(cluster));
  const job = await (later.of === undefined ? named : jobOfProposal(ledger, later.of));
  return job?.attempt.commit;
}

/** Who is named as co-author; nobody for a run that nobody asked for. */
function startedBy({ login, scheduled, user }: CommandRequest): string | undefined {
  if (scheduled !== undefined) return undefined;
  return user === undefined ? login : `${user}+${login}`;
}

const flagsOf = ({ cluster, later, request, seed }: Assignment, visibility: Visibility): Readonly<Record<string, string | undefined>> => ({
  cluster,
  seed: seed?.toString(),
  again: later?.kind,
  of: later?.of,
  words: later?.words,
  more: later?.more?.toString(),
  "started-by": startedBy(request),
  visibility,
});

async function publishRun(parts: AppParts, handed: ReadReport, assignment: Assignment, token: string): Promise<RunEnd> {
  const { context, ledger, places } = parts;
  const report = handed as RunReport;
  if (report.cluster !== undefined) {
    const end = { ...shortEnd(report.finding), at: context.now() };
    await rememberEnd(ledger, repositoryOf(assignment.request), report.cluster, end);
  }
  if (report.proposal === undefined || report.finding.end !== "proposed")
    return {
      published: false,
      text: safeInline(describeEnd(report.finding), 1500),
      ...(report.finding.end === "model-not-configured" ? { conclusion: "action_required" } : {}),
    };
  const recreate = assignment.recreate !== undefined;
  const traceparent = context.telemetry?.here();
  const publication = await publishInOwnProcess(report.proposal, {
    data: places.data,
    repo: context.cwd,
    forge: "github",
    program,
    token,
    recreate,
    ...apiOf(context.environment),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(places.operatorFile === undefined ? {} : { operatorFile: places.operatorFile }),
  });
  if (publication.result === "left-alone") {
    const remedy = publication.remedy === undefined ? "" : ` ${publication.remedy}`;
    const conclusion = publication.remedy === undefined ? "neutral" : "action_required";
    return { published: false, text: safeInline(`Left alone: ${publication.why}.${remedy}`, 1500), conclusion };
  }
  const { pull } = publication;
  const what = recreate ? "The branch was made anew" : pull.adopted ? "The pull request is up to date" : "Pull request opened";
  return { published: true, text: `${what}: #${pull.number}`, pull: pull.number, head: pull.head };
}

/** The last tested job of the pull request or failure that is meant, as a page. */
async function explain(request: CommandRequest, people: PeopleParts, { ledger, probot }: AppParts): Promise<string | undefined> {
  const repository = repositoryOf(request);
  const pull = request.issue === undefined ? undefined : await knownPull(ledger, repository, request.issue);
  const meant = await meantCluster(request, people);
  const job =
    pull === undefined
      ? meant.found
        ? await lastJobOf(ledger, repository, meant.cluster.id)
        : undefined
      : await jobOfProposal(ledger, pull.proposal);
  if (job === undefined) return undefined;
  const octokit = await probot.auth(request.installation);
  const { data } = await octokit.rest.repos.get({ owner: request.owner, repo: request.repository });
  return explanation(job, data.private ? "private" : "public");
}
