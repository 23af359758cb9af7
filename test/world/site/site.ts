import type { IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "../accounts.ts";
import { bodyOf } from "../answering.ts";
import type { GithubWorld } from "../github.ts";
import { objectIn, Refusal, textIn } from "../http.ts";
import { pressCheck } from "../routes/checks.ts";
import { gitPath } from "../smart-http.ts";
import { type App, fullName, type Repository } from "../state.ts";
import { installationView, repositoryOf } from "../views.ts";
import { escaped, form, hidden, link, page } from "./page.ts";
import { issuePage, pullPage, repositoryPage } from "./pull-page.ts";

const loopback = /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/;

/** The pages a person sees: repositories, pull requests, issues, the making and installing of an App. Answers on loopback names only. */
export class Site {
  readonly #world: () => GithubWorld;

  constructor(world: () => GithubWorld) {
    this.#world = world;
  }

  /** True when the request was for a page. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname.startsWith("/api/") || gitPath.test(url.pathname)) return false;
    if (!loopback.test(request.headers.host ?? "")) throw new Refusal(403, "The stand-in answers on 127.0.0.1 and localhost only");
    const body = request.method === "POST" ? new URLSearchParams((await bodyOf(request)).toString("utf8")) : new URLSearchParams();
    const parts = url.pathname
      .split("/")
      .filter((part) => part !== "")
      .map((part) => decodeURIComponent(part));
    const to = request.method === "POST" ? await this.#post(parts, body, url) : undefined;
    if (to !== undefined && !to.startsWith("<")) return this.#redirect(response, to);
    const text = to ?? (request.method === "GET" ? this.#page(parts) : undefined);
    response
      .writeHead(text === undefined ? 404 : 200, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "cache-control": "no-store",
      })
      .end(text ?? page("Not found", "<p>There is no such page here.</p>"));
    return true;
  }

  #redirect(response: ServerResponse, location: string): boolean {
    response.writeHead(303, { location, "cache-control": "no-store" }).end();
    return true;
  }

  #page(parts: readonly string[]): string | undefined {
    const world = this.#world();
    const [first, second, kind, rest] = parts;
    if (first === undefined) return this.#index();
    if (first === "apps" && second !== undefined) return this.#appPage(second, kind === "installations");
    if (first === "settings" && second === "installations")
      return page("Installed", `<p>The App is installed.</p><p>${link("/", "To the repositories")}</p>`);
    const repository = second === undefined ? undefined : world.repository(first, second);
    if (repository === undefined) return undefined;
    if (kind === "pull") return pullPage(repository, Number(rest));
    if (kind === "issues") return issuePage(repository, Number(rest));
    if (kind === "blob") {
      const path = parts.slice(3).join("/");
      const text = repository.git.textAt(repository.data.defaultBranch, path);
      return text === undefined ? undefined : page(path, `<pre>${escaped(text)}</pre>`);
    }
    return kind === undefined ? repositoryPage(repository) : undefined;
  }

  #index(): string {
    const world = this.#world();
    const apps = [...world.accounts.apps.values()].map(
      (app) => `<li>${link(`/apps/${app.slug}`, app.slug)} <span class="soft">${escaped(app.hookUrl ?? "no webhook address")}</span></li>`,
    );
    const sent = world.webhooks.deliveries
      .slice(-15)
      .toReversed()
      .map(
        (one) =>
          `<tr><td>${escaped(one.event)}.${escaped(one.action ?? "")}</td><td>${escaped(one.status)} ${one.status_code}</td><td><code>${one.guid}</code></td></tr>`,
      );
    return page(
      "Repositories",
      `<ul>${world
        .repositories()
        .map((one) => `<li>${link(`/${fullName(one)}`, fullName(one))}</li>`)
        .join("")}</ul>
      <h2>Apps</h2><ul>${apps.join("") || "<li class=soft>none yet: start tuneup serve and open its setup page</li>"}</ul>
      <h2>Latest webhooks</h2><table>${sent.join("")}</table>`,
    );
  }

  #appPage(slug: string, installing: boolean): string | undefined {
    const world = this.#world();
    const app = [...world.accounts.apps.values()].find((one) => one.slug === slug);
    if (app === undefined) return undefined;
    const permissions = Object.entries(app.permissions).map(([name, level]) => `<li>${escaped(name)}: ${level}</li>`);
    const button = form(`/apps/${slug}/installations`, `Install on all repositories of ${app.owner}`);
    return page(
      app.name,
      `<p>It asks for:</p><ul>${permissions.join("")}</ul>${installing ? button : `<p>${link(`/apps/${slug}/installations/new`, "Install")}</p>`}`,
    );
  }

  /** Where to go next, or a page. */
  async #post(parts: readonly string[], body: URLSearchParams, url: URL): Promise<string | undefined> {
    const [first, second, third] = parts;
    if (parts.at(-1) === "new" && parts.at(-2) === "apps") return this.#confirmApp(parts, body, url);
    if (first === "settings" && second === "apps" && third === "confirm") return this.#makeApp(body);
    if (first === "apps" && third === "installations") return this.#install(second ?? "");
    const repository = this.#world().repository(first ?? "", second ?? "");
    return repository === undefined ? undefined : this.#act(repository, parts.slice(2), body);
  }

  #confirmApp(parts: readonly string[], body: URLSearchParams, url: URL): string {
    const manifest = objectIn(JSON.parse(body.get("manifest") ?? "{}") as unknown);
    const owner = parts[0] === "organizations" ? (parts[1] ?? "acme") : "acme";
    return page(
      `Create the GitHub App ${textIn(manifest, "name") ?? ""}`,
      `<p>for <b>${escaped(owner)}</b></p><pre>${escaped(JSON.stringify(manifest, undefined, 2))}</pre>${form(
        "/settings/apps/confirm",
        "Create GitHub App",
        hidden("manifest", JSON.stringify(manifest)) + hidden("owner", owner) + hidden("state", url.searchParams.get("state") ?? ""),
      )}`,
    );
  }

  #makeApp(body: URLSearchParams): string {
    const manifest = objectIn(JSON.parse(body.get("manifest") ?? "{}") as unknown);
    const back = new URL(textIn(manifest, "redirect_url") ?? "http://127.0.0.1/");
    back.searchParams.set("code", this.#world().manifests.confirm(body.get("owner") ?? "acme", manifest));
    const state = body.get("state") ?? "";
    if (state !== "") back.searchParams.set("state", state);
    return back.href;
  }

  #install(slug: string): string | undefined {
    const world = this.#world();
    const app: App | undefined = [...world.accounts.apps.values()].find((one) => one.slug === slug);
    if (app === undefined) return undefined;
    const installation = world.accounts.install(app, "acme");
    const repositories = world.repositories().map((one) => repositoryOf(one, world));
    world.webhooks.emitInstallation(installation, "installation", "ada", {
      action: "created",
      installation: installationView(installation, world),
      repositories,
    });
    return `/settings/installations/${installation.id}`;
  }

  async #act(repository: Repository, parts: readonly string[], body: URLSearchParams): Promise<string | undefined> {
    const world = this.#world();
    const [kind, number, what, id] = parts;
    const login = body.get("login") ?? "ada";
    const actor: Actor = { kind: "user", login };
    const place = `/${fullName(repository)}/${kind ?? ""}/${number ?? ""}`;
    if (kind === "issues" && number === undefined)
      return `/${fullName(repository)}/issues/${world.openIssue(body.get("title") ?? "", login)}`;
    if (what === "comments") world.comment(Number(number), login, body.get("body") ?? "");
    else if (what === "checks") {
      const action = body.get("action") === "requested_action" ? "requested_action" : "rerequested";
      pressCheck({ repository, world }, Number(id), { by: login, action, button: body.get("button") ?? "" });
    } else if (what === "push") {
      const pull = repository.data.pulls.find((one) => one.number === Number(number));
      if (pull !== undefined) world.push(pull.head, "a commit by hand", { "notes.md": "by hand\n" }, login);
    } else if (what === "tick") {
      const issue = repository.data.issues.find((one) => one.number === Number(number));
      const box = `[ ] ${body.get("box") ?? ""}`;
      if (issue !== undefined)
        await world.ask(actor, "PATCH", `/repos/${fullName(repository)}/issues/${issue.number}`, {
          body: issue.body.replace(box, box.replace("[ ]", "[x]")),
        });
    } else if (what === "ready") {
      const query =
        "mutation ($input: MarkPullRequestReadyForReviewInput!) { markPullRequestReadyForReview(input: $input) { pullRequest { isDraft } } }";
      await world.ask(actor, "POST", "/graphql", { query, variables: { input: { pullRequestId: `PR_${number}` } } });
    } else if (what === "close" || what === "merge")
      await world.ask(actor, ...endOf(repository, { kind: kind ?? "", number: number ?? "", what }));
    else return undefined;
    return place;
  }
}

/** The API request behind a button. */
function endOf(repository: Repository, { kind, number, what }: { kind: string; number: string; what: string }): [string, string, object] {
  const place = `/repos/${fullName(repository)}`;
  if (what === "merge") return ["PUT", `${place}/pulls/${number}/merge`, {}];
  return ["PATCH", `${place}/${kind === "pull" ? "pulls" : "issues"}/${number}`, { state: "closed" }];
}
