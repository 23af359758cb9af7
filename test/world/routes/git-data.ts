import {
  type Body,
  list,
  missing,
  nothing,
  objectIn,
  ok,
  Refusal,
  repositoryRoute,
  requiredText,
  type RepositoryCall,
  type Route,
  textIn,
  textsIn,
  type Answer,
} from "../http.ts";
import type { FileEntry, Person } from "../git/object-store.ts";
import { loginOf } from "../accounts.ts";
import { authorOf, demandWorkflowRight, moveBranch } from "./committing.ts";

const refView = (branch: string, sha: string): object => ({
  ref: `refs/heads/${branch}`,
  node_id: branch,
  url: "",
  object: { type: "commit", sha, url: "" },
});

const branchIn = (ref: string): string => ref.replace(/^refs\//, "").replace(/^heads\//, "");

/** What git itself refuses as a branch name. https://git-scm.com/docs/git-check-ref-format */
const isBranchName = (name: string): boolean =>
  name !== "" && !/(?:^|\/)[.-]|\.\.|@\{|[\p{Cc} ~^:?*[\\]|\/\/|\.lock(?:\/|$)|[./]$|^@$|^\//u.test(name);

function createRef({ actor, body, repository, world }: RepositoryCall): Answer {
  const ref = requiredText(body, "ref");
  const sha = requiredText(body, "sha");
  if (!ref.startsWith("refs/heads/") || !isBranchName(branchIn(ref))) throw new Refusal(422, "Reference name is not valid");
  const branch = branchIn(ref);
  if (repository.git.refs.get(branch) !== undefined) throw new Refusal(422, "Reference already exists");
  if (repository.git.objects.commit(sha) === undefined) throw new Refusal(422, "Object does not exist");
  moveBranch(world, repository, { actor, branch, sha, creates: true });
  world.webhooks.emit(repository, "create", loginOf(actor), {
    ref: branch,
    ref_type: "branch",
    master_branch: repository.data.defaultBranch,
    description: null,
  });
  return ok(refView(branch, sha), 201);
}

function updateRef({ actor, body, params, repository, world }: RepositoryCall): Answer {
  const branch = branchIn(params["ref"] ?? "");
  const sha = requiredText(body, "sha");
  const before = repository.git.refs.get(branch);
  if (before === undefined) throw new Refusal(422, "Reference does not exist");
  if (repository.git.objects.commit(sha) === undefined) throw new Refusal(422, "Object does not exist");
  if (body["force"] !== true && !repository.git.ancestors(sha).has(before)) throw new Refusal(422, "Update is not a fast forward");
  moveBranch(world, repository, { actor, branch, sha });
  return ok(refView(branch, sha));
}

function deleteRef({ actor, params, repository, world }: RepositoryCall): Answer {
  const branch = branchIn(params["ref"] ?? "");
  const before = repository.git.refs.get(branch);
  if (before === undefined) throw new Refusal(422, "Reference does not exist");
  repository.git.refs.delete(branch);
  world.moved(repository, branch, before, loginOf(actor));
  world.webhooks.emit(repository, "delete", loginOf(actor), { ref: branch, ref_type: "branch" });
  return nothing;
}

function createTree({ actor, body, repository }: RepositoryCall): Answer {
  const { git } = repository;
  const base = textIn(body, "base_tree");
  if (base !== undefined && git.objects.tree(git.objects.commit(base)?.tree ?? base) === undefined) throw missing();
  const files = base === undefined ? new Map<string, FileEntry>() : git.objects.files(git.objects.commit(base)?.tree ?? base);
  const given = Array.isArray(body["tree"]) ? body["tree"].map((one: unknown) => objectIn(one)) : [];
  demandWorkflowRight(
    actor,
    given.map((entry) => textIn(entry, "path") ?? ""),
  );
  for (const entry of given) {
    const path = requiredText(entry, "path");
    if (/(?:^|\/)\.{0,2}(?:\/|$)|(?:^|\/)\.git(?:\/|$)/i.test(path))
      throw new Refusal(422, "tree.path contains a malformed path component");
    const content = textIn(entry, "content");
    const sha = content === undefined ? entry["sha"] : git.objects.write("blob", Buffer.from(content));
    if (sha === null) files.delete(path);
    else if (typeof sha !== "string" || git.objects.read(sha) === undefined) throw new Refusal(422, "tree.sha is not a valid blob");
    else files.set(path, { mode: textIn(entry, "mode") ?? "100644", sha });
  }
  return ok(treeView(git.objects.writeTree(files), repository, false), 201);
}

function treeView(sha: string, { git }: RepositoryCall["repository"], recursive: boolean): object {
  const entry = (path: string, mode: string, id: string): object => ({
    path,
    mode: mode === "40000" ? "040000" : mode,
    type: mode === "40000" ? "tree" : mode === "160000" ? "commit" : "blob",
    sha: id,
    ...(mode === "40000" || mode === "160000" ? {} : { size: git.objects.blob(id)?.length ?? 0 }),
    url: "",
  });
  const tree = recursive
    ? [...git.objects.files(sha)].map(([path, found]) => entry(path, found.mode, found.sha))
    : (git.objects.tree(sha) ?? []).map((found) => entry(found.name, found.mode, found.sha));
  return { sha, url: "", truncated: false, tree };
}

const gitCommitView = (sha: string, { data, git }: RepositoryCall["repository"]): object => {
  const commit = git.objects.commit(sha);
  if (commit === undefined) throw missing();
  const person = ({ at, email, name }: Person): object => ({ name, email, date: new Date(at * 1000).toISOString() });
  return {
    sha,
    node_id: sha,
    url: "",
    html_url: "",
    message: commit.message,
    author: person(commit.author),
    committer: person(commit.committer),
    tree: { sha: commit.tree, url: "" },
    parents: commit.parents.map((parent) => ({ sha: parent, url: "", html_url: "" })),
    verification: {
      verified: data.verified.has(sha),
      reason: data.verified.has(sha) ? "valid" : "unsigned",
      signature: null,
      payload: null,
    },
  };
};

const personIn = (given: Body, fallback: Person): Person => ({
  name: textIn(given, "name") ?? fallback.name,
  email: textIn(given, "email") ?? fallback.email,
  at: textIn(given, "date") === undefined ? fallback.at : Math.floor(Date.parse(textIn(given, "date") ?? "") / 1000),
});

function createCommit({ actor, body, repository, world }: RepositoryCall): Answer {
  const tree = requiredText(body, "tree");
  const parents = textsIn(body["parents"]);
  const { objects } = repository.git;
  if (objects.tree(tree) === undefined) throw new Refusal(422, "Tree SHA does not exist");
  if (parents.some((parent) => objects.commit(parent) === undefined))
    throw new Refusal(422, "Parent SHA does not exist or is not a commit object");
  const own = authorOf(actor, world);
  const author = personIn(objectIn(body["author"]), own);
  const sha = objects.writeCommit({
    tree,
    parents,
    author,
    committer: personIn(objectIn(body["committer"]), author),
    message: requiredText(body, "message"),
  });
  // GitHub signs what an App commits in its own name.
  if (actor.kind === "installation" && body["author"] === undefined && body["committer"] === undefined) repository.data.verified.add(sha);
  return ok(gitCommitView(sha, repository), 201);
}

export const gitDataRoutes: readonly Route[] = [
  repositoryRoute("GET", "/git/ref/{ref+}", ["contents:read"], ({ params, repository }) => {
    const branch = branchIn(params["ref"] ?? "");
    const sha = repository.git.refs.get(branch);
    if (sha === undefined) throw missing();
    return ok(refView(branch, sha));
  }),
  repositoryRoute("GET", "/git/matching-refs/{ref+}", ["contents:read"], ({ params, repository }) => {
    const prefix = branchIn(params["ref"] ?? "");
    const names = repository.git.refs.names().filter((name) => name.startsWith(prefix));
    return list(names.map((name) => refView(name, repository.git.refs.get(name) ?? "")));
  }),
  repositoryRoute("POST", "/git/refs", ["contents:write"], createRef),
  repositoryRoute("PATCH", "/git/refs/{ref+}", ["contents:write"], updateRef),
  repositoryRoute("DELETE", "/git/refs/{ref+}", ["contents:write"], deleteRef),
  repositoryRoute("POST", "/git/blobs", ["contents:write"], ({ body, repository }) => {
    const encoding = textIn(body, "encoding") === "base64" ? "base64" : "utf8";
    return ok({ sha: repository.git.objects.write("blob", Buffer.from(requiredText(body, "content"), encoding)), url: "" }, 201);
  }),
  repositoryRoute("GET", "/git/blobs/{sha}", ["contents:read"], ({ params, repository }) => {
    const content = repository.git.objects.blob(params["sha"] ?? "");
    if (content === undefined) throw missing();
    return ok({ sha: params["sha"], node_id: "", url: "", size: content.length, encoding: "base64", content: content.toString("base64") });
  }),
  repositoryRoute("POST", "/git/trees", ["contents:write"], createTree),
  repositoryRoute("GET", "/git/trees/{sha+}", ["contents:read"], ({ params, query, repository }) => {
    const { git } = repository;
    const sha = git.resolve(params["sha"] ?? "")?.tree ?? params["sha"] ?? "";
    if (git.objects.tree(sha) === undefined) throw missing();
    return ok(treeView(sha, repository, query.has("recursive")));
  }),
  repositoryRoute("POST", "/git/commits", ["contents:write"], createCommit),
  repositoryRoute("GET", "/git/commits/{sha}", ["contents:read"], ({ params, repository }) =>
    ok(gitCommitView(params["sha"] ?? "", repository)),
  ),
];
