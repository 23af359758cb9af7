import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type House, localRepository, openWorkspace, scanSecrets } from "../compose.ts";
import { type JobParts, jobOf } from "../compose/job.ts";
import { type OwnerDefaults, repositoryWishes } from "../compose/repository-wishes.ts";
import { expireTranscripts } from "../compose/stores/kept-transcripts.ts";
import { definitionsInRepository } from "../compose/tool-definitions.ts";
import type { FailureCluster } from "../domain/cluster.ts";
import { asJson, digestOfJson, shortDigest } from "../domain/digest.ts";
import { TuneupError } from "../domain/errors.ts";
import type { Evidence } from "../domain/evidence.ts";
import type { Finding } from "../domain/finding.ts";
import { type ClusterId, digest, type Json, type RepositoryId } from "../domain/ids.ts";
import type { Usage } from "../domain/message.ts";
import { expiredPull } from "../domain/publishing/limits.ts";
import type { IgnoredFailure } from "../domain/publishing/standing.ts";
import type { Session } from "../domain/session.ts";
import { documentSteps, eligible, improve, type JobInput, type JobResult, type JobTools, prepare } from "../pipeline.ts";
import { recallTried, rememberTried, triedIn } from "../pipeline/memory.ts";
import { keepJob } from "../pipeline/standing/jobs.ts";
import { ignoredFailures } from "../pipeline/standing/people.ts";
import { knownPulls, recordedMerges, type RecordedMerge } from "../pipeline/standing/pulls.ts";
import { mergeAfter, sinceMerge } from "../pipeline/standing/since-merge.ts";
import type { Scanned } from "../pipeline/scan.ts";
import type { Steps } from "../ports/job-queue.ts";
import type { Checkout } from "../ports/workspace.ts";
import type { ConfiguredModels } from "../compose/models.ts";
import type { CliContext } from "./context.ts";
import { describeEnd } from "./report.ts";
import { findCluster, runtimeOf } from "./scan-project.ts";

export interface JobOptions {
  readonly repo: string;
  readonly github?: string;
  readonly revision: string;
  readonly cluster?: string;
  readonly seed: number;
  readonly inFlight: number;
  readonly startedBy?: string;
  /** File with settings below the repository's own. */
  readonly defaults?: string;
  /** In a public repository sessions are named by digests only; private where absent. */
  readonly visibility?: "public" | "private";
}

/** `owner/name` of `--github`, else a local name. */
export function repositoryOf(options: Pick<JobOptions, "repo" | "github">): RepositoryId {
  if (options.github === undefined) return localRepository(options.repo);
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))\/([A-Za-z0-9._-]{1,100})$/.exec(options.github);
  if (match === null)
    throw new TuneupError("usage", `"${options.github}" is not a GitHub repository.`, { remedy: "Write --github owner/name." });
  return { owner: match[1] ?? "", name: match[2] ?? "" };
}

/** The owner's defaults from the file that was named. */
function defaultsOf({ cwd }: CliContext, { defaults, github }: JobOptions): OwnerDefaults | undefined {
  if (defaults === undefined) return undefined;
  const path = resolve(cwd, defaults);
  const where =
    github === undefined ? defaults : `.github/tuneup.yml in ${github.split("/")[0] ?? ""}/.github, which holds for all repositories,`;
  try {
    return { text: readFileSync(path, "utf8"), where };
  } catch (cause) {
    throw new TuneupError("file-unreadable", `The defaults ${path} cannot be read.`, {
      remedy: "Check --defaults.",
      fields: { path },
      cause,
    });
  }
}

export async function openCheckout(context: CliContext, options: Pick<JobOptions, "repo" | "github" | "revision">): Promise<Checkout> {
  const path = resolve(context.cwd, options.repo);
  return openWorkspace(path, repositoryOf({ ...options, repo: path })).open(options.revision);
}

/** The cluster to work on: the one asked for, else the largest with a visible cause that nobody wants left alone. */
export function chooseCluster(
  clusters: readonly FailureCluster[],
  wanted: string | undefined,
  unwanted: readonly ClusterId[] = [],
): FailureCluster | undefined {
  if (wanted !== undefined) return findCluster(clusters, wanted);
  return eligible(clusters).find((cluster) => !unwanted.includes(cluster.id));
}

const leftAlone = (ignored: IgnoredFailure): Finding => ({
  end: "left-alone",
  why: `${ignored.by} wants this failure left alone${ignored.reason === "" ? "" : ` (${ignored.reason})`}`,
  remedy: `\`/tuneup unignore ${ignored.cluster}\` takes it up again.`,
});

