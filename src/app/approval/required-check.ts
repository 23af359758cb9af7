import type { ProbotOctokit } from "probot";
import type { RepositoryPlace } from "../onboarding/set-up-state.ts";

/**
 * Whether merges into this branch wait for a check of this name, by a ruleset or by the older branch protection. Read live, with no more rights than
 * reading contents. Throws what GitHub answers but 404, which older Enterprise Servers give for rules.
 */
export async function isCheckRequired(octokit: ProbotOctokit, place: RepositoryPlace, branch: string, name: string): Promise<boolean> {
  return (await inRulesets(octokit, place, branch, name)) || inProtection(octokit, place, branch, name);
}

async function inRulesets(octokit: ProbotOctokit, place: RepositoryPlace, branch: string, name: string): Promise<boolean> {
  const rules = await orNone(() => octokit.paginate(octokit.rest.repos.getBranchRules, { ...place, branch, per_page: 100 }));
  return (rules ?? []).some(
    (rule) =>
      rule.type === "required_status_checks" && (rule.parameters?.required_status_checks.some(({ context }) => context === name) ?? false),
  );
}

async function inProtection(octokit: ProbotOctokit, place: RepositoryPlace, branch: string, name: string): Promise<boolean> {
  const found = await orNone(() => octokit.rest.repos.getBranch({ ...place, branch }));
  return found?.data.protection?.required_status_checks?.contexts?.includes(name) ?? false;
}

async function orNone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 404) return undefined;
    throw error;
  }
}
