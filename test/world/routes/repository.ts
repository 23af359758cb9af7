import { createTwoFilesPatch } from "diff";
import type { BareRepository, ChangedFile } from "../git/bare-repository.ts";
import {
  invalid,
  list,
  missing,
  ok,
  Refusal,
  repositoryRoute,
  requiredText,
  type RepositoryCall,
  type Route,
  textIn,
  type Answer,
} from "../http.ts";
import { accountView, commitView, labelView, repositoryOf } from "../views.ts";
import { authorOf, demandWorkflowRight, moveBranch, webFlow } from "./committing.ts";

/** A file of a comparison, with its patch. */
export function changedFileView(changed: ChangedFile, git: BareRepository): object {
  const text = (sha: string | undefined): string => (sha === undefined ? "" : (git.objects.blob(sha)?.toString("utf8") ?? ""));
  const whole = createTwoFilesPatch("a", "b", text(changed.before?.sha), text(changed.after?.sha), "", "", { context: 3 });
  const patch = whole.slice(Math.max(0, whole.indexOf("@@")));
  const count = (sign: string): number => patch.split("\n").filter((line) => line.startsWith(sign)).length;
  return {
    sha: (changed.after ?? changed.before)?.sha ?? "",
    filename: changed.filename,
    status: changed.status,
    additions: count("+"),
    deletions: count("-"),
    changes: count("+") + count("-"),
    blob_url: "",
    raw_url: "",
    contents_url: "",
    patch,
  };
}

function compare({ params, repository, world }: RepositoryCall): Answer {
  const [from = "", to = ""] = (params["basehead"] ?? "").split("...");
  const { git } = repository;
  const [base, head] = [git.resolve(from), git.resolve(to.split(":").at(-1) ?? "")];
  if (base === undefined || head === undefined) throw missing();
  const start = git.mergeBase(base.sha, head.sha) ?? base.sha;
  const commits = git.between(base.sha, head.sha);
  const behind = git.between(head.sha, base.sha).length;
  return ok({
    status: commits.length === 0 ? (behind === 0 ? "identical" : "behind") : behind === 0 ? "ahead" : "diverged",
    ahead_by: commits.length,
    behind_by: behind,
    total_commits: commits.length,
    base_commit: commitView(base, repository, world),
    merge_base_commit: commitView(git.objects.commit(start) ?? base, repository, world),
    commits: commits.map((commit) => commitView(commit, repository, world)),
    files: git.changedFiles(start, head.sha).map((changed) => changedFileView(changed, git)),
  });
}

/** GitHub serves no more than a megabyte as base64. */
const largestContent = 1_000_000;

function contents({ accept, params, query, repository }: RepositoryCall): Answer {
  const path = (params["path"] ?? "").replace(/\/$/, "");
  const { git } = repository;
  const ref = query.get("ref") ?? repository.data.defaultBranch;
  const commit = git.resolve(ref);
  if (commit === undefined) throw new Refusal(404, `No commit found for the ref ${ref}`);
  const files = git.objects.files(commit.tree);
  const entry = files.get(path);
  if (entry === undefined) return folder(path, [...files], repository);
  const content = git.objects.blob(entry.sha) ?? Buffer.alloc(0);
  if (accept.includes("raw")) return { status: 200, text: content, type: "application/vnd.github.raw+json; charset=utf-8" };
  const own = {
    name: path.split("/").at(-1),
    path,
    sha: entry.sha,
    size: content.length,
    url: "",
    html_url: "",
    git_url: "",
    download_url: "",
  };
  if (entry.mode === "120000") return ok({ ...own, type: "symlink", target: content.toString("utf8") });
  if (entry.mode === "160000") return ok({ ...own, type: "submodule", submodule_git_url: null });
  if (content.length > largestContent) return ok({ ...own, type: "file", encoding: "none", content: "" });
  const lines = content.toString("base64").match(/.{1,60}/g) ?? [];
  return ok({ ...own, type: "file", encoding: "base64", content: lines.length === 0 ? "" : `${lines.join("\n")}\n` });
}

function folder(
  path: string,
  files: readonly (readonly [string, { readonly sha: string }])[],
  { git }: RepositoryCall["repository"],
): Answer {
  const prefix = path === "" ? "" : `${path}/`;
  const below = files.filter(([name]) => name.startsWith(prefix));
  if (below.length === 0) throw missing();
  const names = [...new Set(below.map(([name]) => name.slice(prefix.length).split("/")[0] ?? ""))];
  return ok(
    names.map((name) => {
      const file = below.find(([found]) => found === `${prefix}${name}`);
      const own = { name, path: `${prefix}${name}`, url: "", html_url: "", git_url: "", download_url: null };
      return file === undefined
        ? { ...own, type: "dir", sha: "", size: 0 }
        : { ...own, type: "file", sha: file[1].sha, size: git.objects.blob(file[1].sha)?.length ?? 0 };
    }),
  );
}

