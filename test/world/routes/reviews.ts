import { loginOf } from "../accounts.ts";
import {
  type Answer,
  checkText,
  invalid,
  list,
  missing,
  numberIn,
  objectIn,
  ok,
  Refusal,
  repositoryRoute,
  requiredText,
  type RepositoryCall,
  type Route,
  textIn,
} from "../http.ts";
import type { ReviewComment } from "../state.ts";
import { headOf, pullView, reviewCommentView, reviewView } from "../views.ts";
import { pullIn } from "./pulls.ts";

const states: Readonly<Record<string, string>> = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" };

function createReview(call: RepositoryCall): Answer {
  const { actor, body, repository, world } = call;
  const pull = pullIn(call);
  const event = textIn(body, "event");
  const login = loginOf(actor);
  if (event !== undefined && event !== "COMMENT" && login === pull.user)
    throw new Refusal(422, `Can not ${event === "APPROVE" ? "approve" : "request changes on"} your own pull request`);
  const review = {
    id: world.nextId(),
    pull: pull.number,
    user: login,
    state: event === undefined ? "PENDING" : (states[event] ?? "COMMENTED"),
    body: checkText(textIn(body, "body") ?? ""),
    commit_id: textIn(body, "commit_id") ?? headOf(pull, repository),
    submitted_at: world.now(),
  };
  repository.data.reviews.push(review);
  const comments = Array.isArray(body["comments"]) ? body["comments"].map((one: unknown) => objectIn(one)) : [];
  for (const comment of comments) addComment(call, comment);
  world.webhooks.emit(repository, "pull_request_review", login, {
    action: "submitted",
    review: reviewView(review, repository, world),
    pull_request: pullView(pull, repository, world),
  });
  return ok(reviewView(review, repository, world));
}

/** Takes an approval, or a wish for changes, back; whoever may write may do so. */
function dismiss(call: RepositoryCall): Answer {
  const { actor, body, params, repository, world } = call;
  const pull = pullIn(call);
  const review = repository.data.reviews.find((one) => one.id === numberIn(params, "id") && one.pull === pull.number);
  if (review === undefined) throw missing();
  requiredText(body, "message");
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED")
    throw new Refusal(422, "Can not dismiss a commented pull request review");
  review.state = "DISMISSED";
  world.webhooks.emit(repository, "pull_request_review", loginOf(actor), {
    action: "dismissed",
    review: reviewView(review, repository, world),
    pull_request: pullView(pull, repository, world),
  });
  return ok(reviewView(review, repository, world));
}

/** A comment on a line that the pull request shows. */
function addComment(call: RepositoryCall, given: Readonly<Record<string, unknown>>, replyTo?: ReviewComment): ReviewComment {
  const { actor, repository, world } = call;
  const pull = pullIn(call);
  const head = headOf(pull, repository);
  const path = replyTo?.path ?? requiredText(given, "path");
  const line = replyTo?.line ?? (typeof given["line"] === "number" ? given["line"] : null);
  const { git } = repository;
  const start = git.mergeBase(pull.base_sha, head) ?? pull.base_sha;
  if (!git.changedFiles(start, head).some((changed) => changed.filename === path))
    throw invalid("pull_request_review_thread.path is invalid");
  const comment: ReviewComment = {
    id: world.nextId(),
    pull: pull.number,
    user: loginOf(actor),
    path,
    line,
    commit_id: textIn(given, "commit_id") ?? head,
    created_at: world.now(),
    body: checkText(requiredText(given, "body")),
    ...(replyTo === undefined ? {} : { in_reply_to_id: replyTo.id }),
  };
  repository.data.reviewComments.push(comment);
  world.webhooks.emit(repository, "pull_request_review_comment", comment.user, {
    action: "created",
    comment: reviewCommentView(comment, repository, world),
    pull_request: pullView(pull, repository, world),
  });
  return comment;
}

export const reviewRoutes: readonly Route[] = [
  repositoryRoute("GET", "/pulls/{number}/reviews", ["pull_requests:read"], (call) =>
    list(
      call.repository.data.reviews
        .filter((review) => review.pull === pullIn(call).number)
        .map((review) => reviewView(review, call.repository, call.world)),
    ),
  ),
  repositoryRoute("POST", "/pulls/{number}/reviews", ["pull_requests:write", "reviews:write"], createReview),
  repositoryRoute("PUT", "/pulls/{number}/reviews/{id}/dismissals", ["pull_requests:write"], dismiss),
  repositoryRoute("GET", "/pulls/{number}/comments", ["pull_requests:read"], (call) =>
    list(
      call.repository.data.reviewComments
        .filter((comment) => comment.pull === pullIn(call).number)
        .map((comment) => reviewCommentView(comment, call.repository, call.world)),
    ),
  ),
  repositoryRoute("POST", "/pulls/{number}/comments", ["pull_requests:write"], (call) => {
    const reply = call.repository.data.reviewComments.find((one) => one.id === call.body["in_reply_to"]);
    return ok(reviewCommentView(addComment(call, call.body, reply), call.repository, call.world), 201);
  }),
  repositoryRoute("POST", "/pulls/{number}/comments/{id}/replies", ["pull_requests:write"], (call) => {
    const known = call.repository.data.reviewComments.find((one) => one.id === numberIn(call.params, "id"));
    if (known === undefined) throw missing();
    return ok(reviewCommentView(addComment(call, call.body, known), call.repository, call.world), 201);
  }),
];
