import { loginOf } from "../accounts.ts";
import {
  type Answer,
  checkText,
  invalid,
  list,
  missing,
  nothing,
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
import type { Comment, Issue } from "../state.ts";
import { accountView, commentView, issueView, labelView, pullView } from "../views.ts";
import { announce, closePull } from "./pulls.ts";

/** The number in the path, when an issue or pull request has it. Rights over pull requests do not open issues. */
function numberOf(call: RepositoryCall, access: "read" | "write"): number {
  const number = numberIn(call.params, "number");
  if (issueView(number, call.repository, call.world) === undefined) throw missing();
  demand(call, number, access);
  return number;
}

function demand({ actor, repository, world }: RepositoryCall, number: number, access: "read" | "write"): void {
  const isPull = repository.data.pulls.some((pull) => pull.number === number);
  if (!isPull && !repository.data.hasIssues) throw new Refusal(410, "Issues are disabled for this repo");
  world.accounts.demand(actor, repository, isPull ? [`issues:${access}`, `pull_requests:${access}`] : [`issues:${access}`]);
}

const either = { read: ["issues:read", "pull_requests:read"], write: ["issues:write", "pull_requests:write"] } as const;

/** Opens an issue and tells the Apps. */
export function openIssue(
  { actor, repository, world }: Pick<RepositoryCall, "actor" | "repository" | "world">,
  parts: { readonly title: string; readonly body: string; readonly assignees?: readonly string[]; readonly labels?: readonly string[] },
): Issue {
  const { data } = repository;
  if (!data.hasIssues) throw new Refusal(410, "Issues are disabled for this repo");
  const now = world.now();
  const issue: Issue = {
    number: data.nextNumber,
    user: loginOf(actor),
    created_at: now,
    updated_at: now,
    title: parts.title,
    body: checkText(parts.body),
    state: "open",
    state_reason: null,
    closed_at: null,
    assignees: [...(parts.assignees ?? [])],
  };
  data.nextNumber += 1;
  data.issues.push(issue);
  if (parts.labels !== undefined) data.labels.set(issue.number, [...parts.labels]);
  world.webhooks.emit(repository, "issues", issue.user, { action: "opened", issue: issueView(issue.number, repository, world) });
  return issue;
}

function createIssue(call: RepositoryCall): Answer {
  const { body } = call;
  const issue = openIssue(call, {
    title: requiredText(body, "title"),
    body: textIn(body, "body") ?? "",
    assignees: textsIn(body["assignees"]),
    ...(body["labels"] === undefined ? {} : { labels: textsIn(body["labels"]) }),
  });
  return ok(issueView(issue.number, call.repository, call.world), 201);
}

function updateIssue(call: RepositoryCall): Answer {
  const { actor, body, repository, world } = call;
  const number = numberOf(call, "write");
  const { data } = repository;
  const pull = data.pulls.find((one) => one.number === number);
  const issue = data.issues.find((one) => one.number === number);
  const known = issue ?? pull;
  if (known === undefined) throw missing();
  const wasOpen = known.state === "open";
  const before = known.body;
  known.title = textIn(body, "title") ?? known.title;
  known.body = checkText(textIn(body, "body") ?? known.body);
  known.updated_at = world.now();
  if (body["labels"] !== undefined) data.labels.set(number, [...textsIn(body["labels"])]);
  if (pull !== undefined && body["state"] === "closed" && wasOpen) closePull(call, pull);
  if (issue !== undefined && (body["state"] === "closed" || body["state"] === "open")) {
    issue.state = body["state"];
    issue.state_reason = textIn(body, "state_reason") ?? null;
    issue.closed_at = issue.state === "closed" ? world.now() : null;
  }
  const view = issueView(number, repository, world);
  if (issue !== undefined) {
    const action = wasOpen === (issue.state === "open") ? "edited" : issue.state === "closed" ? "closed" : "reopened";
    world.webhooks.emit(repository, "issues", loginOf(actor), {
      action,
      issue: view,
      changes: before === known.body ? {} : { body: { from: before } },
    });
  }
  return ok(view);
}

/** Writes a comment and tells the Apps; what tests and the browser pages use too. */
export function addComment(call: Pick<RepositoryCall, "actor" | "repository" | "world">, issue: number, body: string): Comment {
  const { actor, repository, world } = call;
  const now = world.now();
  const comment: Comment = {
    id: world.nextId(),
    issue,
    user: loginOf(actor),
    created_at: now,
    updated_at: now,
    body: checkText(body),
    reactions: [],
    ...(actor.kind === "installation" ? { app: actor.app.slug } : {}),
  };
  repository.data.comments.push(comment);
  tell({ ...call }, "created", comment);
  return comment;
}

function tell(
  { actor, repository, world }: Pick<RepositoryCall, "actor" | "repository" | "world">,
  action: string,
  comment: Comment,
  more: object = {},
): void {
  world.webhooks.emit(repository, "issue_comment", loginOf(actor), {
    action,
    issue: issueView(comment.issue, repository, world),
    comment: commentView(comment, repository, world),
    ...more,
  });
}

function commentIn(call: RepositoryCall, access: "read" | "write"): Comment {
  const comment = call.repository.data.comments.find((one) => one.id === numberIn(call.params, "id"));
  if (comment === undefined) throw missing();
  demand(call, comment.issue, access);
  return comment;
}

function editComment(call: RepositoryCall): Answer {
  const comment = commentIn(call, "write");
  const from = comment.body;
  comment.body = checkText(requiredText(call.body, "body"));
  comment.updated_at = call.world.now();
  tell(call, "edited", comment, { changes: { body: { from } } });
  return ok(commentView(comment, call.repository, call.world));
}

const contents = new Set(["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]);

function react(call: RepositoryCall): Answer {
  const { actor, body, world } = call;
  const comment = commentIn(call, "write");
  const content = requiredText(body, "content");
  if (!contents.has(content)) throw invalid("content is not included in the list");
  const view = (reaction: Comment["reactions"][number]): object => ({
    ...reaction,
    node_id: "",
    user: accountView(world.accounts.account(reaction.user), { pages: () => world.pages }),
  });
  const known = comment.reactions.find((one) => one.user === loginOf(actor) && one.content === content);
  if (known !== undefined) return ok(view(known));
  const reaction = { id: world.nextId(), user: loginOf(actor), content, created_at: world.now() };
  comment.reactions.push(reaction);
  return ok(view(reaction), 201);
}

function addLabels(call: RepositoryCall): Answer {
  const { body, repository } = call;
  const number = numberOf(call, "write");
  const added = textsIn(body["labels"]);
  if (added.some((name) => name.length > 50)) throw invalid("name is too long (maximum is 50 characters)");
  const known = repository.data.labels.get(number) ?? [];
  repository.data.labels.set(number, [...new Set([...known, ...added])]);
  for (const name of added) repository.data.labelNames.add(name);
  const pull = repository.data.pulls.find((one) => one.number === number);
  for (const name of added.filter((one) => !known.includes(one))) {
    if (pull !== undefined) announce(call, "labeled", pull, { label: labelView(name) });
    else
      call.world.webhooks.emit(repository, "issues", loginOf(call.actor), {
        action: "labeled",
        label: labelView(name),
        issue: issueView(number, repository, call.world),
      });
  }
  return list((repository.data.labels.get(number) ?? []).map((name) => labelView(name)));
}

function removeLabel(call: RepositoryCall): Answer {
  const number = numberOf(call, "write");
  const { labels, pulls } = call.repository.data;
  const name = call.params["name"] ?? "";
  const known = labels.get(number) ?? [];
  if (!known.includes(name)) throw new Refusal(404, "Label does not exist");
  labels.set(
    number,
    known.filter((one) => one !== name),
  );
  const pull = pulls.find((one) => one.number === number);
  if (pull !== undefined)
    announce(call, "unlabeled", pull, { label: labelView(name), pull_request: pullView(pull, call.repository, call.world) });
  return list((labels.get(number) ?? []).map((one) => labelView(one)));
}

function listIssues({ query, repository, world }: RepositoryCall): Answer {
  const { data } = repository;
  const state = query.get("state") ?? "open";
  const wanted = (query.get("labels") ?? "").split(",").filter((name) => name !== "");
  const creator = query.get("creator");
  const numbers = [...data.issues, ...data.pulls]
    .filter((one) => state === "all" || one.state === state)
    .filter((one) => creator === null || one.user === creator)
    .filter((one) => wanted.every((name) => (data.labels.get(one.number) ?? []).includes(name)))
    .map((one) => one.number)
    .toSorted((left, right) => right - left);
  return list(numbers.map((number) => issueView(number, repository, world)));
}

export const issueRoutes: readonly Route[] = [
  repositoryRoute("GET", "/issues", either.read, listIssues),
  repositoryRoute("POST", "/issues", ["issues:write"], createIssue),
  repositoryRoute("GET", "/issues/{number}", either.read, (call) => ok(issueView(numberOf(call, "read"), call.repository, call.world))),
  repositoryRoute("PATCH", "/issues/{number}", either.write, updateIssue),
  repositoryRoute("GET", "/issues/comments/{id}", either.read, (call) =>
    ok(commentView(commentIn(call, "read"), call.repository, call.world)),
  ),
  repositoryRoute("PATCH", "/issues/comments/{id}", either.write, editComment),
  repositoryRoute("DELETE", "/issues/comments/{id}", either.write, (call) => {
    const comment = commentIn(call, "write");
    const { comments } = call.repository.data;
    comments.splice(comments.indexOf(comment), 1);
    tell(call, "deleted", comment);
    return nothing;
  }),
  repositoryRoute("POST", "/issues/comments/{id}/reactions", either.write, react),
  repositoryRoute("GET", "/issues/comments/{id}/reactions", either.read, (call) => list(commentIn(call, "read").reactions)),
  repositoryRoute("GET", "/issues/{number}/comments", either.read, (call) => {
    const number = numberOf(call, "read");
    const since = Date.parse(call.query.get("since") ?? "1970-01-01T00:00:00Z");
    const found = call.repository.data.comments.filter((comment) => comment.issue === number && Date.parse(comment.updated_at) >= since);
    return list(found.map((comment) => commentView(comment, call.repository, call.world)));
  }),
  repositoryRoute("POST", "/issues/{number}/comments", either.write, (call) => {
    const comment = addComment(call, numberOf(call, "write"), requiredText(call.body, "body"));
    return ok(commentView(comment, call.repository, call.world), 201);
  }),
  repositoryRoute("GET", "/issues/{number}/labels", either.read, (call) =>
    list((call.repository.data.labels.get(numberOf(call, "read")) ?? []).map((name) => labelView(name))),
  ),
  repositoryRoute("POST", "/issues/{number}/labels", either.write, addLabels),
  repositoryRoute("DELETE", "/issues/{number}/labels/{name}", either.write, removeLabel),
];
