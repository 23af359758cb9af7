import type { ProbotOctokit } from "probot";
import { digestOf } from "../../domain/digest.ts";
import { type Instant, instant, type RepositoryId } from "../../domain/ids.ts";
import { day, endingOf, expiryOf, type Lifetimes, mayEnd } from "../../domain/publishing/lifetimes.ts";
import type { KnownPull, PullEnding } from "../../domain/publishing/standing.ts";
import { safeCode } from "../../domain/text/safe-text.ts";
import { jobOfProposal } from "../../pipeline/standing/jobs.ts";
import { pauses, repositoryKey } from "../../pipeline/standing/people.ts";
import { keepPull, knownPulls, publishedProposal } from "../../pipeline/standing/pulls.ts";
import type { Documents } from "../../ports/ledger.ts";
import { say } from "../commands/answer.ts";
import { hasForeignCommits } from "../pulls/foreign-commits.ts";
import { deleteBranch, withEnding } from "../pulls/supersede.ts";
import { fileText } from "./file-text.ts";

/** What scans tell of the failure behind a pull request. */
export interface FailureNow {
  /** Scans in a row that did not find it. */
  readonly missedScans: number;
  readonly lastSeen?: Instant;
  /** What the agent's newest session ran on; absent where nobody knows, or the operator chose the agent's model. */
  readonly model?: string;
}

export interface SettleParts {
  /** Authenticated as the installation on this repository. */
  readonly octokit: ProbotOctokit;
  /** The App's number: only its own comments are edited. */
  readonly app: number;
  readonly repository: RepositoryId;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  readonly lifetimes: Lifetimes;
  readonly failureNow: (pull: KnownPull) => Promise<FailureNow>;
  readonly now: Instant;
}

/**
 * Once a day: closes pull requests of ours whose failure has vanished, or that nobody has looked at for long, and says of others that their evidence
 * is getting old. Never one that a person has committed to, stopped, queued or paused, or where one gave a sign of life of late. What broke off in the
 * middle of an ending goes on at the next call. Returns how many it ended; throws the first failure of one pull request after all others were looked at.
 */
export async function settlePulls(parts: SettleParts): Promise<number> {
  const { documents, now, repository } = parts;
  const key = `settled/${repositoryKey(repository)}`;
  const pulls = await knownPulls(documents, repository);
  const failures: unknown[] = [];
  let ended = 0;
  const each = async (chosen: readonly KnownPull[], work: (pull: KnownPull) => Promise<"ended" | "stays">): Promise<void> => {
    for (const pull of chosen)
      try {
        if ((await work(pull)) === "ended") ended += 1;
      } catch (error) {
        // One that cannot be looked at must not keep the others waiting.
        failures.push(error);
      }
  };
  await each(pulls.filter(isHalfEnded), (pull) => goOn(pull, parts));
  if ((await documents.get(key)) !== now.slice(0, 10)) {
    const paused = await pauses(documents, repository);
    const isPaused = (number?: number): boolean => paused.some((one) => one.pull === number);
    const due = isPaused() ? [] : pulls.filter((pull) => mayEnd(pull) && !isPaused(pull.number));
    await each(due, (pull) => settle(pull, parts));
    await documents.put(key, now.slice(0, 10));
  }
  if (failures.length > 0) throw failures[0];
  return ended;
}

/** Ended by us, and interrupted before it was closed and tidied up. */
const isHalfEnded = ({ endedAt, ending, life }: KnownPull): boolean =>
  life === "superseded" && ending !== undefined && endedAt === undefined;

async function goOn(pull: KnownPull, parts: SettleParts): Promise<"ended" | "stays"> {
  const { documents, now, octokit, repository } = parts;
  const { data: live } = await octokit.rest.pulls.get({ ...placeOf(parts), pull_number: pull.number });
  if (live.state === "open" && pull.ending !== undefined) await closeWithWords(pull, live, pull.ending, parts);
  if (live.merged_at === null) await deleteBranch(octokit, repository, pull.branch);
  await keepPull(documents, repository, { ...pull, endedAt: now });
  return "ended";
}

type Live = Awaited<ReturnType<ProbotOctokit["rest"]["pulls"]["get"]>>["data"];

const placeOf = ({ repository }: SettleParts): { readonly owner: string; readonly repo: string } => ({
  owner: repository.owner,
  repo: repository.name,
});

async function settle(pull: KnownPull, parts: SettleParts): Promise<"ended" | "stays"> {
  const { documents, lifetimes, now, octokit, repository } = parts;
  const { data: live } = await octokit.rest.pulls.get({ ...placeOf(parts), pull_number: pull.number });
  // Whoever asked for the merge as soon as all is green has decided.
  if (live.state !== "open" || live.auto_merge !== null) return "stays";
  const failure = await parts.failureNow(pull);
  const lastSign = await lastSignOf(pull, parts);
  const ending = endingOf(pull, { lifetimes, now, lastSign, missedScans: failure.missedScans });
  if (ending === undefined) {
    const { expiresAt: _expiresAt, ...rest } = pull;
    const expiresAt = expiryOf({ lifetimes, now, lastSign });
    const known = expiresAt === undefined ? rest : { ...rest, expiresAt };
    if (expiresAt !== pull.expiresAt) await keepPull(documents, repository, known);
    await sayHowOld(known, live, failure, parts);
    return "stays";
  }
  if (await hasForeignCommits(octokit, repository, pull.number)) {
    await keepPull(documents, repository, { ...pull, edited: true });
    return "stays";
  }
  await end(pull, live, ending, parts);
  return "ended";
}

