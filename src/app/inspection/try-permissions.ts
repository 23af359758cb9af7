import { ProbotOctokit } from "probot";

/**
 * A client with a token for one repository that may read and no more. `app` is authenticated as the App. Throws what GitHub answers: 404 where the App is
 * not installed.
 */
export async function readingClient(app: ProbotOctokit, place: Place, apiUrl: string | undefined): Promise<ProbotOctokit> {
  const { data: installation } = await app.rest.apps.getRepoInstallation(place);
  // What was not granted is refused with the whole token: it is left out, and the read that needs it says so.
  const granted = new Set(Object.keys(installation.permissions));
  const { data } = await app.rest.apps.createInstallationAccessToken({
    installation_id: installation.id,
    repositories: [place.repo],
    permissions: Object.fromEntries(reads.flatMap(([name]) => (granted.has(name) ? [[name, "read" as const]] : []))),
  });
  return new ProbotOctokit({
    auth: { token: data.token },
    throttle: { enabled: false },
    retry: { enabled: false },
    ...(apiUrl === undefined ? {} : { baseUrl: apiUrl }),
  });
}

/** One read that a permission opens. */
export interface TriedPermission {
  readonly name: string;
  /** What was asked for, in words. */
  readonly what: string;
  /** Why it did not work; absent where it did. */
  readonly why?: string;
}

export interface TriedRepository {
  readonly tried: readonly TriedPermission[];
  /** Requests of this hour that are left to the installation, as GitHub counts them. */
  readonly left?: { readonly remaining: number; readonly limit: number };
}

type Place = { readonly owner: string; readonly repo: string };

const reads: readonly (readonly [name: string, what: string, read: (octokit: ProbotOctokit, place: Place) => Promise<unknown>])[] = [
  ["metadata", "the repository", (octokit, place) => octokit.rest.repos.get(place)],
  ["contents", "the newest commit", (octokit, place) => octokit.rest.repos.listCommits({ ...place, per_page: 1 })],
  ["pull_requests", "the newest pull request", (octokit, place) => octokit.rest.pulls.list({ ...place, state: "all", per_page: 1 })],
  ["issues", "the newest issue", (octokit, place) => octokit.rest.issues.listForRepo({ ...place, state: "all", per_page: 1 })],
  [
    "checks",
    "the checks on the default branch",
    async (octokit, place) => {
      const { data } = await octokit.rest.repos.get(place);
      return octokit.rest.checks.listForRef({ ...place, ref: `heads/${data.default_branch}`, per_page: 1 });
    },
  ],
];

/**
 * Reads one small thing with each permission, in one repository. Nothing is written: of what may be written only GitHub's word is known. `octokit` holds a
 * token that may read and no more.
 */
export async function tryPermissions(octokit: ProbotOctokit, place: Place): Promise<TriedRepository> {
  const tried: TriedPermission[] = [];
  let left: TriedRepository["left"];
  for (const [name, what, read] of reads) {
    try {
      const answer = await read(octokit, place);
      left = leftIn(answer) ?? left;
      tried.push({ name, what });
    } catch (error) {
      tried.push({ name, what, why: error instanceof Error ? (error.message.split("\n")[0]?.slice(0, 200) ?? "") : "it failed" });
    }
  }
  return { tried, ...(left === undefined ? {} : { left }) };
}

function leftIn(answer: unknown): TriedRepository["left"] {
  if (typeof answer !== "object" || answer === null || !("headers" in answer)) return undefined;
  const headers: Readonly<Record<string, unknown>> = { ...(answer.headers as object) };
  const [remaining, limit] = [Number(headers["x-ratelimit-remaining"] ?? Number.NaN), Number(headers["x-ratelimit-limit"] ?? Number.NaN)];
  return Number.isFinite(remaining) && Number.isFinite(limit) ? { remaining, limit } : undefined;
}
