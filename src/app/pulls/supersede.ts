import type { ProbotOctokit } from "probot";
import type { Instant, RepositoryId } from "../../domain/ids.ts";
import type { KnownPull } from "../../domain/publishing/standing.ts";
import { keepPull, knownPulls } from "../../pipeline/standing/pulls.ts";
import type { Documents } from "../../ports/ledger.ts";
import { say } from "../commands/answer.ts";
import { hasForeignCommits } from "./foreign-commits.ts";

export interface SupersedeParts {
  readonly octokit: ProbotOctokit;
  readonly app: number;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  readonly now: () => Instant;
}

/**
 * Ends our other open pull requests for the same failure once a new one stands: one that nobody has touched is renamed, closed with a comment, and its
 * branch deleted; one with anybody else's commit is renamed and left. Any number of calls comes to the same. Returns how many were ended.
 */
export async function supersedeOthers(repository: RepositoryId, current: number, parts: SupersedeParts): Promise<number> {
  const pulls = await knownPulls(parts.documents, repository);
  const cluster = pulls.find((pull) => pull.number === current)?.cluster;
  const others = pulls.filter((pull) => pull.cluster === cluster && pull.number !== current && isUnfinished(pull));
  for (const pull of others) await end(repository, pull, current, parts);
  return others.length;
}

/** Open, or ended by us a moment ago: whoever was interrupted goes on. */
const isUnfinished = ({ endedAt, ending, life }: KnownPull): boolean =>
  life === "open" || (life === "superseded" && ending === undefined && endedAt === undefined);

async function end(repository: RepositoryId, pull: KnownPull, current: number, parts: SupersedeParts): Promise<void> {
  const { documents, now, octokit } = parts;
  const where = { owner: repository.owner, repo: repository.name };
  const { data: live } = await octokit.rest.pulls.get({ ...where, pull_number: pull.number });
  // What the queue is about to merge is merged or taken out; either ends it or leads here again.
  if ((live.state === "closed" && pull.life === "open") || pull.queued === true) return;
  const edited = await hasForeignCommits(octokit, repository, pull.number);
  // Noted first: when the webhook of our own closing comes, it must not be taken for a person's.
  if (!edited) await keepPull(documents, repository, { ...pull, life: "superseded" });
  const text = edited
    ? `Superseded by #${current}. Somebody else has committed here, so this one is left to them.`
    : `Superseded by #${current}, which is about the same failure.`;
  await say(octokit, { ...where, issue: pull.number }, { kind: "superseded", text, pull: current }, parts.app);
  const title = withEnding(live.title, edited ? " - abandoned" : " - autoclosed");
  await octokit.rest.pulls.update({ ...where, pull_number: pull.number, title, ...(edited ? {} : { state: "closed" }) });
  if (!edited) await deleteBranch(octokit, repository, pull.branch);
  await keepPull(documents, repository, { ...pull, life: edited ? "abandoned" : "superseded", endedAt: now() });
}

/** A title with how the pull request ended behind it, once. */
export const withEnding = (title: string, ending: string): string => (title.endsWith(ending) ? title : `${title}${ending}`);

/** Deletes a branch of ours; one that is gone already is no error. */
export async function deleteBranch(octokit: ProbotOctokit, repository: RepositoryId, branch: string): Promise<void> {
  try {
    await octokit.rest.git.deleteRef({ owner: repository.owner, repo: repository.name, ref: `heads/${branch}` });
  } catch (error) {
    // GitHub answers 422 for a branch that is gone already.
    if (!(error instanceof Error && "status" in error && (error.status === 422 || error.status === 404))) throw error;
  }
}
