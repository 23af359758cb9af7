import type { ProbotOctokit } from "probot";

/** Levels by permission name, as GitHub writes them: `read`, `write`, `admin`. */
export type Granted = Readonly<Record<string, string>>;

/** One account on which the App is installed, and what was accepted there: a new wish of the App's waits until somebody accepts it. */
export interface InstallationFacts {
  readonly id: number;
  readonly account: string;
  /** Its settings page. */
  readonly page: string;
  readonly suspended: boolean;
  readonly permissions: Granted;
  readonly events: readonly string[];
}

export interface HookFacts {
  readonly url: string;
  readonly contentType: string;
  readonly checksCertificates: boolean;
  readonly hasSecret: boolean;
}

/** One delivery that GitHub tried; the newest attempt of it. */
export interface DeliveryFacts {
  /** ISO 8601. */
  readonly at: string;
  readonly event: string;
  readonly arrived: boolean;
  /** HTTP status of the answer; 0 where there was none. */
  readonly status: number;
  /** GitHub's own words for how it ended. */
  readonly words: string;
}

/** What could be asked, or why not. */
export type Asked<T> = { readonly found: T } | { readonly why: string };

/** What GitHub says of the App; everything live, nothing written. */
export interface AppFacts {
  readonly slug: string;
  readonly page: string;
  readonly owner: { readonly login: string; readonly isOrganization: boolean };
  readonly permissions: Granted;
  readonly events: readonly string[];
  /** Milliseconds by which GitHub's clock is before (positive) or behind ours; known to a second. */
  readonly ahead?: number;
  /** Version of an Enterprise Server. */
  readonly enterprise?: string;
  readonly hook: Asked<HookFacts>;
  /** Newest first; at most a hundred attempts are looked at. */
  readonly deliveries: Asked<readonly DeliveryFacts[]>;
  /** At most a hundred. */
  readonly installations: Asked<readonly InstallationFacts[]>;
  /** Bound repositories on which the App is not installed. */
  readonly notInstalled: readonly string[];
  /** Bound repositories of which GitHub would not say whether it is. */
  readonly notTold: readonly { readonly repository: string; readonly why: string }[];
}

/** GitHub did not say anything about the App. */
export interface NotReached {
  /** HTTP status of its answer; absent where there was none. */
  readonly status?: number;
  readonly why: string;
  readonly ahead?: number;
}

const mostRepositories = 50;

/**
 * Asks GitHub about the App itself: what it may, what it hears, where its webhooks go and how they fared, where it is installed. Reads only. `octokit` is
 * authenticated as the App; `clock` is in milliseconds since 1970.
 */
export async function inspectApp(
  octokit: ProbotOctokit,
  parts: { readonly clock: () => number; readonly repositories: readonly string[] },
): Promise<AppFacts | NotReached> {
  const began = parts.clock();
  try {
    const { data, headers } = await octokit.request("GET /app");
    if (data === null) return { status: 200, why: "GitHub answers, and names no App" };
    const ahead = aheadOf(headers.date, began, parts.clock());
    const version = headers["x-github-enterprise-version"];
    const { owner } = data;
    return {
      slug: data.slug ?? String(data.id),
      page: data.html_url,
      owner: { login: "login" in owner ? owner.login : owner.slug, isOrganization: !("type" in owner) || owner.type === "Organization" },
      permissions: levelsOf(data.permissions),
      events: data.events,
      ...(ahead === undefined ? {} : { ahead }),
      ...(typeof version === "string" ? { enterprise: version } : {}),
      hook: await asked(() => hookOf(octokit)),
      deliveries: await asked(() => deliveriesOf(octokit)),
      installations: await asked(() => installationsOf(octokit)),
      ...(await notInstalledOn(octokit, parts.repositories)),
    };
  } catch (error) {
    const headers = headersIn(error);
    const ahead = aheadOf(headers["date"], began, parts.clock());
    return { ...whyOf(error), ...(ahead === undefined ? {} : { ahead }) };
  }
}

const levelsOf = (permissions: object): Granted =>
  Object.fromEntries(Object.entries(permissions).flatMap(([name, level]) => (typeof level === "string" ? [[name, level] as const] : [])));

async function asked<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { found: await ask() };
  } catch (error) {
    return { why: whyOf(error).why };
  }
}

async function hookOf(octokit: ProbotOctokit): Promise<HookFacts> {
  const { data } = await octokit.rest.apps.getWebhookConfigForApp();
  return {
    url: data.url ?? "",
    contentType: data.content_type ?? "form",
    checksCertificates: String(data.insecure_ssl ?? "0") === "0",
    hasSecret: (data.secret ?? "") !== "",
  };
}

async function deliveriesOf(octokit: ProbotOctokit): Promise<readonly DeliveryFacts[]> {
  const { data } = await octokit.rest.apps.listWebhookDeliveries({ per_page: 100 });
  const byGuid = Map.groupBy(data, ({ guid }) => guid);
  return [...byGuid.values()].flatMap((attempts) => {
    const [newest] = attempts;
    if (newest === undefined) return [];
    // A redelivery has the same GUID: what arrived once is no failure.
    const arrived = attempts.some(({ status_code }) => status_code >= 200 && status_code < 300);
    return [{ at: newest.delivered_at, event: newest.event, arrived, status: newest.status_code, words: newest.status }];
  });
}

async function installationsOf(octokit: ProbotOctokit): Promise<readonly InstallationFacts[]> {
  const { data } = await octokit.rest.apps.listInstallations({ per_page: 100 });
  return data.map(({ account, events, html_url, id, permissions, suspended_at }) => ({
    id,
    account: account !== null && "login" in account ? account.login : String(id),
    page: html_url,
    suspended: suspended_at !== null && suspended_at !== undefined,
    permissions: levelsOf(permissions),
    events,
  }));
}

async function notInstalledOn(
  octokit: ProbotOctokit,
  repositories: readonly string[],
): Promise<Pick<AppFacts, "notInstalled" | "notTold">> {
  const notInstalled: string[] = [];
  const notTold: { repository: string; why: string }[] = [];
  for (const name of repositories.slice(0, mostRepositories)) {
    const [owner = "", repo = ""] = name.split("/");
    try {
      await octokit.rest.apps.getRepoInstallation({ owner, repo });
    } catch (error) {
      const { status, why } = whyOf(error);
      if (status === 404) notInstalled.push(name);
      else notTold.push({ repository: name, why });
    }
  }
  return { notInstalled, notTold };
}

/** GitHub's clock against the middle of our request. */
function aheadOf(date: unknown, began: number, ended: number): number | undefined {
  const theirs = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isFinite(theirs) ? theirs - (began + ended) / 2 : undefined;
}

function headersIn(error: unknown): Readonly<Record<string, unknown>> {
  const response = error instanceof Error && "response" in error ? error.response : undefined;
  const headers = typeof response === "object" && response !== null && "headers" in response ? response.headers : undefined;
  return typeof headers === "object" && headers !== null ? { ...headers } : {};
}

/** Status and reason of a failed request; Octokit gives failures of the network the status 500 and no response. */
function whyOf(error: unknown): { readonly status?: number; readonly why: string } {
  if (!(error instanceof Error)) return { why: "it failed" };
  const status = "status" in error && "response" in error && error.response !== undefined ? Number(error.status) : undefined;
  const cause = error.cause instanceof Error && "code" in error.cause ? `${error.message} (${String(error.cause.code)})` : error.message;
  return { ...(status === undefined ? {} : { status }), why: cause.split("\n")[0]?.slice(0, 200) ?? "" };
}
