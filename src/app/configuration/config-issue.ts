import type { ProbotOctokit } from "probot";
import { asJson, digestOfJson, shortDigest } from "../../domain/digest.ts";
import { type Instant, later } from "../../domain/ids.ts";
import { repositoryFilePath } from "../../domain/publishing/setup.ts";
import { safeCode } from "../../domain/text/safe-text.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";
import { repositoryFileAt, type RepositoryPlace } from "../onboarding/set-up-state.ts";
import { type FileProblem, type FindProblems, problemLines } from "./config-check.ts";

export interface ConfigIssueParts {
  readonly problemsIn: FindProblems;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  /** The App's number: only its own issue is touched. */
  readonly app: number;
  readonly now: () => Instant;
  readonly log: Log;
}

const mark = "<!-- tuneup:configuration -->";
const title = "Action required: fix the Tuneup configuration";

/**
 * One issue while the default branch's file is not in order; it closes itself once the file is. Errors of GitHub are thrown: a file that could not
 * be read is neither broken nor repaired. Where issues are switched off the log alone says it.
 */
export async function keepConfigIssue(octokit: ProbotOctokit, place: RepositoryPlace, parts: ConfigIssueParts): Promise<void> {
  const problems = parts.problemsIn(await repositoryFileAt(octokit, place));
  try {
    const known = await openIssue(octokit, place, parts.app);
    if (problems.length === 0) return known === undefined ? undefined : await closeIssue(octokit, place, known.number);
    if (known !== undefined) return known.body === bodyOf(problems) ? undefined : await updateIssue(octokit, place, known.number, problems);
    return await fileIssue(octokit, place, problems, parts);
  } catch (error) {
    if (!isIssuesOff(error)) throw error;
    return parts.log.warn({ repository: `${place.owner}/${place.repo}`, problems: problems.length }, "issues are switched off there");
  }
}

const isIssuesOff = (error: unknown): boolean => error instanceof Error && "status" in error && error.status === 410;

interface KnownIssue {
  readonly number: number;
  readonly body: string;
}

async function openIssue(octokit: ProbotOctokit, place: RepositoryPlace, app: number): Promise<KnownIssue | undefined> {
  const issues = await octokit.paginate(octokit.rest.issues.listForRepo, { ...place, state: "open", per_page: 100, sort: "created" });
  const own = issues.find(
    (issue) =>
      issue.pull_request === undefined &&
      issue.user?.type === "Bot" &&
      (issue.performed_via_github_app?.id ?? app) === app &&
      issue.body?.includes(mark) === true,
  );
  return own === undefined ? undefined : { number: own.number, body: own.body ?? "" };
}

const bodyOf = (problems: readonly FileProblem[]): string =>
  [
    `${safeCode(repositoryFilePath)} on the default branch is not in order. Nothing is proposed until it is.`,
    "",
    ...problemLines(problems),
    "",
    "This issue follows the file and closes itself.",
    mark,
  ].join("\n");

/** The same problems in so many repositories within an hour are ours and not theirs. */
const breaker = { repositories: 10, milliseconds: 60 * 60_000 } as const;
const filedKey = (problems: readonly FileProblem[]): string =>
  `config-issue/${shortDigest(digestOfJson(asJson(problems.map((one) => one.message))))}/`;

async function fileIssue(
  octokit: ProbotOctokit,
  place: RepositoryPlace,
  problems: readonly FileProblem[],
  parts: ConfigIssueParts,
): Promise<void> {
  const { documents, log, now } = parts;
  const repository = `${place.owner}/${place.repo}`.toLowerCase();
  const key = filedKey(problems);
  const others = (await documents.keys(key)).filter((one) => one !== `${key}${repository}`);
  const times = await Promise.all(others.map((one) => documents.get(one)));
  const recent = times.filter((at) => typeof at === "string" && later(at as Instant, breaker.milliseconds) > now()).length;
  if (recent >= breaker.repositories) {
    log.error(
      { repository, repositories: recent },
      "the same problem in many repositories: no more issues are filed, look at this release",
    );
    return;
  }
  await documents.put(`${key}${repository}`, now());
  await octokit.rest.issues.create({ ...place, title, body: bodyOf(problems) });
}

const updateIssue = async (
  octokit: ProbotOctokit,
  place: RepositoryPlace,
  number: number,
  problems: readonly FileProblem[],
): Promise<void> => void (await octokit.rest.issues.update({ ...place, issue_number: number, body: bodyOf(problems) }));

async function closeIssue(octokit: ProbotOctokit, place: RepositoryPlace, number: number): Promise<void> {
  await octokit.rest.issues.createComment({ ...place, issue_number: number, body: `${safeCode(repositoryFilePath)} is in order again.` });
  await octokit.rest.issues.update({ ...place, issue_number: number, state: "closed", state_reason: "completed" });
}
