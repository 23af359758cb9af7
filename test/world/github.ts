import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Accounts, type Actor, loginOf } from "./accounts.ts";
import { bodyOf, send, sendAnswer } from "./answering.ts";
import { type FaultOptions, Faults } from "./faults.ts";
import { BareRepository } from "./git/bare-repository.ts";
import { type Answer, type Call, missing, objectIn, Refusal, type Route, type World } from "./http.ts";
import { requestCheck } from "./request-check.ts";
import { appRoutes, Manifests } from "./routes/apps.ts";
import { checkRoutes } from "./routes/checks.ts";
import { gitDataRoutes } from "./routes/git-data.ts";
import { graphqlRoutes } from "./routes/graphql.ts";
import { addComment, issueRoutes, openIssue } from "./routes/issues.ts";
import { announce, closePull, pullRoutes } from "./routes/pulls.ts";
import { repositoryRoutes } from "./routes/repository.ts";
import { reviewRoutes } from "./routes/reviews.ts";
import { gitPath, serveGit } from "./smart-http.ts";
import {
  type Access,
  type App,
  type Check,
  type Comment,
  emptyRepository,
  fullName,
  type Installation,
  type Pull,
  type Repository,
} from "./state.ts";
import { Webhooks } from "./webhooks.ts";

/** What the App of most tests may do; more than its manifest asks, so that every forge call can be tried. */
const wide = { contents: "write", pull_requests: "write", issues: "write", checks: "write", statuses: "write", metadata: "read" } as const;
const watched = [
  "issue_comment",
  "issues",
  "merge_group",
  "pull_request",
  "pull_request_review",
  "pull_request_review_comment",
  "check_run",
  "push",
  "repository",
];

export interface WorldOptions {
  /** Milliseconds since 1970; the machine's clock when left out. */
  readonly clock?: () => number;
  /** Where `html_url` leads; `https://github.com` when left out. */
  readonly pages?: string;
  readonly port?: number;
  /** Gets every request before the API does; true when it answered. */
  readonly site?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** One request that the API got, and how it was answered. */
export interface Exchange {
  readonly method: string;
  /** Without the Enterprise prefix. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  status: number;
}

/**
 * GitHub with state, over HTTP and on real git objects: REST as far as Tuneup uses it, `createCommitOnBranch`, git's own protocol, signed webhooks,
 * permissions, pages of lists. Made with one repository, `acme/support-agent`, and one App installed there. Refuses what GitHub refuses; what goes
 * wrong is given on demand. A stand-in, never GitHub itself: what it does not know it answers with 404.
 */
export class GithubWorld implements World {
  readonly owner = "acme";
  readonly name = "support-agent";
  readonly token = "ghs_test";
  readonly accounts: Accounts;
  readonly webhooks: Webhooks;
  readonly faults = new Faults();
  readonly manifests = new Manifests();
  readonly app: App;
  readonly installation: Installation;
  /** Every request, in order: `POST /repos/acme/support-agent/pulls`. */
  readonly requests: string[] = [];
  readonly exchanges: Exchange[] = [];
  /** Requests of an hour that are left; answered with 403 at zero. */
  rateLimit = { limit: 5000, remaining: Number.POSITIVE_INFINITY, reset: 0 };
  url = "";
  readonly #options: WorldOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), "github-stand-in-"));
  readonly #repositories = new Map<string, Repository>();
  readonly #routes: readonly Route[];
  readonly #hanging = new Set<ServerResponse>();
  #server: Server | undefined;
  #nextId = 1;

  constructor(files: Readonly<Record<string, string>>, options: WorldOptions = {}) {
    this.#options = options;
    this.accounts = new Accounts(() => this.clock());
    this.webhooks = new Webhooks({ accounts: this.accounts, now: () => this.now(), pages: () => this.pages });
    this.#routes = [
      ...appRoutes(this.manifests),
      ...graphqlRoutes,
      ...gitDataRoutes,
      ...checkRoutes,
      ...reviewRoutes,
      ...pullRoutes,
      ...issueRoutes,
      ...repositoryRoutes,
    ];
    this.accounts.account(this.owner, "Organization");
    this.addRepository(this.owner, this.name, files);
    this.app = this.accounts.register({ id: 7, slug: "tuneup", owner: this.owner, permissions: wide, events: watched });
    this.installation = this.accounts.install(this.app, this.owner, "all", 99);
    this.accounts.mint(this.installation, { token: this.token });
  }

