import type { ProbotOctokit } from "probot";
import { type DashboardParts, type Wanted } from "../../app/dashboard/dashboard.ts";
import { dashboardState } from "../../app/dashboard/dashboard-state.ts";
import { ownerDefaults } from "../../app/onboarding/owner-defaults.ts";
import { repositoryFileAt, setUpStateOf } from "../../app/onboarding/set-up-state.ts";
import { lastClusters, limitsOf, overspent } from "../../compose/standing.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { readRepositoryFile, withDefaults } from "../../config/repository-file.ts";
import type { RepositoryId } from "../../domain/ids.ts";
import type { AppParts } from "./app-jobs.ts";

/** What keeping dashboards takes. */
export function dashboardParts({ app, approvals, context, ledger, log, operator }: Omit<AppParts, "probot" | "places">): DashboardParts {
  return {
    documents: ledger,
    app,
    alone: approvals.alone,
    log,
    wanted: (octokit, repository) => wantsDashboard(octokit, repository, operator),
    state: (repository) =>
      dashboardState(repository, {
        documents: ledger,
        clusters: (name) => lastClusters(name, ledger, operator),
        limits: limitsOf(operator),
        overspent: (name) => overspent(name, ledger, operator, context.now()),
        now: context.now,
      }),
  };
}

/** Whether the repository's own file, or its owner's defaults, ask for a dashboard; never before somebody has agreed to Tuneup there. */
async function wantsDashboard(octokit: ProbotOctokit, { name, owner }: RepositoryId, operator: OperatorSettings): Promise<Wanted> {
  const place = { owner, repo: name };
  const own = readRepositoryFile(await repositoryFileAt(octokit, place));
  const owners = readRepositoryFile(await ownerDefaults(octokit, owner, name));
  if (own.state === "invalid" || owners.state === "invalid") return "unclear";
  const settings = withDefaults(own.state === "read" ? own.settings : {}, owners.state === "read" ? owners.settings : {});
  if (settings.dashboard !== true) return "no";
  if (own.state === "read" || operator.onboarding === "none") return "yes";
  return (await setUpStateOf(octokit, place)).state === "set-up" ? "yes" : "no";
}
