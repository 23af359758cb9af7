import { type Actor, loginOf } from "../accounts.ts";
import {
  type Answer,
  type Body,
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
import type { Check } from "../state.ts";
import { checkView } from "../views.ts";

const mostAnnotations = 50;
const mostActions = 3;

function appOf(actor: Actor): number {
  if (actor.kind !== "installation") throw new Refusal(403, "You must authenticate via a GitHub App.");
  return actor.app.id;
}

/** Takes over what a request says of a check run, within GitHub's limits. */
function apply(check: Check, body: Body, now: string): void {
  check.conclusion = textIn(body, "conclusion") ?? check.conclusion;
  check.status = textIn(body, "status") ?? (body["conclusion"] === undefined ? check.status : "completed");
  if (check.status === "completed" && check.conclusion === null) throw invalid("conclusion is required when status is completed");
  check.details_url = textIn(body, "details_url") ?? check.details_url;
  check.completed_at = check.status === "completed" ? (textIn(body, "completed_at") ?? now) : null;
  if (Array.isArray(body["actions"])) {
    if (body["actions"].length > mostActions) throw invalid("Only 3 actions are allowed");
    check.actions = body["actions"];
  }
  if (body["output"] === undefined) return;
  const output = objectIn(body["output"]);
  const annotations = Array.isArray(output["annotations"]) ? (output["annotations"] as unknown[]) : [];
  if (annotations.length > mostAnnotations) throw invalid("No subset of annotations can exceed 50 per request");
  const summary = textIn(output, "summary");
  if (summary === undefined) throw new Refusal(422, 'Invalid request.\n\n"summary" wasn\'t supplied.');
  if (summary.length > 65_535) throw invalid("summary exceeds a maximum length of 65535 characters");
  check.output = { title: textIn(output, "title") ?? check.output.title, summary, text: textIn(output, "text") ?? check.output.text };
  check.annotations.push(...annotations);
}

function create({ actor, body, repository, world }: RepositoryCall): Answer {
  const sha = requiredText(body, "head_sha");
  if (repository.git.objects.commit(sha) === undefined) throw invalid(`No commit found for SHA: ${sha}`);
  const check: Check = {
    id: world.nextId(),
    name: requiredText(body, "name"),
    head_sha: sha,
    app: appOf(actor),
    external_id: textIn(body, "external_id") ?? "",
    details_url: null,
    started_at: textIn(body, "started_at") ?? world.now(),
    completed_at: null,
    status: "queued",
    conclusion: null,
    output: { title: null, summary: null, text: null },
    actions: [],
    annotations: [],
  };
  apply(check, body, world.now());
  repository.data.checks.push(check);
  world.webhooks.emit(repository, "check_run", loginOf(actor), { action: "created", check_run: checkView(check, repository, world) });
  return ok(checkView(check, repository, world), 201);
}

function checkIn({ params, repository }: RepositoryCall): Check {
  const check = repository.data.checks.find((one) => one.id === numberIn(params, "id"));
  if (check === undefined) throw missing();
  return check;
}

function update(call: RepositoryCall): Answer {
  const { actor, body, repository, world } = call;
  const check = checkIn(call);
  if (check.app !== appOf(actor)) throw new Refusal(403, "Invalid app_id: check run was created by another App");
  apply(check, body, world.now());
  if (check.status === "completed")
    world.webhooks.emit(repository, "check_run", loginOf(actor), { action: "completed", check_run: checkView(check, repository, world) });
  return ok(checkView(check, repository, world));
}

/** A person presses a check's button, or asks to run it again: only the App that made it is told. */
export function pressCheck(
  call: Pick<RepositoryCall, "repository" | "world">,
  id: number,
  press: { readonly by: string; readonly action: "rerequested" | "requested_action"; readonly button?: string },
): void {
  const { repository, world } = call;
  const check = repository.data.checks.find((one) => one.id === id);
  if (check === undefined) throw missing();
  world.webhooks.emit(repository, "check_run", press.by, {
    action: press.action,
    check_run: checkView(check, repository, world),
    ...(press.button === undefined ? {} : { requested_action: { identifier: press.button } }),
  });
}

function createStatus({ actor, body, params, repository, world }: RepositoryCall): Answer {
  const sha = params["sha"] ?? "";
  if (repository.git.objects.commit(sha) === undefined) throw invalid(`No commit found for SHA: ${sha}`);
  const description = textIn(body, "description") ?? null;
  if ((description?.length ?? 0) > 140) throw invalid("description is too long (maximum is 140 characters)");
  const status = {
    id: world.nextId(),
    sha,
    state: requiredText(body, "state"),
    context: textIn(body, "context") ?? "default",
    description,
    target_url: textIn(body, "target_url") ?? null,
    creator: loginOf(actor),
    created_at: world.now(),
  };
  repository.data.statuses.push(status);
  return ok({ ...status, url: "", node_id: "", creator: null }, 201);
}

function onRef({ params, repository }: RepositoryCall): string {
  const commit = repository.git.resolve(params["ref"] ?? "");
  if (commit === undefined) throw new Refusal(422, `No commit found for SHA: ${params["ref"] ?? ""}`);
  return commit.sha;
}

export const checkRoutes: readonly Route[] = [
  repositoryRoute("POST", "/check-runs", ["checks:write"], create),
  repositoryRoute("GET", "/check-runs/{id}", ["checks:read"], (call) => ok(checkView(checkIn(call), call.repository, call.world))),
  repositoryRoute("PATCH", "/check-runs/{id}", ["checks:write"], update),
  repositoryRoute("GET", "/check-runs/{id}/annotations", ["checks:read"], (call) => list(checkIn(call).annotations)),
  repositoryRoute("GET", "/commits/{ref+}/check-runs", ["checks:read"], (call) => {
    const sha = onRef(call);
    const name = call.query.get("check_name");
    const app = call.query.get("app_id");
    const found = call.repository.data.checks
      .filter((check) => check.head_sha === sha && (name === null || check.name === name) && (app === null || check.app === Number(app)))
      .toReversed();
    return list(
      found.map((check) => checkView(check, call.repository, call.world)),
      (items, total) => ({ total_count: total, check_runs: items }),
    );
  }),
  repositoryRoute("POST", "/statuses/{sha}", ["statuses:write"], createStatus),
  repositoryRoute("GET", "/commits/{ref+}/statuses", ["statuses:read"], (call) => {
    const sha = onRef(call);
    return list(call.repository.data.statuses.filter((status) => status.sha === sha).toReversed());
  }),
];
