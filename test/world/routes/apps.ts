import { randomBytes } from "node:crypto";
import type { Accounts } from "../accounts.ts";
import {
  type Answer,
  type Body,
  type Call,
  list,
  missing,
  nothing,
  numberIn,
  objectIn,
  ok,
  Refusal,
  requiredText,
  route,
  type Route,
  textIn,
  textsIn,
} from "../http.ts";
import { type App, fullName, type Installation } from "../state.ts";
import { accountView, appView, installationView, repositoryOf } from "../views.ts";

function appOf({ actor }: Call): App {
  if (actor.kind !== "app") throw new Refusal(401, "A JSON web token could not be decoded");
  return actor.app;
}

function installationIn(call: Call): Installation {
  const app = appOf(call);
  const found = call.world.accounts.installations.get(numberIn(call.params, "id"));
  if (found === undefined || found.app !== app.id) throw missing();
  return found;
}

/** Permissions that a request narrows a token to; throws 422 for more than the installation has. */
function narrowed(installation: Installation, wanted: Body): Installation["permissions"] {
  const granted: Record<string, "read" | "write"> = { metadata: "read" };
  for (const [name, level] of Object.entries(wanted)) {
    const has = installation.permissions[name];
    if ((level !== "read" && level !== "write") || has === undefined || (has === "read" && level === "write"))
      throw new Refusal(422, "The permissions requested are not granted to this installation.");
    granted[name] = level;
  }
  return granted;
}

function mint(call: Call): Answer {
  const { body, world } = call;
  const installation = installationIn(call);
  if (installation.suspended) throw new Refusal(403, "This installation has been suspended");
  const covered = world.repositories().filter((one) => world.accounts.covers(installation, one));
  const names = textsIn(body["repositories"]);
  const ids = Array.isArray(body["repository_ids"]) ? body["repository_ids"] : [];
  const chosen = covered.filter(
    ({ data }) => names.some((name) => name.toLowerCase() === data.name.toLowerCase()) || ids.includes(data.id),
  );
  if (chosen.length < names.length + ids.length)
    throw new Refusal(422, "There is at least one repository that does not exist or is not accessible to the parent installation.");
  const token = world.accounts.mint(installation, {
    ...(names.length + ids.length === 0 ? {} : { repositories: chosen.map((one) => fullName(one)) }),
    ...(body["permissions"] === undefined ? {} : { permissions: narrowed(installation, objectIn(body["permissions"])) }),
  });
  return ok(
    {
      token: token.token,
      expires_at: new Date(token.expires).toISOString().replace(/\.\d+Z$/, "Z"),
      permissions: token.owner.kind === "installation" ? token.owner.permissions : {},
      repository_selection: token.repositories === undefined ? installationView(installation, world)["repository_selection"] : "selected",
      ...(token.repositories === undefined ? {} : { repositories: chosen.map((one) => repositoryOf(one, world)) }),
    },
    201,
  );
}

/** Manifests that a person has confirmed on the page, by their one-time code. */
export class Manifests {
  readonly #confirmed = new Map<string, { readonly owner: string; readonly manifest: Body }>();

  /** Confirms a manifest and returns its code. */
  confirm(owner: string, manifest: Body): string {
    const code = randomBytes(20).toString("hex");
    this.#confirmed.set(code, { owner, manifest });
    return code;
  }

  /** Makes the App; a code works once. */
  convert(code: string, accounts: Accounts): App | undefined {
    const found = this.#confirmed.get(code);
    if (found === undefined) return undefined;
    this.#confirmed.delete(code);
    const { manifest, owner } = found;
    const hook = textIn(objectIn(manifest["hook_attributes"]), "url");
    const permissions = Object.fromEntries(
      Object.entries(objectIn(manifest["default_permissions"])).flatMap(([name, level]) =>
        level === "read" || level === "write" ? [[name, level] as const] : [],
      ),
    );
    return accounts.register({
      slug: (textIn(manifest, "name") ?? "app").toLowerCase().replace(/[^a-z0-9]+/g, "-"),
      owner,
      permissions,
      events: textsIn(manifest["default_events"]),
      ownKey: true,
      ...(hook === undefined ? {} : { hookUrl: hook }),
    });
  }
}

const deliveryView = (delivery: Call["world"]["webhooks"]["deliveries"][number], whole: boolean): object => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: delivery.delivered_at,
  redelivery: delivery.redelivery,
  duration: delivery.duration,
  status: delivery.status,
  status_code: delivery.status_code,
  event: delivery.event,
  action: delivery.action,
  installation_id: objectIn(delivery.payload["installation"])["id"] ?? null,
  repository_id: objectIn(delivery.payload["repository"])["id"] ?? null,
  ...(whole ? { request: { headers: {}, payload: delivery.payload }, response: { headers: {}, payload: null } } : {}),
});

