import nock from "nock";

export interface DoubleComment {
  readonly id: number;
  readonly issue: number;
  body: string;
  readonly user: { readonly login: string; readonly type: string };
  readonly performed_via_github_app: { readonly id: number } | null;
}

/** GitHub as far as the App's commands need it, with state; behind nock, so that the real clients talk to it. */
export interface GithubDouble {
  readonly comments: DoubleComment[];
  /** `content` of every reaction, with the comment it is at: `555 eyes`, `review 555 eyes`. */
  readonly reactions: string[];
  /** Permission by login; who is not here is no collaborator. A number is an HTTP status. */
  readonly permissions: Map<string, string | number>;
  /** Logins that were looked up, in order. */
  readonly lookUps: string[];
  readonly head: string;
  readonly checks: {
    readonly id: number;
    readonly head_sha: unknown;
    readonly external_id: unknown;
    status: unknown;
    conclusion: unknown;
  }[];
}

export const appNumber = 7;

/** One repository, `acme/support-agent`, installation 99. */
export function githubDouble(): GithubDouble {
  const double: GithubDouble = {
    comments: [],
    reactions: [],
    permissions: new Map<string, string | number>([["ada", "write"]]),
    lookUps: [],
    head: "a".repeat(40),
    checks: [],
  };
  const api = nock("https://api.github.com").persist();
  const at = (rest: string): RegExp => new RegExp(`^/repos/acme/support-agent${rest}(?:\\?.*)?$`);
  const json = async (request: Request): Promise<Record<string, unknown>> => (await request.json()) as Record<string, unknown>;
  const numberIn = (request: Request, pattern: RegExp): number => Number(pattern.exec(new URL(request.url).pathname)?.[1]);
  api.post("/app/installations/99/access_tokens").reply(201, { token: "ghs_x", expires_at: "2099-01-01T00:00:00Z", permissions: {} });
  api.get("/repos/acme/support-agent").reply(200, { default_branch: "main", private: true });
  api.get("/repos/acme/support-agent/branches/main").reply(200, { commit: { sha: double.head } });
  api.get(at("/collaborators/[^/]+/permission")).reply((request: Request) => {
    const login = decodeURIComponent(new URL(request.url).pathname.split("/")[5] ?? "");
    double.lookUps.push(login);
    const permission = double.permissions.get(login);
    const status = permission === undefined ? 404 : typeof permission === "number" ? permission : 200;
    return [status, { permission, user: { login } }];
  });
  api.get(at("/issues/\\d+/comments")).reply((request: Request) => {
    const issue = numberIn(request, /issues\/(\d+)\/comments/);
    return [200, double.comments.filter((comment) => comment.issue === issue)];
  });
  api.post(at("/issues/\\d+/comments")).reply(async (request: Request) => {
    const issue = numberIn(request, /issues\/(\d+)\/comments/);
    const comment = {
      id: 1000 + double.comments.length,
      issue,
      body: String((await json(request))["body"]),
      user: { login: "tuneup[bot]", type: "Bot" },
      performed_via_github_app: { id: appNumber },
    };
    double.comments.push(comment);
    return [201, comment];
  });
  api.patch(at("/issues/comments/\\d+")).reply(async (request: Request) => {
    const comment = double.comments.find((one) => one.id === numberIn(request, /comments\/(\d+)/));
    if (comment !== undefined) comment.body = String((await json(request))["body"]);
    return [comment === undefined ? 404 : 200, comment ?? {}];
  });
  api.delete(at("/issues/comments/\\d+")).reply((request: Request) => {
    const index = double.comments.findIndex((one) => one.id === numberIn(request, /comments\/(\d+)/));
    if (index >= 0) double.comments.splice(index, 1);
    return [index >= 0 ? 204 : 404, ""];
  });
  api.post(at("/issues/comments/\\d+/reactions")).reply(async (request: Request) => {
    const id = numberIn(request, /comments\/(\d+)/);
    double.reactions.push(`${id} ${String((await json(request))["content"])}`);
    return [201, { id: 1 }];
  });
  api.post(at("/pulls/comments/\\d+/reactions")).reply(async (request: Request) => {
    const id = numberIn(request, /comments\/(\d+)/);
    double.reactions.push(`review ${id} ${String((await json(request))["content"])}`);
    return [201, { id: 1 }];
  });
  api.get(at("/commits/[0-9a-f]+/check-runs")).reply((request: Request) => {
    const head = /commits\/([0-9a-f]+)/.exec(new URL(request.url).pathname)?.[1];
    const runs = double.checks.filter((check) => check.head_sha === head);
    return [200, { total_count: runs.length, check_runs: runs }];
  });
  api.post(at("/check-runs")).reply(async (request: Request) => {
    const { external_id, head_sha, status } = await json(request);
    const check = { id: 1 + double.checks.length, head_sha, external_id, status, conclusion: null };
    double.checks.push(check);
    return [201, check];
  });
  api.get(at("/check-runs/\\d+")).reply((request: Request) => {
    const check = double.checks.find((one) => one.id === numberIn(request, /check-runs\/(\d+)/));
    return check === undefined ? [404, {}] : [200, check];
  });
  api.patch(at("/check-runs/\\d+")).reply(async (request: Request) => {
    const check = double.checks.find((one) => one.id === numberIn(request, /check-runs\/(\d+)/));
    const { conclusion = null, status } = await json(request);
    return [200, check === undefined ? {} : Object.assign(check, { conclusion, status })];
  });
  api.get(at("/pulls/\\d+")).reply(200, { head: { sha: double.head } });
  return double;
}
