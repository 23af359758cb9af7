import type { Accounts } from "./accounts.ts";
import type { Commit } from "./git/object-store.ts";
import type { World } from "./http.ts";
import {
  type Account,
  type App,
  type Check,
  type Comment,
  fullName,
  type Installation,
  type Issue,
  type Pull,
  type Repository,
  type Review,
  type ReviewComment,
} from "./state.ts";

interface Places {
  readonly accounts: Accounts;
  readonly pages: () => string;
}
const places = (world: World): Places => ({ accounts: world.accounts, pages: () => world.pages });

export const accountView = (account: Account, { pages }: Pick<Places, "pages">): object => ({
  login: account.login,
  id: account.id,
  node_id: `U_${account.id}`,
  avatar_url: "",
  gravatar_id: "",
  url: `${pages()}/users/${account.login}`,
  html_url: `${pages()}/${account.login}`,
  type: account.type,
  site_admin: false,
});

const userView = (login: string, world: World): object => accountView(world.accounts.account(login), places(world));

export const repositoryView = (repository: Repository, parts: Places): Readonly<Record<string, unknown>> => {
  const { data } = repository;
  return {
    id: data.id,
    node_id: `R_${data.id}`,
    name: data.name,
    full_name: fullName(repository),
    private: data.isPrivate,
    visibility: data.isPrivate ? "private" : "public",
    owner: accountView(parts.accounts.account(data.owner), parts),
    html_url: `${parts.pages()}/${fullName(repository)}`,
    description: null,
    fork: false,
    url: `${parts.pages()}/api/v3/repos/${fullName(repository)}`,
    clone_url: `${parts.pages()}/${fullName(repository)}.git`,
    default_branch: data.defaultBranch,
    archived: data.archived,
    disabled: false,
    has_issues: data.hasIssues,
    open_issues_count: data.issues.filter((issue) => issue.state === "open").length,
  };
};

export const repositoryOf = (repository: Repository, world: World): object => repositoryView(repository, places(world));

export const appView = (app: App, world: World): object => ({
  id: app.id,
  slug: app.slug,
  node_id: `A_${app.id}`,
  name: app.name,
  owner: userView(app.owner, world),
  description: null,
  external_url: "",
  html_url: `${world.pages}/apps/${app.slug}`,
  created_at: world.now(),
  updated_at: world.now(),
  permissions: app.permissions,
  events: app.events,
});

export const installationView = (installation: Installation, world: World): Readonly<Record<string, unknown>> => ({
  id: installation.id,
  account: userView(installation.account, world),
  app_id: installation.app,
  app_slug: world.accounts.apps.get(installation.app)?.slug ?? "",
  target_id: world.accounts.account(installation.account).id,
  target_type: "Organization",
  repository_selection: installation.repositories === "all" ? "all" : "selected",
  access_tokens_url: `${world.url}/app/installations/${installation.id}/access_tokens`,
  repositories_url: `${world.url}/installation/repositories`,
  html_url: `${world.pages}/settings/installations/${installation.id}`,
  permissions: installation.permissions,
  events: world.accounts.apps.get(installation.app)?.events ?? [],
  created_at: world.now(),
  updated_at: world.now(),
  single_file_name: null,
  suspended_at: installation.suspended ? world.now() : null,
  suspended_by: null,
});

/** Whether GitHub knows an author's address: its own ones, and those of accounts that exist here. */
const isAccountOf = ({ email, name }: Commit["author"], { accounts }: World): boolean =>
  email.endsWith("@users.noreply.github.com") || (email === `${name}@example.com` && accounts.known(name) !== undefined);

