import type { Accounts, Actor } from "./accounts.ts";
import type { Repository } from "./state.ts";
import type { Webhooks } from "./webhooks.ts";

/** What the stand-in answers: JSON, a list that is cut into pages, or text. */
export type Answer =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: number; readonly list: readonly unknown[]; readonly wrap?: (items: readonly unknown[], total: number) => unknown }
  | { readonly status: number; readonly text: string | Buffer; readonly type: string };

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const list = (items: readonly unknown[], wrap?: (items: readonly unknown[], total: number) => unknown): Answer =>
  wrap === undefined ? { status: 200, list: items } : { status: 200, list: items, wrap };
export const nothing: Answer = { status: 204, body: null };

/** GitHub says no; thrown by any route. */
export class Refusal extends Error {
  readonly status: number;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.more = more;
  }
}

export const missing = (): Refusal => new Refusal(404, "Not Found");
export const invalid = (...messages: readonly string[]): Refusal =>
  new Refusal(422, "Validation Failed", { errors: messages.map((message) => ({ resource: "Thing", code: "custom", message })) });

export type Body = Readonly<Record<string, unknown>>;

/** The parts of the world that routes use. */
export interface World {
  readonly accounts: Accounts;
  readonly webhooks: Webhooks;
  /** ISO 8601, UTC, whole seconds. */
  now(): string;
  /** Milliseconds since 1970. */
  clock(): number;
  /** Where people look at pages: `https://github.com`. */
  readonly pages: string;
  readonly url: string;
  repository(owner: string, name: string): Repository | undefined;
  repositories(): readonly Repository[];
  nextId(): number;
  /** A branch moved: pull requests and webhooks follow. */
  moved(repository: Repository, branch: string, before: string | undefined, by: string): void;
}

/** One request on its way through the routes. */
export interface Call {
  readonly world: World;
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Body;
  readonly accept: string;
  readonly actor: Actor;
}

/** A request about one repository that the actor may see. */
export interface RepositoryCall extends Call {
  readonly repository: Repository;
}

/** Permission names of GitHub Apps; any of them opens the route. */
export type Needs = readonly `${string}:${"read" | "write"}`[];

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly needs: Needs;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
  readonly about: "repository" | "app" | "anybody";
}

/** `/git/refs/{ref+}` as a pattern: `{name}` is one part, `{name+}` any number of them. */
function compiled(path: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
  const names: string[] = [];
  const source = path.replaceAll(".", "\\.").replace(/\{(\w+)(\+?)\}/g, (_whole, name: string, rest: string) => {
    names.push(name);
    return rest === "+" ? "(.+)" : "([^/]+)";
  });
  return { pattern: new RegExp(`^${source}$`), names };
}

export const route = (method: string, path: string, about: Route["about"], handle: Route["handle"]): Route => ({
  method,
  ...compiled(path),
  needs: [],
  about,
  handle,
});

/** A route below `/repos/{owner}/{repo}`. */
export const repositoryRoute = (
  method: string,
  path: string,
  needs: Needs,
  handle: (call: RepositoryCall) => Answer | Promise<Answer>,
): Route => ({
  method,
  ...compiled(`/repos/{owner}/{repo}${path}`),
  needs,
  about: "repository",
  handle: (call) => handle(call as RepositoryCall),
});

export const textIn = (body: Body, name: string): string | undefined => {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
};

/** A member that must be a text. */
export function requiredText(body: Body, name: string): string {
  const value = textIn(body, name);
  if (value === undefined) throw new Refusal(422, `Invalid request.\n\n"${name}" wasn't supplied.`);
  return value;
}

export const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value)
    ? value.flatMap((one: unknown) => {
        if (typeof one === "string") return [one];
        return typeof one === "object" && one !== null && "name" in one && typeof one.name === "string" ? [one.name] : [];
      })
    : [];

export const objectIn = (value: unknown): Body =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

export const numberIn = (params: Readonly<Record<string, string>>, name: string): number => Number(params[name] ?? Number.NaN);

const longestBody = 65_536;

/** GitHub's limit for every body; throws 422 beyond it. */
export function checkText(text: string): string {
  if (text.length > longestBody) throw invalid(`body is too long (maximum is ${longestBody} characters)`);
  return text;
}