/** Where all that could be worked on waits for traces from after its merge. */
function settledOnly(scanned: Scanned, settled: readonly FailureCluster[], merges: readonly RecordedMerge[]): Finding | undefined {
  const [first] = eligible(settled);
  const merged = first === undefined ? undefined : mergeAfter(first, merges);
  return merged === undefined ? undefined : sinceMerge(merged, scanned.sessions);
}

/** One job, ready to run: what `improve` and its parts take, and the name under which its finished steps are kept. */
export interface PreparedJob extends AdaptableJob {
  readonly cluster: FailureCluster;
  readonly checkout: Checkout;
  readonly name: string;
}

interface AdaptableJob {
  readonly input: JobInput;
  readonly tools: JobTools;
}

/** What makes a job a later one of an earlier job: its own input and tools, and what tells it from the earlier one. */
export interface Adaptation {
  readonly apply: (job: AdaptableJob) => AdaptableJob;
  readonly mark: Json;
}

/** Prepares the job of one cluster and hands it to `work`; the checkout is closed afterwards. Without a drafter `work` gets none of it. */
export async function withJob<T>(
  context: CliContext,
  house: House,
  scanned: Scanned,
  options: JobOptions,
  work: (job: PreparedJob) => Promise<T>,
): Promise<T | { readonly finding: Finding }> {
  const repository = repositoryOf({ ...options, repo: resolve(context.cwd, options.repo) });
  const ignored = await ignoredFailures(house.ledger, repository);
  const merges = await recordedMerges(house.ledger, repository);
  const settled = scanned.document.clusters.filter((cluster) => mergeAfter(cluster, merges) !== undefined);
  // Nobody looked at what was proposed: testing it again would only keep other failures waiting, unless a person asks.
  const pulls = options.startedBy === undefined ? await knownPulls(house.ledger, repository) : [];
  const cluster = chooseCluster(scanned.document.clusters, options.cluster, [
    ...scanned.document.clusters.flatMap((one) => (expiredPull(one.id, pulls) === undefined ? [] : [one.id])),
    ...ignored.map((one) => one.cluster),
    ...settled.map((one) => one.id),
  ]);
  if (cluster === undefined) return { finding: settledOnly(scanned, settled, merges) ?? noCluster(scanned, ignored) };
  const unwanted = ignored.find((one) => one.cluster === cluster.id);
  if (unwanted !== undefined) return { finding: leftAlone(unwanted) };
  const merged = mergeAfter(cluster, merges);
  if (merged !== undefined) return { finding: sinceMerge(merged, scanned.sessions) };
  await using checkout = await openCheckout(context, options);
  const definitions = await definitionsInRepository(scanned.sessions, checkout);
  const wishes = await repositoryWishes(checkout, defaultsOf(context, options));
  const { drafter } = house.models;
  await expireTranscripts(house.ledger, house.operator, context.now());
  const tried = await recallTried(house.ledger, { repository: checkout.repository, cluster: cluster.id });
  const scope = { scanned, cluster, definitions, options, tried, ...wishes };
  if (drafter === undefined) return { finding: await endWithoutModel(context, house, scope, checkout) };
  const { input, tools } = jobOf(partsOf(house, { ...house.models, drafter }, scope));
  return work({ cluster, checkout, input, tools, name: nameOf(house, scope, checkout, input) });
}

/** Everything up to a proposal, for one cluster. What was measured stays in the ledger whatever happens. */
export async function runJob(
  context: CliContext,
  house: House,
  scanned: Scanned,
  options: JobOptions,
  adaptation?: Adaptation,
): Promise<JobResult & { readonly cluster?: ClusterId }> {
  return withJob(context, house, scanned, options, async (prepared) => {
    const job = adaptation === undefined ? prepared : adapted(prepared, adaptation);
    const steps = documentSteps(house.ledger, job.name);
    const result = await improve(job.input, job.checkout, job.tools, steps, runtimeOf(context));
    if (result.spent !== undefined) await bookOnce(context, house, scanned, result.spent, steps);
    await remember(context, house, job, result);
    const { attempt, evidence, proposal } = result;
    if (attempt !== undefined && evidence !== undefined)
      await keepJob(house.ledger, { attempt, evidence, ...(proposal === undefined ? {} : { proposal: proposal.id }) });
    return { ...result, cluster: job.cluster.id };
  });
}

const adapted = (job: PreparedJob, { apply, mark }: Adaptation): PreparedJob => ({
  ...job,
  ...apply(job),
  name: digestOfJson([job.name, mark]),
});