export const commitView = (commit: Commit, repository: Repository, world: World): Readonly<Record<string, unknown>> => {
  const person = ({ at, email, name }: Commit["author"]): object => ({ name, email, date: new Date(at * 1000).toISOString() });
  const verified = repository.data.verified.has(commit.sha);
  return {
    sha: commit.sha,
    node_id: `C_${commit.sha}`,
    html_url: `${world.pages}/${fullName(repository)}/commit/${commit.sha}`,
    commit: {
      message: commit.message,
      author: person(commit.author),
      committer: person(commit.committer),
      tree: { sha: commit.tree },
      verification: { verified, reason: verified ? "valid" : "unsigned", signature: null, payload: null },
    },
    author: isAccountOf(commit.author, world) ? userView(commit.author.name, world) : null,
    committer: verified ? userView("web-flow", world) : null,
    parents: commit.parents.map((sha) => ({ sha })),
  };
};

/** The head as it is now while the pull request is open, as it was when it ended otherwise. */
export const headOf = (pull: Pull, repository: Repository): string =>
  (pull.state === "open" ? repository.git.refs.get(pull.head) : undefined) ?? pull.head_sha;

/** A pull request; `whole` adds what GitHub shows for a single one: mergeability and counts. */
export function pullView(pull: Pull, repository: Repository, world: World, whole = false): Readonly<Record<string, unknown>> {
  const head = headOf(pull, repository);
  const base = (pull.state === "open" ? repository.git.refs.get(pull.base) : undefined) ?? pull.base_sha;
  const labels = (repository.data.labels.get(pull.number) ?? []).map((name) => labelView(name));
  const side = (ref: string, sha: string): object => ({
    label: `${repository.data.owner}:${ref}`,
    ref,
    sha,
    user: userView(repository.data.owner, world),
    repo: repositoryOf(repository, world),
  });
  return {
    id: repository.data.id * 10_000 + pull.number,
    node_id: `PR_${pull.number}`,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    body: pull.body,
    draft: pull.draft,
    user: userView(pull.user, world),
    labels,
    assignees: [],
    requested_reviewers: pull.requested_reviewers.map((login) => userView(login, world)),
    requested_teams: [],
    created_at: pull.created_at,
    updated_at: pull.updated_at,
    closed_at: pull.closed_at,
    merged_at: pull.merged_at,
    merge_commit_sha: pull.merge_commit_sha,
    html_url: `${world.pages}/${fullName(repository)}/pull/${pull.number}`,
    url: `${world.url}/repos/${fullName(repository)}/pulls/${pull.number}`,
    issue_url: `${world.url}/repos/${fullName(repository)}/issues/${pull.number}`,
    author_association: "NONE",
    auto_merge: null,
    head: side(pull.head, head),
    base: side(pull.base, base),
    ...(whole ? wholeView(pull, repository, { head, base }, world) : {}),
  };
}

function wholeView(pull: Pull, repository: Repository, { base, head }: { base: string; head: string }, world: World): object {
  const { git } = repository;
  const isOpen = pull.state === "open" && git.refs.get(pull.head) !== undefined;
  const mergeable = isOpen ? git.merge(base, head).result === "clean" : null;
  const start = git.mergeBase(base, head) ?? base;
  return {
    merged: pull.merged_at !== null,
    merged_by: pull.merged_by === null ? null : userView(pull.merged_by, world),
    mergeable,
    mergeable_state: mergeable === null ? "unknown" : mergeable ? (pull.draft ? "draft" : "clean") : "dirty",
    rebaseable: mergeable,
    commits: git.between(base, head).length,
    changed_files: git.changedFiles(start, head).length,
    comments: repository.data.comments.filter((comment) => comment.issue === pull.number).length,
    maintainer_can_modify: false,
  };
}

export const labelView = (name: string): object => ({ id: 1, node_id: "L", name, color: "ededed", default: false, description: null });

