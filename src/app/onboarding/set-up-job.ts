import type { ProbotOctokit } from "probot";
import { TuneupError } from "../../domain/errors.ts";
import { setupBranch, type SetupProposal, type Survey } from "../../domain/publishing/setup.ts";
import type { JobHandler } from "../../ports/job-queue.ts";
import type { Log } from "../../ports/runtime.ts";
import { ownerDefaults } from "./owner-defaults.ts";
import { isRefresh } from "./refresh-set-up.ts";
import { repositoryFileAt, setUpStateOf } from "./set-up-state.ts";
import { type SetUpRequest, setUpRequestSchema } from "./set-up-request.ts";

export interface SetUpJobParts {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  readonly token: (request: SetUpRequest, access: "read" | "write") => Promise<string>;
  /** What Tuneup sees of the repository, read in a process without any token. */
  readonly survey: (
    request: SetUpRequest,
    checkout: { readonly token: string; readonly commit: string },
    signal: AbortSignal,
  ) => Promise<Survey>;
  /** The page for a survey, the text of the file on the set-up branch (`undefined` before there is one) and that of the owner's defaults. */
  readonly welcome: (survey: Survey, file: string | undefined, defaults: string | undefined) => SetupProposal;
  /** Publishes in a process of its own. */
  readonly publish: (setup: SetupProposal, token: string) => Promise<string>;
  readonly log: Log;
}

/**
 * The job behind an installation, or a change on the set-up branch: survey, then the one pull request. Writes nothing where the repository is set
 * up already or a person declined, and nothing but that pull request.
 */
export function setUpJob(parts: SetUpJobParts): JobHandler {
  return async (job, steps, signal) => {
    const request = setUpRequestSchema.parse(job.payload);
    const place = { owner: request.owner, repo: request.repository };
    const about = { repository: `${request.owner}/${request.repository}` };
    const before = await steps.run("look", async () => setUpStateOf(await parts.octokit(request.installation), place));
    if (before.state === "set-up" || before.state === "declined") {
      parts.log.info({ ...about, state: before.state }, "no set-up is needed");
      return;
    }
    if (before.state === "new" && isRefresh(request)) return;
    try {
      const survey = await steps.run("survey", async () => {
        const commit = await headOf(await parts.octokit(request.installation), place);
        return parts.survey(request, { token: await parts.token(request, "read"), commit }, signal);
      });
      const result = await steps.run("publish", async () => {
        const octokit = await parts.octokit(request.installation);
        const file = await repositoryFileAt(octokit, place, setupBranch);
        const defaults = await ownerDefaults(octokit, place.owner, place.repo);
        return parts.publish(parts.welcome(survey, file, defaults), await parts.token(request, "write"));
      });
      parts.log.info({ ...about, result }, "proposed the set-up");
    } catch (error) {
      // An empty or unreadable repository cannot be set up; nobody waits for an answer.
      if (!(error instanceof TuneupError) || error.retryable) throw error;
      parts.log.warn({ ...about, code: error.code }, "the set-up ended with an error");
    }
  };
}

async function headOf(octokit: ProbotOctokit, place: { readonly owner: string; readonly repo: string }): Promise<string> {
  const { data } = await octokit.rest.repos.get(place);
  const branch = await octokit.rest.repos.getBranch({ ...place, branch: data.default_branch });
  return branch.data.commit.sha;
}
