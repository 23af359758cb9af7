import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

interface Commit {
  readonly sha: string;
  readonly parent?: string;
  readonly message: string;
  readonly files: ReadonlyMap<string, string>;
}

interface Pull {
  readonly number: number;
  readonly head: string;
  title: string;
  body: string;
  draft: boolean;
  state: "open" | "closed";
  merged_at: string | null;
}

/** What the stand-in has to answer a request with. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Route = readonly [
  method: string,
  path: RegExp,
  handle: (match: RegExpExecArray, body: Readonly<Record<string, unknown>>, query: URLSearchParams) => Answer,
];

const shaOf = (value: unknown): string => createHash("sha1").update(JSON.stringify(value)).digest("hex");
const ok = (body: unknown, status = 200): Answer => ({ status, body });
const missing: Answer = { status: 404, body: { message: "Not Found" } };

/**
 * GitHub as far as publishing needs it, over HTTP, with state: one repository with commits, branches, pull requests, labels, comments and checks.
 * Refuses what GitHub refuses: unknown tokens, a second pull request of a branch, a stale head, a branch that is there already. Faults are
 * given on demand: a request may be answered with an error before or after it was applied.
 */
export class GithubWorld {
  readonly owner = "acme";
  readonly name = "support-agent";
  readonly token = "ghs_test";
  /** Every request, in order: `POST /repos/acme/support-agent/pulls`. */
  readonly requests: string[] = [];
  readonly pulls: Pull[] = [];
  readonly comments: { readonly id: number; readonly issue: number; body: string }[] = [];
  readonly labels = new Map<number, string[]>();
  readonly checks: { readonly id: number; readonly name: string; readonly head_sha: string; conclusion: string }[] = [];
  /** Files that some automation adds to every commit made through the API. */
  alsoCommit: Readonly<Record<string, string>> = {};
  readonly permissions = new Map<string, string>();
  readonly #commits = new Map<string, Commit>();
  readonly #refs = new Map<string, string>();
  readonly #faults: {
    readonly pattern: RegExp;
    readonly when: "before" | "after";
    readonly status: number;
    times: number;
    readonly headers: Record<string, string>;
  }[] = [];
  #server: Server | undefined;
  url = "";

  constructor(files: Readonly<Record<string, string>>) {
    this.#refs.set("main", this.#commit({ message: "files", files: new Map(Object.entries(files)) }));
  }

  /** The head of a branch. */
  head(branch: string): string | undefined {
    return this.#refs.get(branch);
  }

  /** A file's text at the head of a branch. */
  text(branch: string, path: string): string | undefined {
    return this.#commits.get(this.#refs.get(branch) ?? "")?.files.get(path);
  }

  branches(): readonly string[] {
    return [...this.#refs.keys()];
  }

  /** Commits on a branch since main's head at the start. */
  commitsOn(branch: string): readonly string[] {
    const messages: string[] = [];
    for (
      let commit = this.#commits.get(this.#refs.get(branch) ?? "");
      commit?.parent !== undefined;
      commit = this.#commits.get(commit.parent)
    )
      messages.push(commit.message);
    return messages;
  }

  /** Lets a branch stand at a commit that exists elsewhere under this id. */
  adopt(branch: string, sha: string, files: Readonly<Record<string, string>>): void {
    this.#commits.set(sha, { sha, message: "files", files: new Map(Object.entries(files)) });
    this.#refs.set(branch, sha);
  }

  /** Somebody commits to a branch. */
  push(branch: string, message: string, changes: Readonly<Record<string, string>>): void {
    const parent = this.#commits.get(this.#refs.get(branch) ?? "");
    this.#refs.set(
      branch,
      this.#commit({
        message,
        files: new Map([...(parent?.files ?? []), ...Object.entries(changes)]),
        ...(parent === undefined ? {} : { parent: parent.sha }),
      }),
    );
  }

  /** The next requests that match are answered with this status, before or after they took effect. */
  fail(
    pattern: RegExp,
    options: {
      readonly when: "before" | "after";
      readonly status?: number;
      readonly times?: number;
      readonly headers?: Record<string, string>;
    },
  ): void {
    this.#faults.push({
      pattern,
      when: options.when,
      status: options.status ?? 502,
      times: options.times ?? 1,
      headers: options.headers ?? {},
    });
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    this.#server = server;
    this.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? "/", "http://localhost");
    const line = `${request.method ?? ""} ${url.pathname}`;
    this.requests.push(line);
    const send = ({ body, status }: Answer, headers: Record<string, string> = {}): void =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(status === 204 ? "" : JSON.stringify(body));
    if (request.headers.authorization?.endsWith(this.token) !== true) return send({ status: 401, body: { message: "Bad credentials" } });
    const fault = this.#faults.find((one) => one.times > 0 && one.pattern.test(line));
    if (fault !== undefined) fault.times -= 1;
    if (fault?.when === "before") return send({ status: fault.status, body: { message: "fault" } }, fault.headers);
    const text = Buffer.concat(chunks).toString("utf8");
    const answer = this.#route(
      request.method ?? "",
      decodeURIComponent(url.pathname),
      text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
      url.searchParams,
    );
    if (fault !== undefined) return send({ status: fault.status, body: { message: "applied, then failed" } }, fault.headers);
    return send(answer);
  }

  #route(method: string, path: string, body: Readonly<Record<string, unknown>>, query: URLSearchParams): Answer {
    for (const [verb, pattern, handle] of this.#routes()) {
      const match = verb === method ? pattern.exec(path) : null;
      if (match !== null) return handle(match, body, query);
    }
    return missing;
  }

  #routes(): readonly Route[] {
    const at = (path: string): RegExp => new RegExp(`^/repos/${this.owner}/${this.name}${path}$`);
    return [
      ["GET", at(""), () => ok({ name: this.name, default_branch: "main", private: true })],
      [
        "GET",
        at("/branches/(.+)"),
        ([, branch = ""]) => (this.#refs.has(branch) ? ok({ name: branch, commit: { sha: this.#refs.get(branch) } }) : missing),
      ],
      [
        "GET",
        at("/collaborators/([^/]+)/permission"),
        ([, login = ""]) => (this.permissions.has(login) ? ok({ permission: this.permissions.get(login) }) : missing),
      ],
      [
        "GET",
        at("/git/ref/heads/(.+)"),
        ([, branch = ""]) =>
          this.#refs.has(branch) ? ok({ ref: `refs/heads/${branch}`, object: { sha: this.#refs.get(branch), type: "commit" } }) : missing,
      ],
      ["POST", at("/git/refs"), (_match, body) => this.#createRef(String(body["ref"]), String(body["sha"]))],
      ["DELETE", at("/git/refs/heads/(.+)"), ([, branch = ""]) => (this.#refs.delete(branch) ? ok(null, 204) : missing)],
      ["GET", at("/compare/([0-9a-f]{40})\\.\\.\\.([0-9a-f]{40})"), ([, base = "", head = ""]) => this.#compare(base, head)],
      ["GET", at("/contents/(.+)"), ([, path = ""], _body, query) => this.#contents(path, query.get("ref") ?? "main")],
      ["POST", /^\/graphql$/, (_match, body) => this.#graphql(body)],
      [
        "GET",
        at("/pulls"),
        (_match, _body, query) =>
          ok(this.pulls.filter((pull) => `${this.owner}:${pull.head}` === query.get("head")).map((pull) => this.#pull(pull))),
      ],
      ["POST", at("/pulls"), (_match, body) => this.#createPull(body)],
      ["GET", at("/pulls/(\\d+)"), ([, number = ""]) => this.#withPull(number, (pull) => ok(this.#pull(pull)))],
      [
        "PATCH",
        at("/pulls/(\\d+)"),
        ([, number = ""], body) =>
          this.#withPull(number, (pull) =>
            ok(this.#pull(Object.assign(pull, { title: body["title"] ?? pull.title, body: body["body"] ?? pull.body }))),
          ),
      ],
      ["POST", at("/issues/(\\d+)/labels"), ([, number = ""], body) => this.#label(Number(number), body["labels"])],
      ["GET", at("/issues/(\\d+)/comments"), ([, number = ""]) => ok(this.comments.filter((comment) => comment.issue === Number(number)))],
      ["POST", at("/issues/(\\d+)/comments"), ([, number = ""], body) => this.#comment(Number(number), String(body["body"]))],
      ["PATCH", at("/issues/comments/(\\d+)"), ([, id = ""], body) => this.#editComment(Number(id), String(body["body"]))],
      [
        "GET",
        at("/commits/([0-9a-f]+)/check-runs"),
        ([, sha = ""]) => ok({ total_count: 0, check_runs: this.checks.filter((check) => check.head_sha === sha) }),
      ],
      ["POST", at("/check-runs"), (_match, body) => this.#check(body)],
      ["PATCH", at("/check-runs/(\\d+)"), ([, id = ""], body) => this.#updateCheck(Number(id), body)],
    ];
  }

  #commit(parts: Omit<Commit, "sha">): string {
    const sha = shaOf([parts.parent, parts.message, [...parts.files]]);
    this.#commits.set(sha, { sha, ...parts });
    return sha;
  }

  #createRef(ref: string, sha: string): Answer {
    const branch = ref.replace("refs/heads/", "");
    if (this.#refs.has(branch)) return { status: 422, body: { message: "Reference already exists" } };
    if (!this.#commits.has(sha)) return { status: 422, body: { message: "Object does not exist" } };
    this.#refs.set(branch, sha);
    return ok({ ref, object: { sha, type: "commit" } }, 201);
  }

  #compare(base: string, head: string): Answer {
    const [from, to] = [this.#commits.get(base), this.#commits.get(head)];
    if (from === undefined || to === undefined) return missing;
    const commits: object[] = [];
    for (let commit: Commit | undefined = to; commit !== undefined && commit.sha !== base; commit = this.#commits.get(commit.parent ?? ""))
      commits.unshift({ sha: commit.sha, commit: { message: commit.message } });
    const paths = new Set([...from.files.keys(), ...to.files.keys()]);
    const files = [...paths].flatMap((filename) => {
      const [before, after] = [from.files.get(filename), to.files.get(filename)];
      return before === after ? [] : [{ filename, status: before === undefined ? "added" : after === undefined ? "removed" : "modified" }];
    });
    return ok({ commits, files });
  }

  #contents(path: string, ref: string): Answer {
    const text = this.#commits.get(this.#refs.get(ref) ?? ref)?.files.get(path);
    return text === undefined ? missing : ok({ type: "file", path, content: Buffer.from(text).toString("base64"), encoding: "base64" });
  }

  #graphql(body: Readonly<Record<string, unknown>>): Answer {
    const { input } = body["variables"] as {
      readonly input: {
        readonly branch: { readonly branchName: string };
        readonly message: { readonly headline: string; readonly body: string };
        readonly expectedHeadOid: string;
        readonly fileChanges: { readonly additions: readonly { readonly path: string; readonly contents: string }[] };
      };
    };
    const parent = this.#commits.get(this.#refs.get(input.branch.branchName) ?? "");
    if (parent === undefined) return ok({ data: null, errors: [{ type: "NOT_FOUND", message: "no such branch" }] });
    if (parent.sha !== input.expectedHeadOid)
      return ok({ data: null, errors: [{ type: "STALE_DATA", message: "Expected branch to point to another commit" }] });
    const files = new Map([
      ...parent.files,
      ...input.fileChanges.additions.map(({ contents, path }) => [path, Buffer.from(contents, "base64").toString("utf8")] as const),
      ...Object.entries(this.alsoCommit),
    ]);
    const oid = this.#commit({ parent: parent.sha, message: `${input.message.headline}\n\n${input.message.body}`, files });
    this.#refs.set(input.branch.branchName, oid);
    return ok({ data: { createCommitOnBranch: { commit: { oid } } } });
  }

  #pull(pull: Pull): object {
    return {
      ...pull,
      html_url: `https://github.com/${this.owner}/${this.name}/pull/${pull.number}`,
      head: { ref: pull.head, sha: this.#refs.get(pull.head) ?? "0".repeat(40) },
    };
  }

  #createPull(body: Readonly<Record<string, unknown>>): Answer {
    const head = String(body["head"]);
    if (this.pulls.some((pull) => pull.head === head && pull.state === "open"))
      return { status: 422, body: { message: "Validation Failed", errors: [{ message: "A pull request already exists" }] } };
    if (!this.#refs.has(head) || this.#refs.get(head) === this.#refs.get("main"))
      return { status: 422, body: { message: "Validation Failed", errors: [{ message: "No commits between main and the branch" }] } };
    const pull: Pull = {
      number: this.pulls.length + 1,
      head,
      title: String(body["title"]),
      body: String(body["body"]),
      draft: body["draft"] === true,
      state: "open",
      merged_at: null,
    };
    this.pulls.push(pull);
    return ok(this.#pull(pull), 201);
  }

  #withPull(number: string, use: (pull: Pull) => Answer): Answer {
    const pull = this.pulls.find((one) => one.number === Number(number));
    return pull === undefined ? missing : use(pull);
  }

  #label(issue: number, labels: unknown): Answer {
    this.labels.set(issue, [...new Set([...(this.labels.get(issue) ?? []), ...(labels as string[])])]);
    return ok([]);
  }

  #comment(issue: number, body: string): Answer {
    const comment = { id: this.comments.length + 1, issue, body };
    this.comments.push(comment);
    return ok(comment, 201);
  }

  #editComment(id: number, body: string): Answer {
    const comment = this.comments.find((one) => one.id === id);
    if (comment === undefined) return missing;
    comment.body = body;
    return ok(comment);
  }

  #check(body: Readonly<Record<string, unknown>>): Answer {
    const check = {
      id: this.checks.length + 1,
      name: String(body["name"]),
      head_sha: String(body["head_sha"]),
      conclusion: String(body["conclusion"]),
    };
    this.checks.push(check);
    return ok(check, 201);
  }

  #updateCheck(id: number, body: Readonly<Record<string, unknown>>): Answer {
    const check = this.checks.find((one) => one.id === id);
    if (check === undefined) return missing;
    check.conclusion = String(body["conclusion"]);
    return ok(check);
  }
}
