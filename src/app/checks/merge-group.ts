import type { Probot, ProbotOctokit } from "probot";
import { z } from "zod";
import { asJson } from "../../domain/digest.ts";
import { knownPull } from "../../pipeline/standing/pulls.ts";
import type { JobHandler, JobQueue } from "../../ports/job-queue.ts";
import type { Documents } from "../../ports/ledger.ts";
import { approvalCheckName, approvalOf, type ApprovalParts } from "../approval/approvals.ts";
import { configCheckName, configResult, type FindProblems } from "../configuration/config-check.ts";
import { repositoryFileAt } from "../onboarding/set-up-state.ts";
import { checkName } from "./check-run.ts";

/** The name, in the queue, of jobs about a merge group. */
export const mergeGroupJobName = "merge-group";

const mergeGroupSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  /** The commit that GitHub made to try the merge. */
  head: z.string().regex(/^[0-9a-f]{40}$/),
  /** The pull request at the end of the group, as the queue's branch names it. */
  pull: z.number().int().positive().optional(),
});
type MergeGroup = z.infer<typeof mergeGroupSchema>;

/** `refs/heads/gh-readonly-queue/main/pr-12-<sha>`. */
const queueBranch = /^refs\/heads\/gh-readonly-queue\/.{1,250}\/pr-(\d{1,9})-[0-9a-f]{40}$/;

/** A merge queue tries pull requests on commits of its own and waits there for the same checks. Each commit becomes one durable job. */
export function mergeGroupEvents(parts: { readonly queue: Pick<JobQueue, "add"> }): (app: Probot) => void {
  return (app) => {
    app.on("merge_group.checks_requested", async ({ payload }) => {
      const { installation, merge_group: group, repository } = payload;
      const owner = repository?.owner.login;
      if (installation === undefined || repository === undefined || owner === undefined) return;
      const number = queueBranch.exec(group.head_ref)?.[1];
      const job: MergeGroup = {
        installation: installation.id,
        owner,
        repository: repository.name,
        head: group.head_sha,
        ...(number === undefined ? {} : { pull: Number(number) }),
      };
      await parts.queue.add({
        name: mergeGroupJobName,
        key: `${repository.full_name}/${group.head_sha}`.toLowerCase(),
        payload: asJson(job),
      });
    });
  };
}

export interface MergeGroupParts {
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  readonly documents: Pick<Documents, "get">;
  readonly problemsIn: FindProblems;
  readonly approvals: ApprovalParts;
}

/**
 * The checks of a merge group's commit, so that a queue which requires them never waits for ever. The result check is neutral: it neither blocks nor
 * claims a test that this commit did not have. The repository's own file is looked at as it stands there, and so is the approval of the
 * pull request at the end: those before it had passed when they entered.
 */
export function mergeGroupJob({ approvals, documents, octokit, problemsIn }: MergeGroupParts): JobHandler {
  return async (job, steps) => {
    const { head, installation, owner, pull, repository } = mergeGroupSchema.parse(job.payload);
    const place = { owner, repo: repository };
    const report = async (name: string, result: CheckResult): Promise<void> => {
      const client = await octokit(installation);
      const { data } = await client.rest.checks.listForRef({ ...place, ref: head, check_name: name, app_id: approvals.app });
      if (data.check_runs.length === 0) await client.rest.checks.create({ ...place, name, head_sha: head, status: "completed", ...result });
    };
    await steps.run("result", async () => {
      const ours = pull !== undefined && (await knownPull(documents, { owner, name: repository }, pull)) !== undefined;
      await report(checkName, resultOf(ours ? pull : undefined));
    });
    if (pull !== undefined)
      await steps.run("approval", async () => {
        const scope = { octokit: await octokit(installation), repository: { owner, name: repository } };
        const said = await approvalOf(scope, pull, approvals);
        if (said === undefined) return;
        const { conclusion, summary, title } = said;
        await report(approvalCheckName, { conclusion, output: { title, summary } });
      });
    await steps.run("configuration", async () =>
      report(configCheckName, configResult(problemsIn(await repositoryFileAt(await octokit(installation), place, head)))),
    );
  };
}

interface CheckResult {
  readonly conclusion: "success" | "neutral" | "failure" | "skipped" | "action_required";
  readonly output: { readonly title: string; readonly summary: string };
}

const resultOf = (pull: number | undefined): CheckResult => ({
  conclusion: "neutral",
  output:
    pull === undefined
      ? { title: "Nothing of Tuneup's", summary: "The pull request at the end of this merge group is none of Tuneup's." }
      : {
          title: "Tested before, not here",
          summary: `The edit of pull request ${pull} was tested at the commit that its own check names. This commit puts it on top of what else waits, and is not tested anew.`,
        },
});
