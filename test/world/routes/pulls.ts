import { loginOf } from "../accounts.ts";
import {
  type Answer,
  checkText,
  invalid,
  list,
  missing,
  numberIn,
  ok,
  Refusal,
  repositoryRoute,
  requiredText,
  type RepositoryCall,
  type Route,
  textIn,
  textsIn,
} from "../http.ts";
import type { Pull } from "../state.ts";
import { commitView, headOf, pullView } from "../views.ts";
import { authorOf, moveBranch, webFlow } from "./committing.ts";
import { changedFileView } from "./repository.ts";

export function pullIn({ params, repository }: RepositoryCall): Pull {
  const pull = repository.data.pulls.find((one) => one.number === numberIn(params, "number"));
  if (pull === undefined) throw missing();
  return pull;
}

/** Tells the Apps about a pull request. */
export function announce(
  { actor, repository, world }: Pick<RepositoryCall, "actor" | "repository" | "world">,
  action: string,
  pull: Pull,
  more: object = {},
): void {
  world.webhooks.emit(repository, "pull_request", loginOf(actor), {
    action,
    number: pull.number,
    pull_request: pullView(pull, repository, world, true),
    ...more,
  });
}

function create(call: RepositoryCall): Answer {
  const { actor, body, repository, world } = call;
  const { data, git } = repository;
  const base = requiredText(body, "base");
  const head = requiredText(body, "head").replace(`${data.owner}:`, "");
  const title = requiredText(body, "title");
  const text = checkText(textIn(body, "body") ?? "");
  const [baseSha, headSha] = [git.refs.get(base), git.refs.get(head)];
  if (baseSha === undefined) throw invalid("base invalid");
  if (headSha === undefined) throw invalid("head invalid");
  if (data.pulls.some((pull) => pull.state === "open" && pull.head === head && pull.base === base))
    throw invalid(`A pull request already exists for ${data.owner}:${head}.`);
  if (git.between(baseSha, headSha).length === 0) throw invalid(`No commits between ${base} and ${head}`);
  if (title === "" || title.length > 256) throw invalid("title is too long (maximum is 256 characters)");
  const now = world.now();
  const pull: Pull = {
    number: data.nextNumber,
    head,
    base,
    user: loginOf(actor),
    created_at: now,
    updated_at: now,
    title,
    body: text,
    draft: body["draft"] === true,
    state: "open",
    merged_at: null,
    merged_by: null,
    closed_at: null,
    merge_commit_sha: null,
    head_sha: headSha,
    base_sha: baseSha,
    requested_reviewers: [],
    queued: false,
  };
  data.nextNumber += 1;
  data.pulls.push(pull);
  announce(call, "opened", pull);
  return ok(pullView(pull, repository, world, true), 201);
}

/** Ends a pull request as it is now. */
export function closePull(call: Pick<RepositoryCall, "actor" | "repository" | "world">, pull: Pull): void {
  const now = call.world.now();
  pull.head_sha = headOf(pull, call.repository);
  pull.base_sha = call.repository.git.refs.get(pull.base) ?? pull.base_sha;
  Object.assign(pull, { state: "closed", closed_at: now, updated_at: now });
  announce(call, "closed", pull);
}

function update(call: RepositoryCall): Answer {
  const { body, repository, world } = call;
  const pull = pullIn(call);
  const before = { title: pull.title, body: pull.body };
  pull.title = textIn(body, "title") ?? pull.title;
  pull.body = checkText(textIn(body, "body") ?? pull.body);
  pull.updated_at = world.now();
  const changes = {
    ...(before.title === pull.title ? {} : { title: { from: before.title } }),
    ...(before.body === pull.body ? {} : { body: { from: before.body } }),
  };
  if (Object.keys(changes).length > 0) announce(call, "edited", pull, { changes });
  if (body["state"] === "closed" && pull.state === "open") closePull(call, pull);
  if (body["state"] === "open" && pull.state === "closed") {
    if (pull.merged_at !== null || repository.git.refs.get(pull.head) === undefined) throw invalid("state cannot be changed");
    Object.assign(pull, { state: "open", closed_at: null });
    announce(call, "reopened", pull);
  }
  return ok(pullView(pull, repository, world, true));
}

const passing = new Set<string | null>(["success", "neutral", "skipped"]);

/** Whether the newest check of this name at a commit lets a merge pass. */
const hasPassed = (name: string, sha: string, { data }: RepositoryCall["repository"]): boolean =>
  passing.has(data.checks.findLast((check) => check.name === name && check.head_sha === sha)?.conclusion ?? null);

function merge(call: RepositoryCall): Answer {
  const { actor, body, repository, world } = call;
  const { git } = repository;
  const pull = pullIn(call);
  if (pull.state === "closed") throw new Refusal(405, "Pull Request is not mergeable");
  const [head, base] = [headOf(pull, repository), git.refs.get(pull.base) ?? ""];
  if (body["sha"] !== undefined && body["sha"] !== head)
    throw new Refusal(409, "Head branch was modified. Review and try the merge again.");
  if (pull.draft) throw new Refusal(405, "Pull Request is still a draft");
  const lacking =
    pull.base === repository.data.defaultBranch
      ? repository.data.requiredChecks.find((name) => !hasPassed(name, head, repository))
      : undefined;
  if (lacking !== undefined) throw new Refusal(405, `Required status check "${lacking}" is expected.`);
  const merged = git.merge(base, head);
  if (merged.result === "conflict") throw new Refusal(405, "Pull Request is not mergeable");
  const squash = body["merge_method"] === "squash";
  const sha = git.objects.writeCommit({
    tree: merged.tree,
    parents: squash ? [base] : [base, head],
    author: authorOf(actor, world),
    committer: webFlow(world),
    message: squash
      ? `${pull.title} (#${pull.number})`
      : `Merge pull request #${pull.number} from ${repository.data.owner}/${pull.head}\n\n${pull.title}`,
  });
  repository.data.verified.add(sha);
  Object.assign(pull, { merged_at: world.now(), merged_by: loginOf(actor), merge_commit_sha: sha });
  closePull(call, pull);
  moveBranch(world, repository, { actor, branch: pull.base, sha });
  return ok({ sha, merged: true, message: "Pull Request successfully merged" });
}