/** A job that is run again finds its finished steps, and must not be paid for in the ledger a second time. */
async function bookOnce(context: CliContext, house: House, scanned: Scanned, spent: Usage, steps: Steps): Promise<void> {
  await steps.run("spend", () => house.ledger.spend(scanned.document.project, "job", spent, context.now()));
}

/** Keeps what was tried for the next job on this failure; the same edit is kept once. */
async function remember(context: CliContext, house: House, { checkout, cluster }: PreparedJob, result: JobResult): Promise<void> {
  const place = { repository: checkout.repository, cluster: cluster.id };
  for (const { attempt, evidence } of [result.whole ?? {}, result]) {
    if (attempt === undefined || evidence === undefined) continue;
    for (const tried of triedIn(attempt, evidence, context.now())) await rememberTried(house.ledger, place, tried);
  }
}

/** The same inputs are the same job: what a crashed or repeated run finished is found again by this name. */
function nameOf(house: House, scope: Scope, checkout: Checkout, input: JobInput): string {
  const { scanned, cluster, options } = scope;
  return digestOfJson(
    asJson({
      project: scanned.document.project,
      commit: checkout.commit,
      cluster: cluster.id,
      members: cluster.members,
      sessions: scanned.sessions.map((session) => session.id),
      seed: options.seed,
      models: input.verification.models,
      plan: input.verification.plan,
      rubric: input.verification.rubric.digest,
      effects: input.verification.effects,
      prompt: house.prompts.draft.digest,
      repository: scope.repository,
      ...(options.visibility === "public" ? { visibility: options.visibility } : {}),
    }),
  );
}

interface Scope {
  readonly scanned: Scanned;
  readonly cluster: FailureCluster;
  readonly definitions: Session["tools"];
  readonly options: JobOptions;
  readonly tried: JobParts["tried"];
  readonly repository: JobParts["repository"];
  readonly ignoredPaths: readonly string[];
}

function partsOf(house: House, models: ConfiguredModels & Pick<JobParts["models"], "drafter">, scope: Scope): JobParts {
  return {
    cluster: scope.cluster,
    scan: scope.scanned.document,
    sessions: scope.scanned.sessions,
    definitions: scope.definitions,
    operator: house.operator,
    models,
    prompts: house.prompts,
    ...(house.evaluator === undefined ? {} : { evaluator: house.evaluator }),
    scanSecrets,
    documents: house.ledger,
    seed: scope.options.seed,
    inFlight: scope.options.inFlight,
    visibility: scope.options.visibility ?? "private",
    tried: scope.tried,
    repository: scope.repository,
    ignoredPaths: scope.ignoredPaths,
    ...(scope.options.startedBy === undefined ? {} : { startedBy: scope.options.startedBy }),
  };
}

function noCluster(scanned: Scanned, ignored: readonly IgnoredFailure[]): Finding {
  const { document } = scanned;
  const unwanted = ignored.find((one) => eligible(document.clusters).some((cluster) => cluster.id === one.cluster));
  if (unwanted !== undefined) return leftAlone(unwanted);
  if (document.failed === 0)
    return {
      end: "no-failures",
      why: `none of the ${document.sessions} sessions is known to have failed${document.unclear > 0 ? `, ${document.unclear} are unclear` : ""}`,
    };
  const largest = document.clusters[0];
  const hint = largest === undefined ? "" : `; the largest group is "${largest.title}" (--cluster ${largest.id})`;
  return {
    end: "no-failures",
    why: `${document.failed} sessions failed, but no group of them shows a cause that an edit could mend${hint}`,
  };
}

/** Without a model everything before drafting still runs, so that the user sees what is there. */
async function endWithoutModel(context: CliContext, house: House, scope: Scope, checkout: Checkout): Promise<Finding> {
  const nobody = { model: "none", simulated: false, complete: () => Promise.reject(new Error("no model")) };
  const { input, tools } = jobOf(partsOf(house, { ...house.models, drafter: nobody }, scope));
  const prepared = await prepare(input, checkout, tools.attempt, runtimeOf(context));
  const besides = prepared.result === "ended" ? ` Besides: ${describeEnd(prepared.finding)}` : "";
  return {
    end: "model-not-configured",
    why: `${house.models.missing ?? "no model is configured"}${besides}`,
    remedy: "Then run the same command again; nothing read so far is read twice.",
  };
}

/** Writes the evidence beside the ledger and says where. */
export function keepEvidence(house: House, evidence: Evidence): string {
  const folder = join(house.data, "evidence");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${shortDigest(digest(evidence.job))}.json`);
  writeFileSync(path, `${JSON.stringify(evidence, undefined, 2)}\n`);
  return path;
}
