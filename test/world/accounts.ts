import { createPrivateKey, createPublicKey, createVerify, generateKeyPairSync, randomBytes } from "node:crypto";
import { Refusal } from "./http.ts";
import { type Access, type Account, type App, fullName, type Installation, type Repository, type Token } from "./state.ts";

export type Actor =
  | { readonly kind: "nobody" }
  | { readonly kind: "user"; readonly login: string }
  | { readonly kind: "app"; readonly app: App }
  | { readonly kind: "installation"; readonly app: App; readonly installation: Installation; readonly token: Token };

/** Login of who acts, as it stands beside what they write. */
export const loginOf = (actor: Actor): string =>
  actor.kind === "user" ? actor.login : actor.kind === "nobody" ? "ghost" : `${actor.app.slug}[bot]`;

const ranks: Readonly<Record<Access, number>> = { none: 0, read: 1, triage: 2, write: 3, maintain: 4, admin: 5 };
const tokenLife = 60 * 60 * 1000;

/** The largest part of a key pair's cost is making it, and tests make many worlds. */
let sharedKeys: { readonly privateKey: string } | undefined;
const freshKeys = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();

export interface AppParts {
  readonly id?: number;
  readonly slug: string;
  readonly owner: string;
  readonly hookUrl?: string;
  readonly webhookSecret?: string;
  readonly permissions: App["permissions"];
  readonly events: readonly string[];
  /** A key of its own, not the one that the worlds of one process share. */
  readonly ownKey?: boolean;
}