/** `PUT` writes a file, `DELETE` removes one; both name the blob that they replace. */
function changeContents(call: RepositoryCall): Answer {
  const { actor, body, method, params, repository, world } = call;
  const { git } = repository;
  const path = params["path"] ?? "";
  demandWorkflowRight(actor, [path]);
  const branch = textIn(body, "branch") ?? repository.data.defaultBranch;
  const head = git.refs.get(branch);
  if (head === undefined) throw new Refusal(404, `Branch ${branch} not found`);
  const known = git.filesAt(head).get(path);
  const given = textIn(body, "sha");
  if (known !== undefined && given === undefined) throw new Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  if (given !== undefined && known?.sha !== given) throw new Refusal(409, `${path} does not match ${given}`);
  if (method === "DELETE" && known === undefined) throw missing();
  const content = method === "DELETE" ? undefined : Buffer.from(requiredText(body, "content"), "base64");
  const sha = git.commitFiles(
    [head],
    { [path]: content, ...repository.data.alsoCommit },
    { author: authorOf(actor, world), committer: webFlow(world), message: requiredText(body, "message") },
  );
  repository.data.verified.add(sha);
  moveBranch(world, repository, { actor, branch, sha });
  const commit = git.objects.commit(sha);
  const entry = git.filesAt(sha).get(path);
  return ok(
    {
      content: entry === undefined ? null : { path, sha: entry.sha, type: "file" },
      commit: commit === undefined ? {} : { sha, ...commitView(commit, repository, world) },
    },
    known === undefined ? 201 : 200,
  );
}

function permission({ params, repository, world }: RepositoryCall): Answer {
  const login = params["username"] ?? "";
  const account = world.accounts.known(login) ?? (repository.data.collaborators.has(login) ? world.accounts.account(login) : undefined);
  if (account === undefined) throw new Refusal(404, `${login} is not a user`);
  const role = world.accounts.access(repository, account.login);
  const coarse = role === "maintain" ? "write" : role === "triage" ? "read" : role;
  return ok({ permission: coarse, role_name: role, user: accountView(account, { pages: () => world.pages }) });
}

const branchView = (name: string, { git }: RepositoryCall["repository"], rest: object = {}): object => ({
  name,
  commit: { sha: git.refs.get(name), url: "" },
  protected: false,
  ...rest,
});

/** The rules that hold for a branch, as rulesets say them. */
const branchRules = ({ params, repository: { data } }: RepositoryCall): Answer =>
  list(
    params["branch"] !== data.defaultBranch || data.requiredChecks.length === 0
      ? []
      : [
          {
            type: "required_status_checks",
            ruleset_source_type: "Repository",
            ruleset_source: `${data.owner}/${data.name}`,
            ruleset_id: 1,
            parameters: {
              strict_required_status_checks_policy: false,
              required_status_checks: data.requiredChecks.map((context) => ({ context })),
            },
          },
        ],
  );

export const repositoryRoutes: readonly Route[] = [
  repositoryRoute("GET", "", ["metadata:read"], ({ repository, world }) => ok(repositoryOf(repository, world))),
  repositoryRoute("GET", "/branches", ["contents:read"], ({ repository }) =>
    list(repository.git.refs.names().map((name) => branchView(name, repository))),
  ),
  repositoryRoute("GET", "/branches/{branch+}", ["contents:read"], ({ params, repository }) => {
    const name = params["branch"] ?? "";
    if (repository.git.refs.get(name) === undefined) throw new Refusal(404, "Branch not found");
    return ok(branchView(name, repository));
  }),
  repositoryRoute("GET", "/rules/branches/{branch+}", ["metadata:read"], branchRules),
  repositoryRoute("GET", "/collaborators/{username}/permission", ["metadata:read"], permission),
  repositoryRoute("GET", "/collaborators/{username}", ["metadata:read"], ({ params, repository, world }) => {
    if (world.accounts.access(repository, params["username"] ?? "") === "none") throw missing();
    return { status: 204, body: null };
  }),
  repositoryRoute("GET", "/commits", ["contents:read"], ({ query, repository, world }) => {
    const head = repository.git.resolve(query.get("sha") ?? repository.data.defaultBranch);
    if (head === undefined) throw new Refusal(409, "Git Repository is empty.");
    const commits = [...repository.git.ancestors(head.sha)].flatMap((sha) => repository.git.objects.commit(sha) ?? []);
    return list(commits.map((commit) => commitView(commit, repository, world)));
  }),
  repositoryRoute("GET", "/commits/{ref+}", ["contents:read"], ({ params, repository, world }) => {
    const commit = repository.git.resolve(params["ref"] ?? "");
    if (commit === undefined) throw new Refusal(422, `No commit found for SHA: ${params["ref"] ?? ""}`);
    return ok(commitView(commit, repository, world));
  }),
  repositoryRoute("GET", "/compare/{basehead+}", ["contents:read"], compare),
  repositoryRoute("GET", "/contents", ["contents:read"], contents),
  repositoryRoute("GET", "/contents/{path+}", ["contents:read"], contents),
  repositoryRoute("PUT", "/contents/{path+}", ["contents:write"], changeContents),
  repositoryRoute("DELETE", "/contents/{path+}", ["contents:write"], changeContents),
  repositoryRoute("GET", "/labels", ["issues:read", "pull_requests:read"], ({ repository }) =>
    list([...repository.data.labelNames].map((name) => labelView(name))),
  ),
  repositoryRoute("POST", "/labels", ["issues:write", "pull_requests:write"], ({ body, repository }) => {
    const name = requiredText(body, "name");
    if (repository.data.labelNames.has(name)) throw invalid("already_exists");
    repository.data.labelNames.add(name);
    return ok(labelView(name), 201);
  }),
];