function listPulls({ query, repository, world }: RepositoryCall): Answer {
  const state = query.get("state") ?? "open";
  const [head, base] = [query.get("head"), query.get("base")];
  const found = repository.data.pulls.filter(
    (pull) =>
      (state === "all" || pull.state === state) &&
      (head === null || `${repository.data.owner}:${pull.head}` === head) &&
      (base === null || pull.base === base),
  );
  const sorted = query.get("direction") === "asc" ? found : found.toReversed();
  return list(sorted.map((pull) => pullView(pull, repository, world)));
}

/** GitHub asks nobody when one of the names may not review. */
function requestReviewers(call: RepositoryCall): Answer {
  const { body, repository, world } = call;
  const pull = pullIn(call);
  const asked = textsIn(body["reviewers"]);
  const bad = asked.find(
    (login) => world.accounts.known(login) === undefined || world.accounts.access(repository, login) === "none" || login === pull.user,
  );
  if (bad !== undefined)
    throw new Refusal(
      422,
      "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator.",
    );
  for (const login of asked) {
    if (pull.requested_reviewers.includes(login)) continue;
    pull.requested_reviewers.push(login);
    announce(call, "review_requested", pull, { requested_reviewer: { login } });
  }
  return ok(pullView(pull, repository, world), 201);
}

export const pullRoutes: readonly Route[] = [
  repositoryRoute("GET", "/pulls", ["pull_requests:read"], listPulls),
  repositoryRoute("POST", "/pulls", ["pull_requests:write"], create),
  repositoryRoute("GET", "/pulls/{number}", ["pull_requests:read"], (call) => {
    const pull = pullIn(call);
    const { git } = call.repository;
    if (!call.accept.includes("diff")) return ok(pullView(pull, call.repository, call.world, true));
    const head = headOf(pull, call.repository);
    const start = git.mergeBase(pull.base_sha, head) ?? pull.base_sha;
    const files = git.changedFiles(start, head).map((changed) => changedFileView(changed, git) as { filename: string; patch: string });
    const text = files
      .map(({ filename, patch }) => `diff --git a/${filename} b/${filename}\n--- a/${filename}\n+++ b/${filename}\n${patch}`)
      .join("");
    return { status: 200, text, type: "application/vnd.github.v3.diff; charset=utf-8" };
  }),
  repositoryRoute("PATCH", "/pulls/{number}", ["pull_requests:write"], update),
  repositoryRoute("PUT", "/pulls/{number}/merge", ["contents:write"], merge),
  repositoryRoute("GET", "/pulls/{number}/merge", ["pull_requests:read"], (call) => {
    if (pullIn(call).merged_at === null) throw missing();
    return { status: 204, body: null };
  }),
  repositoryRoute("PUT", "/pulls/{number}/update-branch", ["pull_requests:write"], (call) => {
    const { actor, repository, world } = call;
    const { git } = repository;
    const pull = pullIn(call);
    const [head, base] = [headOf(pull, repository), git.refs.get(pull.base) ?? ""];
    const merged = git.merge(head, base);
    if (merged.result === "conflict") throw new Refusal(422, "merge conflict between base and head");
    const sha = git.objects.writeCommit({
      tree: merged.tree,
      parents: [head, base],
      author: authorOf(actor, world),
      committer: webFlow(world),
      message: `Merge branch '${pull.base}' into ${pull.head}`,
    });
    repository.data.verified.add(sha);
    moveBranch(world, repository, { actor, branch: pull.head, sha });
    return ok({ message: "Updating pull request branch.", url: "" }, 202);
  }),
  repositoryRoute("GET", "/pulls/{number}/commits", ["pull_requests:read"], (call) => {
    const pull = pullIn(call);
    const commits = call.repository.git.between(call.repository.git.refs.get(pull.base) ?? pull.base_sha, headOf(pull, call.repository));
    return list(commits.map((commit) => commitView(commit, call.repository, call.world)));
  }),
  repositoryRoute("GET", "/pulls/{number}/files", ["pull_requests:read"], (call) => {
    const pull = pullIn(call);
    const { git } = call.repository;
    const head = headOf(pull, call.repository);
    const start = git.mergeBase(git.refs.get(pull.base) ?? pull.base_sha, head) ?? pull.base_sha;
    return list(git.changedFiles(start, head).map((changed) => changedFileView(changed, git)));
  }),
  repositoryRoute("POST", "/pulls/{number}/requested_reviewers", ["pull_requests:write"], requestReviewers),
  repositoryRoute("GET", "/pulls/{number}/requested_reviewers", ["pull_requests:read"], (call) =>
    ok({ users: pullView(pullIn(call), call.repository, call.world)["requested_reviewers"], teams: [] }),
  ),
];