/** Users, Apps, installations and tokens: who asks, and what they may. */
export class Accounts {
  readonly apps = new Map<number, App>();
  readonly installations = new Map<number, Installation>();
  readonly tokens = new Map<string, Token>();
  readonly #accounts = new Map<string, Account>();
  readonly #clock: () => number;
  #next = 1000;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** An account, made when it is not there. */
  account(login: string, type: Account["type"] = login.endsWith("[bot]") ? "Bot" : "User"): Account {
    const known = this.#accounts.get(login.toLowerCase());
    if (known !== undefined) return known;
    const made: Account = { id: (this.#next += 1), login, type };
    this.#accounts.set(login.toLowerCase(), made);
    return made;
  }

  known(login: string): Account | undefined {
    return this.#accounts.get(login.toLowerCase());
  }

  register(parts: AppParts): App {
    sharedKeys ??= { privateKey: freshKeys() };
    const privateKey = parts.ownKey === true ? freshKeys() : sharedKeys.privateKey;
    const app: App = {
      id: parts.id ?? (this.#next += 1),
      slug: parts.slug,
      name: parts.slug,
      owner: parts.owner,
      privateKey,
      publicKey: createPublicKey(createPrivateKey(privateKey)),
      webhookSecret: parts.webhookSecret ?? randomBytes(32).toString("hex"),
      hookUrl: parts.hookUrl,
      permissions: { metadata: "read", ...parts.permissions },
      events: parts.events,
    };
    this.apps.set(app.id, app);
    this.account(`${app.slug}[bot]`, "Bot");
    return app;
  }

  install(app: App, account: string, repositories: Installation["repositories"] = "all", id?: number): Installation {
    const installation: Installation = {
      id: id ?? (this.#next += 1),
      app: app.id,
      account,
      repositories,
      permissions: app.permissions,
      suspended: false,
    };
    this.installations.set(installation.id, installation);
    return installation;
  }

  /** A personal token of a user. */
  userToken(login: string, token = `ghp_${randomBytes(18).toString("hex")}`): string {
    this.account(login);
    this.tokens.set(token, { token, owner: { kind: "user", login }, expires: Number.POSITIVE_INFINITY });
    return token;
  }

  /** A token of an installation, valid for an hour. In GitHub's new form it has about 520 characters. */
  mint(
    installation: Installation,
    narrowed: { readonly repositories?: readonly string[]; readonly permissions?: App["permissions"]; readonly token?: string } = {},
  ): Token {
    const made: Token = {
      token: narrowed.token ?? `ghs_${installation.app}_${randomBytes(380).toString("base64url").slice(0, 508)}`,
      owner: { kind: "installation", installation: installation.id, permissions: narrowed.permissions ?? installation.permissions },
      ...(narrowed.repositories === undefined ? {} : { repositories: narrowed.repositories.map((name) => name.toLowerCase()) }),
      expires: this.#clock() + tokenLife,
    };
    this.tokens.set(made.token, made);
    return made;
  }

  /** Who sends this `Authorization`. Throws 401 for what GitHub does not know. */
  actor(authorization: string | undefined): Actor {
    if (authorization === undefined || authorization === "") return { kind: "nobody" };
    const [scheme = "", value = ""] = authorization.split(" ");
    const given = scheme.toLowerCase() === "basic" ? (Buffer.from(value, "base64").toString("utf8").split(":")[1] ?? "") : value;
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(given) && !given.startsWith("gh")) return { kind: "app", app: this.#appOf(given) };
    const token = this.tokens.get(given);
    if (token === undefined || token.expires <= this.#clock()) throw new Refusal(401, "Bad credentials");
    if (token.owner.kind === "user") return { kind: "user", login: token.owner.login };
    const installation = this.installations.get(token.owner.installation);
    const app = this.apps.get(installation?.app ?? 0);
    if (installation === undefined || app === undefined) throw new Refusal(401, "Bad credentials");
    if (installation.suspended) throw new Refusal(403, "This installation has been suspended");
    return { kind: "installation", app, installation, token };
  }

  /** The App that signed a JSON web token, which may be ten minutes long and a minute early. */
  #appOf(token: string): App {
    const [head = "", body = "", signature = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as { iss?: unknown; exp?: unknown; iat?: unknown };
    const app = this.apps.get(Number(claims.iss));
    const isSigned =
      app !== undefined && createVerify("RSA-SHA256").update(`${head}.${body}`).verify(app.publicKey, Buffer.from(signature, "base64url"));
    if (!isSigned) throw new Refusal(401, "A JSON web token could not be decoded");
    const now = Math.floor(this.#clock() / 1000);
    const [issued, expires] = [Number(claims.iat), Number(claims.exp)];
    if (!(expires > now) || expires > now + 660) throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
    if (!(issued <= now + 60))
      throw new Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
    return app;
  }

  installationOn(app: App, repository: Repository): Installation | undefined {
    return [...this.installations.values()].find((one) => one.app === app.id && this.covers(one, repository));
  }

  covers(installation: Installation, repository: Repository): boolean {
    if (installation.account.toLowerCase() !== repository.data.owner.toLowerCase()) return false;
    return (
      installation.repositories === "all" ||
      installation.repositories.some((name) => name.toLowerCase() === fullName(repository).toLowerCase())
    );
  }

  /** What a user may do in a repository. */
  access(repository: Repository, login: string): Access {
    if (login.toLowerCase() === repository.data.owner.toLowerCase()) return "admin";
    const given = [...repository.data.collaborators].find(([name]) => name.toLowerCase() === login.toLowerCase())?.[1];
    return given ?? (repository.data.isPrivate ? "none" : "read");
  }

  /** Whether an actor's rights reach a repository at all; to others a private one does not exist. */
  sees(actor: Actor, repository: Repository): boolean {
    if (!repository.data.isPrivate) return true;
    if (actor.kind === "user") return ranks[this.access(repository, actor.login)] > 0;
    return actor.kind === "installation" && this.#reaches(actor, repository);
  }

  #reaches({ installation, token }: Extract<Actor, { kind: "installation" }>, repository: Repository): boolean {
    if (!this.covers(installation, repository)) return false;
    return token.repositories === undefined || token.repositories.includes(fullName(repository).toLowerCase());
  }

  /** Throws 403 when an actor lacks every one of these permissions. */
  demand(actor: Actor, repository: Repository, needs: readonly string[]): void {
    const isRead = (need: string): boolean => need.endsWith(":read");
    if (actor.kind === "installation") {
      const granted = actor.token.owner.kind === "installation" ? actor.token.owner.permissions : {};
      const has = (need: string): boolean => {
        const [name = "", wanted = "read"] = need.split(":");
        const level = granted[name];
        return level === "write" || (level === "read" && wanted === "read");
      };
      const isOpen = !repository.data.isPrivate && needs.every(isRead);
      if ((this.#reaches(actor, repository) && needs.some(has)) || isOpen) return;
      throw new Refusal(403, "Resource not accessible by integration");
    }
    const access = actor.kind === "user" ? this.access(repository, actor.login) : repository.data.isPrivate ? "none" : "read";
    if (needs.every(isRead)) return;
    // Anyone who can see a repository may comment, review and open issues there; everything else takes the right to push.
    const talks = needs.some((need) => need === "issues:write" || need === "reactions:write" || need === "reviews:write");
    if (actor.kind === "nobody") throw new Refusal(401, "Requires authentication");
    if (ranks[access] < ranks[talks ? "read" : "write"]) throw new Refusal(403, "Must have push access to repository");
    if (needs.includes("checks:write")) throw new Refusal(403, "You must authenticate via a GitHub App.");
  }
}