/** When a person last gave a sign there: a comment, a review, or what a webhook told of; when it was opened where none did. */
async function lastSignOf({ number, openedAt, touchedAt }: KnownPull, parts: SettleParts): Promise<Instant> {
  const { octokit } = parts;
  const at = { ...placeOf(parts), per_page: 100 };
  const comments = await octokit.paginate(octokit.rest.issues.listComments, { ...at, issue_number: number });
  const reviews = await octokit.paginate(octokit.rest.pulls.listReviews, { ...at, pull_number: number });
  const remarks = await octokit.paginate(octokit.rest.pulls.listReviewComments, { ...at, pull_number: number });
  const signs = [
    ...[...comments, ...remarks].flatMap((one) => (one.user?.type === "User" ? [one.updated_at] : [])),
    ...reviews.flatMap((one) => (one.user?.type === "User" && one.submitted_at !== undefined ? [one.submitted_at] : [])),
  ];
  const times = signs.map((time) => instant(new Date(time).toISOString()));
  return [openedAt, ...(touchedAt === undefined ? [] : [touchedAt]), ...times].toSorted().at(-1) ?? openedAt;
}

async function end(pull: KnownPull, live: Live, ending: PullEnding, parts: SettleParts): Promise<void> {
  const { documents, now, octokit, repository } = parts;
  // Noted first: when the webhook of our own closing comes, it must not be taken for a person's. When it ended is noted last: until then it goes on.
  const ended: KnownPull = { ...pull, life: "superseded", ending };
  await keepPull(documents, repository, ended);
  await closeWithWords(pull, live, ending, parts);
  await deleteBranch(octokit, repository, pull.branch);
  await keepPull(documents, repository, { ...ended, endedAt: now });
}

async function closeWithWords(pull: KnownPull, live: Live, ending: PullEnding, parts: SettleParts): Promise<void> {
  const { app, octokit } = parts;
  const where = placeOf(parts);
  await say(octokit, { ...where, issue: pull.number }, { kind: "ended", text: goodbye(ending, pull, parts) }, app);
  await octokit.rest.pulls.update({ ...where, pull_number: pull.number, title: withEnding(live.title, " - autoclosed"), state: "closed" });
}

function goodbye(ending: PullEnding, { cluster }: KnownPull, { lifetimes }: SettleParts): string {
  const again = `Nothing is ignored: ${safeCode(`/tuneup run ${cluster}`)} looks at the failure again, on the newest traces.`;
  return ending === "vanished"
    ? `Closed: the failure that this is about was not found in the last ${lifetimes.vanishedScans} scans of the traces, so there is nothing left to mend. If it comes back, a new pull request may. (The operator's ${safeCode("limits.vanishedScans")}.)`
    : `Closed: nobody has said anything here for ${lifetimes.expireDays} days. ${again} (The operator's ${safeCode("limits.expireDays")}.)`;
}

/** One comment says what makes the evidence old, follows what changes, and says so when nothing does any more. */
async function sayHowOld(pull: KnownPull, live: Live, failure: FailureNow, parts: SettleParts): Promise<void> {
  const { app, documents, octokit, repository } = parts;
  const reasons = [...(await changes(pull, live, failure, parts))];
  if (reasons.join("\n") === (pull.old ?? []).join("\n")) return;
  const text =
    reasons.length === 0
      ? "The evidence here is in step with the agent again."
      : [
          "**The evidence here is getting old:**",
          "",
          ...reasons.map((reason) => `- ${reason}`),
          "",
          "`/tuneup rebase` puts the edit on the newest default branch, `/tuneup retry` tests the failure anew.",
        ].join("\n");
  await say(octokit, { ...placeOf(parts), issue: pull.number }, { kind: "old", text }, app);
  const { old: _old, ...rest } = pull;
  await keepPull(documents, repository, { ...rest, ...(reasons.length === 0 ? {} : { old: reasons }) });
}

async function changes(pull: KnownPull, live: Live, { lastSeen, model }: FailureNow, parts: SettleParts): Promise<readonly string[]> {
  const { documents, lifetimes, octokit } = parts;
  const evidence = (await jobOfProposal(documents, pull.proposal))?.evidence;
  const proposal = await publishedProposal(documents, pull.proposal);
  const reasons: string[] = [];
  const tested = evidence?.models.agent;
  if (tested !== undefined && model !== undefined && tested !== model && evidence?.simulated !== true)
    reasons.push(`It was tested on ${safeCode(tested)}; the agent's newest session ran on ${safeCode(model)}.`);
  for (const file of proposal?.files ?? []) {
    const now = await fileText(octokit, placeOf(parts), file.path, live.base.ref);
    const isChanged = now.state === "absent" || (now.state === "text" && digestOf(now.text) !== file.before);
    if (isChanged) reasons.push(`${safeCode(file.path)} has changed on ${safeCode(live.base.ref, 60)} since it was tested.`);
  }
  const seen = lastSeen ?? evidence?.startedAt;
  if (lifetimes.evidenceDays > 0 && seen !== undefined && Date.parse(parts.now) - Date.parse(seen) > lifetimes.evidenceDays * day)
    reasons.push(`The failure was last seen on ${seen.slice(0, 10)}.`);
  return reasons;
}