  get #own(): Repository {
    const own = this.repository(this.owner, this.name);
    if (own === undefined) throw new Error("the repository was removed");
    return own;
  }

  get pages(): string {
    return this.#options.pages ?? "https://github.com";
  }

  get pulls(): Pull[] {
    return this.#own.data.pulls;
  }

  get comments(): Comment[] {
    return this.#own.data.comments;
  }

  get labels(): Map<number, string[]> {
    return this.#own.data.labels;
  }

  get checks(): Check[] {
    return this.#own.data.checks;
  }

  /** What people may do in the repository, by login; who is named here has an account. */
  get permissions(): Map<string, Access> {
    return this.#own.data.collaborators;
  }

  /** Files that some automation adds to every commit made through the API. */
  set alsoCommit(files: Readonly<Record<string, string>>) {
    this.#own.data.alsoCommit = files;
  }

  clock(): number {
    return this.#options.clock?.() ?? Date.now();
  }

  now(): string {
    return new Date(this.clock()).toISOString().replace(/\.\d+Z$/, "Z");
  }

  nextId(): number {
    return (this.#nextId += 1);
  }

  repository(owner: string, name: string): Repository | undefined {
    return this.#repositories.get(`${owner}/${name}`.toLowerCase());
  }

  repositories(): readonly Repository[] {
    return [...this.#repositories.values()];
  }

  /** A repository whose first commit is what any other machine makes of the same files: same author, same date, same id. */
  addRepository(owner: string, name: string, files: Readonly<Record<string, string>>): Repository {
    const folder = join(this.#folder, `${this.#repositories.size}.git`);
    mkdirSync(folder, { recursive: true });
    const git = BareRepository.make(folder);
    const ada = { name: "Ada", email: "ada@example.com", at: Date.parse("2026-01-01T00:00:00Z") / 1000 };
    git.refs.set("main", git.commitFiles([], files, { author: ada, message: "files\n" }));
    const repository = { data: emptyRepository(this.#repositories.size + 1, owner, name), git };
    this.#repositories.set(`${owner}/${name}`.toLowerCase(), repository);
    return repository;
  }

  /** The head of a branch. */
  head(branch: string): string | undefined {
    return this.#own.git.refs.get(branch);
  }

  /** A file's text at the head of a branch. */
  text(branch: string, path: string): string | undefined {
    return this.#own.git.textAt(branch, path);
  }

  branches(): readonly string[] {
    return this.#own.git.refs.names();
  }

  /** Messages of the commits of a branch down to the repository's first, newest first, without that one. */
  commitsOn(branch: string): readonly string[] {
    const { git } = this.#own;
    const head = git.refs.get(branch);
    const commits = head === undefined ? [] : [...git.ancestors(head)].flatMap((sha) => git.objects.commit(sha) ?? []);
    return commits.filter((commit) => commit.parents.length > 0).map((commit) => commit.message);
  }

  /** Lets a branch stand at a commit that exists elsewhere under this id, made of these files as `addRepository` makes it. */
  adopt(branch: string, sha: string, files: Readonly<Record<string, string>>): void {
    const { git } = this.#own;
    if (git.objects.commit(sha) === undefined) {
      const ada = { name: "Ada", email: "ada@example.com", at: Date.parse("2026-01-01T00:00:00Z") / 1000 };
      const made = git.commitFiles([], files, { author: ada, message: "files\n" });
      if (made !== sha) throw new Error(`${sha} is another commit than these files make; fetch it with fetchFrom()`);
    }
    git.refs.set(branch, sha);
  }

  /** Takes everything from a repository of this machine. */
  fetchFrom(folder: string): void {
    this.#own.git.fetchFrom(folder);
  }

  /** Somebody commits to a branch, in somebody's name. */
  push(branch: string, message: string, changes: Readonly<Record<string, string>>, by = "ada", name = by): void {
    const { git } = this.#own;
    const before = git.refs.get(branch);
    const author = { name, email: `${name}@example.com`, at: Math.floor(this.clock() / 1000) };
    const sha = git.commitFiles(before === undefined ? [] : [before], changes, { author, message });
    git.refs.set(branch, sha);
    this.moved(this.#own, branch, before, by);
  }

  /** Somebody comments, as on the page; webhooks follow. Returns the comment's id. */
  comment(issue: number, login: string, body: string): number {
    this.accounts.account(login);
    return addComment({ actor: { kind: "user", login }, repository: this.#own, world: this }, issue, body).id;
  }

  /** Somebody opens an issue, as on the page. Returns its number. */
  openIssue(title: string, login = "ada", body = ""): number {
    this.accounts.account(login);
    return openIssue({ actor: { kind: "user", login }, repository: this.#own, world: this }, { title, body }).number;
  }

  /** Does what an API request of this actor does, without HTTP; throws what the API would answer. */
  async ask(actor: Actor, method: string, path: string, body: object = {}): Promise<unknown> {
    const exchange: Exchange = { method, path, query: {}, body, status: 0 };
    const answer = await this.#route({ exchange, actor, accept: "", query: new URLSearchParams(), line: `${method} ${path}` });
    return "body" in answer ? answer.body : undefined;
  }

  /** Somebody closes a pull request, as on the page. */
  closePull(number: number, login = "ada"): void {
    const pull = this.pulls.find((one) => one.number === number);
    if (pull !== undefined) closePull({ actor: { kind: "user", login }, repository: this.#own, world: this }, pull);
  }

  /** The next requests that match `METHOD /path` fail, before or after they took effect. */
  fail(pattern: RegExp, options: FaultOptions): void {
    this.faults.add(pattern, options);
  }

  /** The next reads that match are answered with the state of this moment, whatever happens meanwhile. */
  stale(pattern: RegExp, times = 1): void {
    this.faults.freeze(pattern, times, this.#repositories);
  }

  moved(repository: Repository, branch: string, before: string | undefined, by: string): void {
    const after = repository.git.refs.get(branch);
    const actor: Actor = { kind: "user", login: by };
    for (const pull of repository.data.pulls.filter((one) => one.state === "open" && one.head === branch)) {
      if (after === undefined) closePull({ actor, repository, world: this }, pull);
      else {
        pull.head_sha = after;
        announce({ actor, repository, world: this }, "synchronize", pull, { before, after });
      }
    }
    const head = after === undefined ? undefined : repository.git.objects.commit(after);
    const none = "0".repeat(40);
    this.webhooks.emit(repository, "push", by, {
      ref: `refs/heads/${branch}`,
      before: before ?? none,
      after: after ?? none,
      created: before === undefined,
      deleted: after === undefined,
      forced: false,
      compare: `${this.pages}/${fullName(repository)}/compare/${before ?? none}...${after ?? none}`,
      commits: [],
      head_commit: head === undefined ? null : { id: head.sha, message: head.message, author: head.author },
      pusher: { name: by },
    });
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#options.port ?? 0, "127.0.0.1", resolve);
    });
    const address = server.address();
    this.#server = server;
    this.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    return this;
  }

  async stop(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    rmSync(this.#folder, { recursive: true, force: true });
    const problems = this.requestProblems();
    if (problems.length > 0) throw new Error(`GitHub's own description does not allow:\n${problems.join("\n")}`);
  }

  /** What GitHub's OpenAPI description says against the requests so far; `[]` where the description is not installed. */
  requestProblems(): readonly string[] {
    const check = requestCheck();
    return check === undefined ? [] : [...new Set(this.exchanges.flatMap((exchange) => check.problems(exchange)))];
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if ((await this.#options.site?.(request, response)) === true) return;
      await this.#answer(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else if (error instanceof Refusal)
        send(response, error.status, { message: error.message, ...error.more, documentation_url: "" }, this.#headers());
      else send(response, 500, { message: error instanceof Error ? (error.stack ?? error.message) : "unknown" });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const git = gitPath.exec(url.pathname);
    if (git !== null)
      return this.#git(request, response, { owner: git[1] ?? "", name: git[2] ?? "", inner: git[3] ?? "", query: url.search.slice(1) });
    const path = url.pathname.replace(/^\/api\/(?:v3(?=\/|$)|(?=graphql$))/, "").replace(/^(?!\/)/, "/");
    const line = `${request.method ?? ""} ${decodeURIComponent(path)}`;
    const text = (await bodyOf(request)).toString("utf8");
    this.requests.push(line);
    const exchange: Exchange = {
      method: request.method ?? "",
      path,
      query: Object.fromEntries(url.searchParams),
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
      status: 0,
    };
    this.exchanges.push(exchange);
    response.once("finish", () => (exchange.status = response.statusCode));
    const actor = this.accounts.actor(request.headers.authorization);
    this.#count();
    const fault = this.faults.take(line);
    if (fault?.when === "before") return this.#fail(response, fault);
    const answer = await this.#route({ exchange, actor, accept: request.headers.accept ?? "", query: url.searchParams, line });
    if (fault !== undefined) return this.#fail(response, fault);
    sendAnswer(response, answer, { url, headers: this.#headers() });
  }

  async #route(given: { exchange: Exchange; actor: Actor; accept: string; query: URLSearchParams; line: string }): Promise<Answer> {
    for (const route of this.#routes) {
      const match = route.method === given.exchange.method ? route.pattern.exec(given.exchange.path) : null;
      if (match === null) continue;
      const call: Call = {
        world: this,
        method: given.exchange.method,
        path: given.exchange.path,
        params: Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? "")])),
        query: given.query,
        body: objectIn(given.exchange.body),
        accept: given.accept,
        actor: given.actor,
      };
      return route.about === "repository" ? route.handle(this.#aboutRepository(call, route, given.line)) : route.handle(call);
    }
    throw missing();
  }

  #aboutRepository(call: Call, route: Route, line: string): Call & { readonly repository: Repository } {
    const key = `${call.params["owner"] ?? ""}/${call.params["repo"] ?? ""}`.toLowerCase();
    const repository = (this.faults.old(line) ?? this.#repositories).get(key);
    if (repository === undefined || !this.accounts.sees(call.actor, repository)) throw missing();
    if (repository.data.blocked) throw new Refusal(451, "Repository access blocked", { block: { reason: "dmca" } });
    this.accounts.demand(call.actor, repository, route.needs);
    if (repository.data.archived && call.method !== "GET") throw new Refusal(403, "Repository was archived so is read-only.");
    return { ...call, repository };
  }

  async #git(
    request: IncomingMessage,
    response: ServerResponse,
    { inner, name, owner, query }: { owner: string; name: string; inner: string; query: string },
  ): Promise<void> {
    this.requests.push(`GIT ${inner} /${owner}/${name}`);
    const repository = this.repository(owner, name);
    const actor = this.#gitActor(request);
    if (repository === undefined || !this.accounts.sees(actor, repository)) {
      // Git asks for credentials only when it is told to.
      if (actor.kind === "nobody") return void response.writeHead(401, { "www-authenticate": 'Basic realm="GitHub"' }).end();
      throw missing();
    }
    const isPush = inner === "git-receive-pack" || query.includes("git-receive-pack");
    this.accounts.demand(actor, repository, [isPush ? "contents:write" : "contents:read"]);
    const before = new Map(repository.git.refs.names().map((branch) => [branch, repository.git.refs.get(branch)]));
    await serveGit(request, response, { repository, inner, query, user: loginOf(actor) });
    if (inner !== "git-receive-pack") return;
    for (const branch of new Set([...before.keys(), ...repository.git.refs.names()]))
      if (before.get(branch) !== repository.git.refs.get(branch)) this.moved(repository, branch, before.get(branch), loginOf(actor));
  }

  #gitActor(request: IncomingMessage): Actor {
    try {
      return this.accounts.actor(request.headers.authorization);
    } catch {
      return { kind: "nobody" };
    }
  }

  #fail(response: ServerResponse, fault: FaultOptions): void {
    if (fault.instead === "reset") return void response.socket?.destroy();
    if (fault.instead === "hang") return void this.#hanging.add(response);
    send(
      response,
      fault.status ?? 502,
      { message: fault.message ?? (fault.when === "after" ? "applied, then failed" : "fault") },
      {
        ...this.#headers(),
        ...fault.headers,
      },
    );
  }

  #count(): void {
    if (this.rateLimit.remaining <= 0) throw new Refusal(403, "API rate limit exceeded for installation ID 99.");
    this.rateLimit.remaining -= 1;
  }

  #headers(): Readonly<Record<string, string>> {
    const { limit, remaining, reset } = this.rateLimit;
    return {
      date: new Date(this.clock()).toUTCString(),
      "x-github-request-id": randomUUID(),
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(Math.min(limit, remaining)),
      "x-ratelimit-reset": String(reset === 0 ? Math.floor(this.clock() / 1000) + 3600 : reset),
      "x-ratelimit-resource": "core",
    };
  }
}