/** The list goes backwards in time and is paged by a cursor. */
function deliveries(call: Call): Answer {
  const app = appOf(call);
  const newest = call.world.webhooks.deliveries.filter((one) => one.app === app.id).toReversed();
  return list(newest.map((delivery) => deliveryView(delivery, false)));
}

const installationFor = (call: Call): Answer => {
  const app = appOf(call);
  const repository = call.world.repository(call.params["owner"] ?? "", call.params["repo"] ?? "");
  const found = repository === undefined ? undefined : call.world.accounts.installationOn(app, repository);
  if (found === undefined) throw missing();
  return ok(installationView(found, call.world));
};

function ownRepositories({ actor, world }: Call): Answer {
  if (actor.kind !== "installation")
    throw new Refusal(403, "You must authenticate with an installation access token in order to list repositories for an installation.");
  const found = world
    .repositories()
    .filter((one) => world.accounts.covers(actor.installation, one) && (!one.data.isPrivate || world.accounts.sees(actor, one)));
  return list(
    found.map((one) => repositoryOf(one, world)),
    (items, total) => ({ total_count: total, repository_selection: "selected", repositories: items }),
  );
}

export const appRoutes = (manifests: Manifests): readonly Route[] => [
  route("GET", "/", "anybody", ({ world }) => ok({ current_user_url: `${world.url}/user` })),
  route("GET", "/meta", "anybody", () => ok({ verifiable_password_authentication: false, installed_version: "stand-in" })),
  route("GET", "/rate_limit", "anybody", () =>
    ok({
      resources: { core: { limit: 5000, remaining: 5000, reset: 0, used: 0 } },
      rate: { limit: 5000, remaining: 5000, reset: 0, used: 0 },
    }),
  ),
  route("GET", "/user", "anybody", ({ actor, world }) => {
    if (actor.kind !== "user") throw new Refusal(403, "Resource not accessible by integration");
    return ok(accountView(world.accounts.account(actor.login), { pages: () => world.pages }));
  }),
  route("GET", "/users/{login}", "anybody", ({ params, world }) => {
    const known = world.accounts.known(params["login"] ?? "");
    if (known === undefined) throw missing();
    return ok(accountView(known, { pages: () => world.pages }));
  }),
  route("GET", "/app", "app", (call) => ok(appView(appOf(call), call.world))),
  route("GET", "/app/installations", "app", (call) => {
    const app = appOf(call);
    const own = [...call.world.accounts.installations.values()].filter((one) => one.app === app.id);
    return list(own.map((one) => installationView(one, call.world)));
  }),
  route("GET", "/app/installations/{id}", "app", (call) => ok(installationView(installationIn(call), call.world))),
  route("POST", "/app/installations/{id}/access_tokens", "app", mint),
  route("GET", "/repos/{owner}/{repo}/installation", "app", installationFor),
  route("GET", "/installation/repositories", "anybody", ownRepositories),
  route("DELETE", "/installation/token", "anybody", ({ actor, world }) => {
    if (actor.kind === "installation") world.accounts.tokens.delete(actor.token.token);
    return nothing;
  }),
  route("GET", "/app/hook/config", "app", (call) =>
    ok({ url: appOf(call).hookUrl ?? "", content_type: "json", insecure_ssl: "0", secret: "********" }),
  ),
  route("PATCH", "/app/hook/config", "app", (call) => {
    const app = appOf(call);
    app.hookUrl = textIn(call.body, "url") ?? app.hookUrl;
    return ok({ url: app.hookUrl ?? "", content_type: "json", insecure_ssl: "0", secret: "********" });
  }),
  route("GET", "/app/hook/deliveries", "app", deliveries),
  route("GET", "/app/hook/deliveries/{id}", "app", (call) => {
    const app = appOf(call);
    const found = call.world.webhooks.deliveries.find((one) => one.id === numberIn(call.params, "id") && one.app === app.id);
    if (found === undefined) throw missing();
    return ok(deliveryView(found, true));
  }),
  route("POST", "/app/hook/deliveries/{id}/attempts", "app", (call) => {
    appOf(call);
    if (!call.world.webhooks.redeliver(numberIn(call.params, "id"))) throw missing();
    return ok({}, 202);
  }),
  route("POST", "/app-manifests/{code}/conversions", "anybody", (call) => {
    const app = manifests.convert(requiredText(call.params, "code"), call.world.accounts);
    if (app === undefined) throw missing();
    return ok(
      { ...appView(app, call.world), client_id: "Iv1", client_secret: "none", webhook_secret: app.webhookSecret, pem: app.privateKey },
      201,
    );
  }),
];
