import type { ProbotOctokit } from "probot";
import type { Instant, RepositoryId } from "../../domain/ids.ts";
import { jobEnds, runningJobs } from "../../pipeline/standing/runs.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Log } from "../../ports/runtime.ts";

export interface LeftCheckParts {
  readonly octokit: ProbotOctokit;
  readonly repository: RepositoryId;
  readonly documents: Pick<Documents, "get" | "put" | "keys">;
  readonly now: Instant;
  readonly log: Log;
}

/** No run takes so long: its tries are over within hours of its last step. */
const givenUpAfter = 48 * 60 * 60 * 1000;

/**
 * Closes the checks of runs that never came to their end, because GitHub could not be reached for as long as the queue tried, or the job database was lost.
 * A job closes its check by itself; this is for what no job is left to do.
 */
export async function closeLeftChecks({ documents, log, now, octokit, repository }: LeftCheckParts): Promise<number> {
  const before = Date.parse(now) - givenUpAfter;
  const left = (await runningJobs(documents, repository)).filter((job) => Date.parse(job.at) < before);
  for (const { check, command, key } of left) {
    if (check !== undefined)
      await octokit.rest.checks.update({
        owner: repository.owner,
        repo: repository.name,
        check_run_id: check,
        status: "completed",
        conclusion: "failure",
        output: {
          title: "Given up",
          summary: "This run did not come to its end. `tuneup jobs` shows its job, and `/tuneup run` starts another one.",
        },
      });
    await jobEnds(documents, repository, key, now);
    log.warn({ repository: `${repository.owner}/${repository.name}`, command, key }, "gave up a run that did not end");
  }
  return left.length;
}
