import type { ProbotOctokit } from "probot";
import { safeInline } from "../../domain/text/safe-text.ts";
import type { Log, Progress } from "../../ports/runtime.ts";
import { type CommandRequest, requestKey } from "../commands/command-request.ts";
import { progressTable } from "./progress-table.ts";

/** A check run of ours, as a finished step remembers it. */
export interface OpenCheck {
  readonly id: number;
  readonly head: string;
}

/** How a run ended, as a check says it. `action_required`: a person has to do something first. */
export type Conclusion = "success" | "neutral" | "failure" | "action_required";

export const checkName = "tuneup";

/** The button under a finished check. GitHub allows 20 characters for a label, 40 for a description. */
export const runAgainAction = { label: "Run again", description: "Another draft on another split", identifier: "run-again" } as const;

/** GitHub allows 65,535 characters. */
const longestSummary = 60_000;
/** Progress is written at most so often: each write counts against the installation's rate limit. */
const leastPause = 5_000;

const placeOf = (request: CommandRequest): { readonly owner: string; readonly repo: string } => ({
  owner: request.owner,
  repo: request.repository,
});

/** Whether the App may not: GitHub answers 403 for a missing permission and for too many requests, and only the first is an answer. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Error &&
  "status" in error &&
  (error.status === 404 || (error.status === 403 && !/rate limit|abuse/i.test(error.message)));

/**
 * The check run of a request on this commit: an open one of ours is adopted, else one is made. `undefined` where the App may not write checks: progress
 * is a help, and nothing fails for want of it.
 */
export async function openCheck(octokit: ProbotOctokit, request: CommandRequest, head: string): Promise<OpenCheck | undefined> {
  try {
    const known = await lookFor(octokit, request, head);
    if (known !== undefined) return known;
    const { data } = await octokit.rest.checks.create({
      ...placeOf(request),
      name: checkName,
      head_sha: head,
      external_id: requestKey(request),
      status: "queued",
      output: { title: "Waiting", summary: `\`/tuneup ${request.command}\` is recorded and waits for its turn.` },
    });
    return { id: data.id, head };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The check run that was made for a request on this commit; likewise. */
export async function findCheck(octokit: ProbotOctokit, request: CommandRequest, head: string): Promise<OpenCheck | undefined> {
  try {
    return await lookFor(octokit, request, head);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

async function lookFor(octokit: ProbotOctokit, request: CommandRequest, head: string): Promise<OpenCheck | undefined> {
  const where = { ...placeOf(request), ref: head, check_name: checkName, per_page: 100 };
  const runs = await octokit.paginate(octokit.rest.checks.listForRef, where);
  const known = runs.find((run) => run.external_id === requestKey(request));
  return known === undefined ? undefined : { id: known.id, head };
}

/** Closes a check run with its conclusion and a button to run again. */
export async function closeCheck(
  octokit: ProbotOctokit,
  request: CommandRequest,
  check: OpenCheck,
  end: { readonly conclusion: Conclusion; readonly text: string },
): Promise<void> {
  const titles: Readonly<Record<Conclusion, string>> = {
    success: "Pull request",
    neutral: "No pull request",
    failure: "Ended with an error",
    action_required: "Something has to be done first",
  };
  await octokit.rest.checks.update({
    ...placeOf(request),
    check_run_id: check.id,
    status: "completed",
    conclusion: end.conclusion,
    // References are for the comment: a check is shown where they would lead nowhere.
    output: { title: titles[end.conclusion], summary: end.text.replace(/#(?=\d)/g, "").slice(0, longestSummary) },
    actions: [{ ...runAgainAction }],
  });
}

/** Shows a job's progress in its check run while the job goes on. */
export interface CheckProgress {
  /** Takes one step of progress; writes at most once in five seconds, and never throws. */
  take(progress: Progress): void;
  /** Resolves when nothing is being written any more; what came last and was not written is left out. */
  settled(): Promise<void>;
}

export interface CheckProgressParts {
  readonly octokit: () => Promise<ProbotOctokit>;
  readonly request: CommandRequest;
  readonly check: OpenCheck;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly log: Log;
}

/** Progress into a check run that is still open. One write at a time; a write that fails is logged once and the next one tries again. */
export function checkProgress({ check, clock, log, octokit, request }: CheckProgressParts): CheckProgress {
  const stages = new Map<string, Progress>();
  let last = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let busy = false;
  let over = false;

  const write = async (): Promise<void> => {
    try {
      const client = await octokit();
      const where = { ...placeOf(request), check_run_id: check.id };
      // A process that stood still may come back after another one has ended the job: progress would open its check again.
      over ||= (await client.rest.checks.get(where)).data.status === "completed";
      if (over) return;
      await client.rest.checks.update({
        ...where,
        status: "in_progress",
        output: { title: titleOf(stages), summary: progressTable([...stages.values()]).slice(0, longestSummary) },
      });
    } catch (error) {
      log.warn({ check: check.id, error: error instanceof Error ? error.name : "unknown" }, "progress could not be shown");
    } finally {
      busy = false;
    }
  };
  return {
    take(progress) {
      // Set anew, so that the stage under way stands last.
      stages.delete(progress.stage);
      stages.set(progress.stage, progress);
      if (over || busy || clock() - last < leastPause) return;
      busy = true;
      last = clock();
      writing = write();
    },
    settled: () => writing,
  };
}

function titleOf(stages: ReadonlyMap<string, Progress>): string {
  const current = [...stages.values()].at(-1);
  if (current === undefined) return "Under way";
  const count =
    current.done === undefined ? "" : ` ${current.done}${current.total === undefined ? "" : `/${current.total}`} ${current.unit ?? ""}`;
  return safeInline(`${current.stage}${count}`.trim(), 100);
}
