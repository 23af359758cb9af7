import type { ProbotOctokit } from "probot";
import type { JobHandler } from "../../ports/job-queue.ts";
import { checkPull } from "./config-check.ts";
import { type ConfigIssueParts, keepConfigIssue } from "./config-issue.ts";
import { configRequestSchema } from "./config-request.ts";

export interface ConfigJobParts extends ConfigIssueParts {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
}

/** The job behind a change that may touch a repository's own file: a check run for a pull request, the one issue for the default branch. */
export function configJob(parts: ConfigJobParts): JobHandler {
  return async (job, steps) => {
    const { head, installation, owner, pull, repository } = configRequestSchema.parse(job.payload);
    const place = { owner, repo: repository };
    await steps.run("look", async () => {
      const octokit = await parts.octokit(installation);
      if (pull === undefined) await keepConfigIssue(octokit, place, parts);
      else await checkPull(octokit, place, { number: pull, head }, parts.problemsIn);
    });
  };
}
