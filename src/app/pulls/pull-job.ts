import type { ProbotOctokit } from "probot";
import { type Instant, instant, type RepositoryId } from "../../domain/ids.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import { safeCode, safeInline, visible } from "../../domain/text/safe-text.ts";
import { editOf } from "../../pipeline/later/again.ts";
import { rememberTried } from "../../pipeline/memory.ts";
import { jobOfProposal } from "../../pipeline/standing/jobs.ts";
import { ignoreFailure, takeUpAgain } from "../../pipeline/standing/people.ts";
import { keepPull, knownPull, rememberMerge } from "../../pipeline/standing/pulls.ts";
import type { JobHandler } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { type AnswerKind, say } from "../commands/answer.ts";
import { hasForeignCommits } from "./foreign-commits.ts";
import { type PullChange, pullChangeSchema } from "./pull-change.ts";

export const defaultStopLabel = "tuneup:stop";

export interface PullParts {
  /** An authenticated client of the installation. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  /** The App's number: only its own comments are edited. */
  readonly app: number;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** Label that stops all updates of a pull request. */
  readonly stopLabel?: string;
  readonly now: () => Instant;
  readonly log: Log;
}

type Live = Awaited<ReturnType<ProbotOctokit["rest"]["pulls"]["get"]>>["data"];

interface Scope {
  readonly change: PullChange;
  readonly octokit: ProbotOctokit;
  readonly repository: RepositoryId;
  readonly known: KnownPull;
  /** As GitHub says it now: webhooks come late and in any order. */
  readonly live: Live;
}

/** Takes note of what people did to one of our pull requests, and says once what follows from it. Other pull requests are nobody's business. */
export function pullJob(parts: PullParts): JobHandler {
  return async (job, steps) => {
    const change = pullChangeSchema.parse(job.payload);
    await steps.run("note", async () => {
      const repository = { owner: change.owner, name: change.repository };
      const known = await knownPull(parts.documents, repository, change.number);
      if (known === undefined) return;
      const octokit = await parts.octokit(change.installation);
      const { data: live } = await octokit.rest.pulls.get({ owner: change.owner, repo: change.repository, pull_number: change.number });
      await note({ change, octokit, repository, known, live }, parts);
    });
  };
}

async function note(scope: Scope, parts: PullParts): Promise<void> {
  const { known, live } = scope;
  if (live.merged_at !== null) return known.life === "merged" ? undefined : merged(scope, live.merged_at, parts);
  if (live.state === "closed") return known.life === "open" ? closed(scope, parts) : undefined;
  const tidied = known.life === "superseded" && scope.change.action === "reopened";
  if (known.life === "closed" || tidied) return reopened(scope, parts);
  if (known.life === "open") await openAndChanged(scope, parts);
}

async function merged({ change, known, live, repository }: Scope, at: string, { documents }: PullParts): Promise<void> {
  const endedAt = instant(new Date(at).toISOString());
  await keepPull(documents, repository, { ...unqueued(known), life: "merged", endedAt, endedBy: live.merged_by?.login ?? change.by });
  await rememberMerge(documents, repository, {
    pull: known.number,
    proposal: known.proposal,
    cluster: known.cluster,
    commit: live.merge_commit_sha ?? "",
    at: endedAt,
  });
}

/** Closed by a person: the failure is left alone from now on, its edit is not drafted again, and one short comment says so. */
async function closed(scope: Scope, parts: PullParts): Promise<void> {
  const { change, known, repository } = scope;
  const { documents, now } = parts;
  const at = now();
  const reason = await lastWords(scope);
  await keepPull(documents, repository, { ...unqueued(known), life: "closed", endedAt: at, endedBy: change.by });
  const title = (await jobOfProposal(documents, known.proposal))?.evidence.cluster.title ?? "";
  await ignoreFailure(documents, repository, { cluster: known.cluster, title, by: change.by, at, reason, pull: known.number });
  const job = await jobOfProposal(documents, known.proposal);
  const candidate = job === undefined ? undefined : editOf(job);
  if (candidate !== undefined) {
    const why = reason === "" ? "a person closed its pull request" : reason;
    await rememberTried(documents, { repository, cluster: known.cluster }, { candidate, result: "closed", why, at });
  }
  const because = reason === "" ? "" : ` Remembered with your words: ${safeInline(reason, 200)}.`;
  await speak(
    scope,
    "closed",
    `Closed by ${safeCode(change.by, 40)}: Tuneup proposes nothing more for this failure.${because} \`/tuneup unignore\` here takes it up again.`,
    parts,
  );
}

const longestReason = 300;

/** What the person who closed it said last there, if anything: the first lines of it, commands left out. */
async function lastWords({ change, octokit }: Scope): Promise<string> {
  const { number, owner, repository } = change;
  const comments = await octokit.paginate(octokit.rest.issues.listComments, {
    owner,
    repo: repository,
    issue_number: number,
    per_page: 100,
  });
  const own = comments.filter(
    (one) => one.user?.login === change.by && one.user.type === "User" && one.body?.startsWith("/tuneup") !== true,
  );
  return visible(own.at(-1)?.body ?? "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, longestReason);
}

async function reopened({ change, known, repository }: Scope, { documents, now }: PullParts): Promise<void> {
  const { endedAt: _endedAt, endedBy: _endedBy, ending: _ending, ...open } = unqueued(known);
  await keepPull(documents, repository, { ...open, life: "open", touchedAt: now() });
  await takeUpAgain(documents, repository, known.cluster, { by: change.by, at: now() });
}

/** What has ended, or begins again, stands in no merge queue, whatever the last event was. */
const unqueued = ({ queued: _queued, ...rest }: KnownPull): KnownPull => rest;

/** GitHub's REST API does not say it, so the last event counts; a push takes a pull request out of the queue. */
function isQueued({ change, known }: Scope): boolean {
  if (change.action === "enqueued") return true;
  return known.queued === true && change.action !== "dequeued" && change.action !== "synchronize";
}

/** Open, and its commits or labels may have changed. */
async function openAndChanged(scope: Scope, parts: PullParts): Promise<void> {
  const { known, live, octokit, repository } = scope;
  const edited = await hasForeignCommits(octokit, repository, known.number);
  const stopped = live.labels.some((label) => label.name === (parts.stopLabel ?? defaultStopLabel));
  const { edited: _edited, queued: _queued, stopped: _stopped, ...rest } = known;
  await keepPull(parts.documents, repository, {
    ...rest,
    ...(edited ? { edited } : {}),
    ...(stopped ? { stopped } : {}),
    ...(isQueued(scope) ? { queued: true } : {}),
    ...(scope.change.person === true ? { touchedAt: parts.now() } : {}),
  });
  if (edited && known.edited !== true)
    await speak(
      scope,
      "edited",
      "Edited, updates paused: somebody else has committed to this branch, so Tuneup keeps its hands off. `/tuneup recreate` makes the branch anew and drops their commits.",
      parts,
    );
}

async function speak({ change, octokit }: Scope, kind: AnswerKind, text: string, { app }: PullParts): Promise<void> {
  await say(octokit, { owner: change.owner, repo: change.repository, issue: change.number }, { kind, text }, app);
}
