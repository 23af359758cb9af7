import type { ProbotOctokit } from "probot";
import { repositoryFilePath } from "../../domain/publishing/setup.ts";
import { safeInline } from "../../domain/text/safe-text.ts";
import { repositoryFileAt, type RepositoryPlace } from "../onboarding/set-up-state.ts";

/** Something wrong in a repository's own file, in our words. */
export interface FileProblem {
  readonly key: string;
  /** 1-based. */
  readonly line?: number;
  readonly message: string;
}

/** What is wrong with the file's text; `[]` for one in order, and for no file. */
export type FindProblems = (text: string | undefined) => readonly FileProblem[];

export const configCheckName = "tuneup configuration";
const mostFiles = 3000;
/** GitHub takes fifty annotations at once. */
const mostAnnotations = 50;

/** A check run for a pull request that touches the file: what its change would mean. Others get none. */
export async function checkPull(
  octokit: ProbotOctokit,
  place: RepositoryPlace,
  pull: { readonly number: number; readonly head: string },
  problemsIn: FindProblems,
): Promise<void> {
  if (!(await touchesFile(octokit, place, pull.number))) return;
  const { data } = await octokit.rest.checks.listForRef({ ...place, ref: pull.head, check_name: configCheckName });
  // A commit's file never changes, and GitHub would add every annotation a second time.
  if (data.check_runs.length > 0) return;
  const result = configResult(problemsIn(await repositoryFileAt(octokit, place, pull.head)));
  await octokit.rest.checks.create({ ...place, name: configCheckName, head_sha: pull.head, status: "completed", ...result });
}

async function touchesFile(octokit: ProbotOctokit, place: RepositoryPlace, number: number): Promise<boolean> {
  let seen = 0;
  for await (const { data } of octokit.paginate.iterator(octokit.rest.pulls.listFiles, { ...place, pull_number: number, per_page: 100 })) {
    if (data.some((file) => file.filename === repositoryFilePath || file.previous_filename === repositoryFilePath)) return true;
    seen += data.length;
    if (seen >= mostFiles) return false;
  }
  return false;
}

/** What a check says of a file with these problems. */
export function configResult(problems: readonly FileProblem[]) {
  if (problems.length === 0)
    return {
      conclusion: "success" as const,
      output: { title: "In order", summary: "The default branch will be read like this after the merge." },
    };
  return {
    conclusion: "failure" as const,
    output: {
      title: problems.length === 1 ? "1 problem" : `${problems.length} problems`,
      summary: ["After a merge nothing would be proposed until this is corrected:", "", ...problemLines(problems)].join("\n"),
      annotations: problems.slice(0, mostAnnotations).map((problem) => ({
        path: repositoryFilePath,
        start_line: problem.line ?? 1,
        end_line: problem.line ?? 1,
        annotation_level: "failure" as const,
        message: plainProblem(problem),
      })),
    },
  };
}

const mostLines = 50;

const plainProblem = ({ key, message }: FileProblem): string => safeInline(`${key}: ${message}`, 500);

/** Each problem as a line of a list, foreign text defused. */
export const problemLines = (problems: readonly FileProblem[]): readonly string[] =>
  problems.slice(0, mostLines).map((problem) => `- ${problem.line === undefined ? "" : `line ${problem.line}, `}${plainProblem(problem)}`);