export function issueView(number: number, repository: Repository, world: World): Readonly<Record<string, unknown>> | undefined {
  const issue = repository.data.issues.find((one) => one.number === number);
  const pull = repository.data.pulls.find((one) => one.number === number);
  const known: Issue | Pull | undefined = issue ?? pull;
  if (known === undefined) return undefined;
  return {
    id: repository.data.id * 10_000 + number,
    node_id: `I_${number}`,
    number,
    title: known.title,
    body: known.body,
    state: known.state,
    state_reason: issue?.state_reason ?? null,
    locked: false,
    user: userView(known.user, world),
    labels: (repository.data.labels.get(number) ?? []).map((name) => labelView(name)),
    assignees: (issue?.assignees ?? []).map((login) => userView(login, world)),
    comments: repository.data.comments.filter((comment) => comment.issue === number).length,
    created_at: known.created_at,
    updated_at: known.updated_at,
    closed_at: known.closed_at,
    author_association: "NONE",
    url: `${world.url}/repos/${fullName(repository)}/issues/${number}`,
    html_url: `${world.pages}/${fullName(repository)}/${pull === undefined ? "issues" : "pull"}/${number}`,
    ...(pull === undefined
      ? {}
      : {
          draft: pull.draft,
          pull_request: {
            url: `${world.url}/repos/${fullName(repository)}/pulls/${number}`,
            html_url: `${world.pages}/${fullName(repository)}/pull/${number}`,
            merged_at: pull.merged_at,
          },
        }),
  };
}

export const commentView = (comment: Comment, repository: Repository, world: World): Readonly<Record<string, unknown>> => {
  const app = [...world.accounts.apps.values()].find((one) => one.slug === comment.app);
  return {
    id: comment.id,
    node_id: `IC_${comment.id}`,
    body: comment.body,
    user: userView(comment.user, world),
    created_at: comment.created_at,
    updated_at: comment.updated_at,
    author_association: "NONE",
    performed_via_github_app: app === undefined ? null : appView(app, world),
    url: `${world.url}/repos/${fullName(repository)}/issues/comments/${comment.id}`,
    html_url: `${world.pages}/${fullName(repository)}/issues/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${world.url}/repos/${fullName(repository)}/issues/${comment.issue}`,
    reactions: { total_count: comment.reactions.length },
  };
};

export const reviewView = (review: Review, repository: Repository, world: World): object => ({
  id: review.id,
  node_id: `PRR_${review.id}`,
  user: userView(review.user, world),
  body: review.body,
  state: review.state,
  commit_id: review.commit_id,
  submitted_at: review.submitted_at,
  author_association: "NONE",
  html_url: `${world.pages}/${fullName(repository)}/pull/${review.pull}`,
  pull_request_url: `${world.url}/repos/${fullName(repository)}/pulls/${review.pull}`,
});

export const reviewCommentView = (comment: ReviewComment, repository: Repository, world: World): object => ({
  ...comment,
  node_id: `PRRC_${comment.id}`,
  user: userView(comment.user, world),
  updated_at: comment.created_at,
  author_association: "NONE",
  html_url: `${world.pages}/${fullName(repository)}/pull/${comment.pull}#discussion_r${comment.id}`,
  pull_request_url: `${world.url}/repos/${fullName(repository)}/pulls/${comment.pull}`,
});

export const checkView = (check: Check, repository: Repository, world: World): Readonly<Record<string, unknown>> => {
  const app = world.accounts.apps.get(check.app);
  const pulls = repository.data.pulls.filter((pull) => pull.state === "open" && headOf(pull, repository) === check.head_sha);
  return {
    id: check.id,
    node_id: `CR_${check.id}`,
    name: check.name,
    head_sha: check.head_sha,
    external_id: check.external_id,
    url: `${world.url}/repos/${fullName(repository)}/check-runs/${check.id}`,
    html_url: `${world.pages}/${fullName(repository)}/runs/${check.id}`,
    details_url: check.details_url,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.started_at,
    completed_at: check.completed_at,
    output: { ...check.output, annotations_count: check.annotations.length, annotations_url: "" },
    app: app === undefined ? null : appView(app, world),
    check_suite: { id: 1, head_sha: check.head_sha },
    pull_requests: pulls.map((pull) => ({
      id: pull.number,
      number: pull.number,
      url: "",
      head: { ref: pull.head, sha: check.head_sha, repo: { id: repository.data.id, name: repository.data.name, url: "" } },
      base: { ref: pull.base, sha: pull.base_sha, repo: { id: repository.data.id, name: repository.data.name, url: "" } },
    })),
  };
};
