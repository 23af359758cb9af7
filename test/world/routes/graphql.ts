import { type Answer, type Call, objectIn, ok, Refusal, requiredText, route, type Route, textIn } from "../http.ts";
import type { Repository } from "../state.ts";
import { authorOf, demandWorkflowRight, moveBranch, ruleAgainst, webFlow } from "./committing.ts";

const failed = (type: string, message: string): Answer =>
  ok({ data: null, errors: [{ type, path: ["createCommitOnBranch"], message, locations: [] }] });

/** The one mutation that makes verified commits: https://docs.github.com/graphql/reference/mutations#createcommitonbranch */
function createCommitOnBranch(call: Call): Answer {
  const { actor, world } = call;
  const input = objectIn(objectIn(call.body["variables"])["input"]);
  const branch = objectIn(input["branch"]);
  const name = requiredText(branch, "branchName").replace(/^refs\/heads\//, "");
  const repository = named(call, requiredText(branch, "repositoryNameWithOwner"));
  if (repository === undefined) return failed("NOT_FOUND", "Could not resolve to a Repository with that name.");
  try {
    world.accounts.demand(actor, repository, ["contents:write"]);
  } catch (error) {
    if (error instanceof Refusal) return failed("FORBIDDEN", error.message);
    throw error;
  }
  const head = repository.git.refs.get(name);
  if (head === undefined) return failed("NOT_FOUND", `No such branch: ${name}`);
  if (head !== textIn(input, "expectedHeadOid"))
    return failed(
      "STALE_DATA",
      `Expected branch to point to "${textIn(input, "expectedHeadOid") ?? ""}" but it did not. Pull and try again.`,
    );
  return commit(call, repository, { branch: name, head, input });
}

function named(call: Call, name: string): Repository | undefined {
  const [owner = "", repo = ""] = name.split("/");
  const found = call.world.repository(owner, repo);
  return found !== undefined && call.world.accounts.sees(call.actor, found) ? found : undefined;
}

function commit(
  { actor, world }: Call,
  repository: Repository,
  { branch, head, input }: { branch: string; head: string; input: Readonly<Record<string, unknown>> },
): Answer {
  const changes = objectIn(input["fileChanges"]);
  const entries = (member: string): Readonly<Record<string, unknown>>[] =>
    Array.isArray(changes[member]) ? (changes[member] as unknown[]).map((one) => ({ ...objectIn(one) })) : [];
  const files: Record<string, Buffer | string | undefined> = {};
  for (const addition of entries("additions"))
    files[requiredText(addition, "path")] = Buffer.from(requiredText(addition, "contents"), "base64");
  for (const deletion of entries("deletions")) files[requiredText(deletion, "path")] = undefined;
  try {
    demandWorkflowRight(actor, Object.keys(files));
  } catch {
    return failed("FORBIDDEN", "Resource not accessible by integration");
  }
  const message = objectIn(input["message"]);
  const body = textIn(message, "body") ?? "";
  const sha = repository.git.commitFiles(
    [head],
    { ...files, ...repository.data.alsoCommit },
    {
      author: authorOf(actor, world),
      committer: webFlow(world),
      message: body === "" ? requiredText(message, "headline") : `${requiredText(message, "headline")}\n\n${body}`,
    },
  );
  repository.data.verified.add(sha);
  const against = ruleAgainst(repository, branch, { creates: false, head: repository.git.objects.commit(sha), actor });
  if (against !== undefined) return failed("UNPROCESSABLE", against);
  moveBranch(world, repository, { actor, branch, sha });
  return ok({ data: { createCommitOnBranch: { commit: { oid: sha, url: "" }, ref: { name: branch, target: { oid: sha } } } } });
}

/** `markPullRequestReadyForReview` and `convertPullRequestToDraft`: the REST API has neither. */
function setDraft(call: Call, draft: boolean): Answer {
  const id = requiredText(objectIn(objectIn(call.body["variables"])["input"]), "pullRequestId");
  for (const repository of call.world.repositories()) {
    const pull = repository.data.pulls.find((one) => `PR_${one.number}` === id);
    if (pull === undefined || !call.world.accounts.sees(call.actor, repository)) continue;
    call.world.accounts.demand(call.actor, repository, ["pull_requests:write"]);
    pull.draft = draft;
    return ok({ data: { [draft ? "convertPullRequestToDraft" : "markPullRequestReadyForReview"]: { pullRequest: { isDraft: draft } } } });
  }
  return ok({ data: null, errors: [{ type: "NOT_FOUND", message: "Could not resolve to a node" }] });
}

/** Moves branches from where they are believed to stand, all or none: https://docs.github.com/graphql/reference/git#updaterefs */
function updateRefs(call: Call): Answer {
  const input = objectIn(objectIn(call.body["variables"])["input"]);
  const repository = call.world.repositories().find((one) => `R_${one.data.id}` === textIn(input, "repositoryId"));
  if (repository === undefined || !call.world.accounts.sees(call.actor, repository))
    return ok({ data: null, errors: [{ type: "NOT_FOUND", path: ["updateRefs"], message: "Could not resolve to a node" }] });
  call.world.accounts.demand(call.actor, repository, ["contents:write"]);
  const updates = Array.isArray(input["refUpdates"]) ? (input["refUpdates"] as unknown[]).map((one) => objectIn(one)) : [];
  const branchOf = (update: Readonly<Record<string, unknown>>): string => requiredText(update, "name").replace(/^refs\/heads\//, "");
  for (const update of updates)
    if (repository.git.refs.get(branchOf(update)) !== textIn(update, "beforeOid") || update["force"] !== true)
      return ok({ data: null, errors: [{ type: "STALE_DATA", path: ["updateRefs"], message: "Reference cannot be updated" }] });
  for (const update of updates)
    moveBranch(call.world, repository, { actor: call.actor, branch: branchOf(update), sha: requiredText(update, "afterOid") });
  return ok({ data: { updateRefs: { clientMutationId: null } } });
}

export const graphqlRoutes: readonly Route[] = [
  route("POST", "/graphql", "anybody", (call) => {
    const query = requiredText(call.body, "query");
    if (call.actor.kind === "nobody") throw new Refusal(401, "This endpoint requires you to be authenticated.");
    if (query.includes("createCommitOnBranch")) return createCommitOnBranch(call);
    if (query.includes("updateRefs")) return updateRefs(call);
    if (query.includes("convertPullRequestToDraft")) return setDraft(call, true);
    if (query.includes("markPullRequestReadyForReview")) return setDraft(call, false);
    return ok({ data: null, errors: [{ type: "undefinedField", message: "The stand-in does not know this query." }] });
  }),
];
