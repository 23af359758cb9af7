import type { AppFacts, DeliveryFacts, Granted, HookFacts, InstallationFacts, NotReached } from "../../app/inspection/inspect-app.ts";
import { webhookPath } from "../../app/webhook-server.ts";
import { githubPages } from "../../domain/github-address.ts";
import type { Check } from "../checks.ts";
import { plural } from "../table.ts";

/** What is compared with: `app.yml`, and where GitHub is. */
export interface AppExpectation {
  readonly permissions: Granted;
  readonly events: readonly string[];
  /** `GITHUB_API_URL`; github.com where absent. */
  readonly apiUrl?: string;
}

const levels = ["read", "write", "admin"];
const rank = (level: string | undefined): number => levels.indexOf(level ?? "") + 1;

/** What does not work without a permission or an event. */
const losses: Readonly<Record<string, string>> = {
  contents: "no branch can be written",
  pull_requests: "no pull request can be opened",

  checks: "neither progress nor approvals are shown",
  metadata: "nobody's right to command can be looked up",
  issues: "comments are not answered, or boxes on the dashboard not seen",
  issue_comment: "commands in comments are not heard",
  pull_request_review_comment: "commands in review comments are not heard",
  pull_request: "pull requests that people close or edit are noticed late",
  pull_request_review: "approvals are noticed late",
  check_run: "the buttons at checks do nothing",
  merge_queues: "a merge queue that requires Tuneup's checks waits for ever",
  merge_group: "a merge queue that requires Tuneup's checks waits for ever",
  push: "a repaired .github/tuneup.yml is noticed late",
};

/** What only some repositories need. */
const optional: ReadonlySet<string> = new Set(["merge_queues", "merge_group"]);
const isOptional = (said: string): boolean => optional.has(said.split(/[: ]/)[0] ?? "");

const withLoss = (name: string, level: string | undefined): string =>
  `${name}${level === undefined ? "" : `: ${level}`}${losses[name] === undefined ? "" : ` (${losses[name]})`}`;

/** Where the App's settings are. */
export function settingsPage({ owner, slug }: Pick<AppFacts, "owner" | "slug">, apiUrl: string | undefined): string {
  const pages = githubPages(apiUrl);
  return owner.isOrganization ? `${pages}/organizations/${owner.login}/settings/apps/${slug}` : `${pages}/settings/apps/${slug}`;
}

/** What GitHub said of the App, as checks; each problem with its remedy. */
export function appChecks(facts: AppFacts, expected: AppExpectation): readonly Check[] {
  const settings = settingsPage(facts, expected.apiUrl);
  const server = facts.enterprise === undefined ? "" : `, GitHub Enterprise Server ${facts.enterprise}`;
  return [
    { name: "app", state: "ok", text: `${facts.slug} of ${facts.owner.login} at ${expected.apiUrl ?? "https://api.github.com"}${server}` },
    ...clockChecks(facts.ahead),
    ...grantChecks(facts, expected, settings),
    ...("why" in facts.hook ? [unknown("webhook", facts.hook.why)] : hookChecks(facts.hook.found, settings)),
    ...("why" in facts.deliveries ? [unknown("deliveries", facts.deliveries.why)] : [deliveryCheck(facts.deliveries.found, settings)]),
    ...("why" in facts.installations
      ? [unknown("installations", facts.installations.why)]
      : installationChecks(facts.installations.found, facts, expected)),
    ...facts.notInstalled.map((repository): Check => ({
      name: "installations",
      state: "problem",
      text: `${repository} is bound in the operator file, and the App is not installed there`,
      remedy: `Install it at ${facts.page}/installations/new, or take the repository out of \`repositories\`.`,
    })),
    ...facts.notTold.map(({ repository, why }): Check =>
      unknown("installations", `whether the App is installed on ${repository} (${why})`),
    ),
  ];
}

const unknown = (name: string, why: string): Check => ({ name, state: "note", text: `GitHub does not say: ${why}` });

/** GitHub said nothing about the App: why, and what to try. */
export function notReachedChecks({ ahead, status, why }: NotReached, apiUrl: string | undefined): readonly Check[] {
  const api = apiUrl ?? "https://api.github.com";
  const clock = clockChecks(ahead).filter(({ state }) => state === "problem");
  if (status === undefined)
    return [{ name: "app", state: "problem", text: `${api} cannot be reached: ${why}`, remedy: addressRemedy(apiUrl) }];
  if (status === 401) {
    const remedy =
      clock.length > 0
        ? "Set this machine's clock first: GitHub refuses what is signed at a wrong time."
        : "APP_ID and PRIVATE_KEY must belong to one App; its settings page shows the number and makes a new key.";
    return [{ name: "app", state: "problem", text: `GitHub does not accept the App's key: ${why}`, remedy }, ...clock];
  }
  if (status === 404)
    return [
      {
        name: "app",
        state: "problem",
        text: `${api} knows no such App`,
        remedy: `It may have been deleted, or this is another GitHub. ${addressRemedy(apiUrl)}`,
      },
    ];
  return [
    {
      name: "app",
      state: "problem",
      text: `${api} answers ${status}: ${why}`,
      remedy: "Try again later; https://www.githubstatus.com tells of outages.",
    },
    ...clock,
  ];
}

function addressRemedy(apiUrl: string | undefined): string {
  if (apiUrl === undefined) return "Check the network and HTTPS_PROXY. For an Enterprise Server set GITHUB_API_URL=https://<host>/api/v3.";
  const { host, pathname } = new URL(apiUrl);
  const isApi = pathname.replace(/\/$/, "") === "/api/v3" || host.startsWith("api.");
  if (isApi) return "Check GITHUB_API_URL, the network, HTTPS_PROXY, and the server's certificate (NODE_EXTRA_CA_CERTS).";
  return `GITHUB_API_URL of an Enterprise Server ends in /api/v3: https://${host}/api/v3.`;
}

const harmlessSkew = 10_000;
/** GitHub accepts a signature that is a minute early, and our client dates it half a minute back. */
const worstSkew = 60_000;

function clockChecks(ahead: number | undefined): readonly Check[] {
  if (ahead === undefined) return [];
  const seconds = Math.round(Math.abs(ahead) / 1000);
  if (Math.abs(ahead) <= harmlessSkew) return [{ name: "clock", state: "ok", text: "as GitHub's, within 10 seconds" }];
  const text = `${plural(seconds, "second")} ${ahead > 0 ? "behind" : "before"} GitHub's`;
  const remedy = "Set this machine's clock by NTP (timedatectl set-ntp true).";
  return [{ name: "clock", state: Math.abs(ahead) > worstSkew ? "problem" : "note", text, remedy }];
}

interface Grants {
  readonly permissions: Granted;
  readonly events: readonly string[];
}

function lacking(has: Grants, expected: AppExpectation): { readonly permissions: readonly string[]; readonly events: readonly string[] } {
  return {
    permissions: Object.entries(expected.permissions)
      .filter(([name, level]) => rank(has.permissions[name]) < rank(level))
      .map(([name, level]) => withLoss(name, level)),
    events: expected.events.filter((event) => !has.events.includes(event)).map((event) => withLoss(event, undefined)),
  };
}

function grantChecks(facts: AppFacts, expected: AppExpectation, settings: string): readonly Check[] {
  const missing = lacking(facts, expected);
  const more = Object.entries(facts.permissions).filter(([name, level]) => rank(level) > rank(expected.permissions[name]));
  const page = `${settings}/permissions`;
  const checks = [
    ...grantCheck("permissions", missing.permissions, {
      all: Object.entries(expected.permissions).map(([name, level]) => `${name} ${level}`),
      remedy: `Set it at ${page}, then accept it where the App is installed.`,
    }),
    ...grantCheck("events", missing.events, { all: expected.events, remedy: `Subscribe to them at the end of ${page}.` }),
  ];
  if (more.length === 0) return checks;
  const surplus: Check = {
    name: "permissions",
    state: "note",
    text: `more than Tuneup needs: ${more.map(([name, level]) => `${name} ${level}`).join(", ")}`,
    remedy: `Take it away at ${page}, unless something else uses this App.`,
  };
  return [...checks, surplus];
}

function grantCheck(
  name: string,
  missing: readonly string[],
  { all, remedy }: { readonly all: readonly string[]; readonly remedy: string },
): readonly Check[] {
  if (missing.length === 0) return [{ name, state: "ok", text: all.join(", ") }];
  const needed = missing.filter((one) => !isOptional(one));
  const rest = missing.filter(isOptional);
  return [
    ...(needed.length === 0 ? [] : [{ name, state: "problem", text: `missing: ${needed.join("; ")}`, remedy } as const]),
    ...(rest.length === 0 ? [] : [{ name, state: "note", text: `not there: ${rest.join("; ")}`, remedy } as const]),
  ];
}

function hookChecks(hook: HookFacts, settings: string): readonly Check[] {
  const problem = (text: string, remedy: string): Check => ({ name: "webhook", state: "problem", text, remedy });
  const url = URL.parse(hook.url);
  if (url === null) return [problem("no address is set", `Give https://<your host>${webhookPath} at ${settings}.`)];
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  const found: Check[] = [];
  if (url.hostname === "tuneup.example.com")
    found.push(problem(`goes to the example address ${hook.url}`, `Give your own host at ${settings}.`));
  if (url.pathname !== webhookPath)
    found.push(problem(`goes to ${url.pathname}, where nothing listens`, `The path is ${webhookPath}; set it at ${settings}.`));
  if (url.protocol !== "https:" && !isLocal)
    found.push(problem("is not encrypted", `Put TLS before Tuneup and give an https address at ${settings}.`));
  if (hook.contentType !== "json") found.push(problem(`is sent as ${hook.contentType}`, `Choose application/json at ${settings}.`));
  if (!hook.hasSecret) found.push(problem("is not signed: GitHub has no secret", `Set the same secret as WEBHOOK_SECRET at ${settings}.`));
  if (!hook.checksCertificates && url.protocol === "https:")
    found.push({
      name: "webhook",
      state: "note",
      text: "GitHub does not look at your certificate",
      remedy: `Turn SSL verification on at ${settings}.`,
    });
  return found.length > 0 ? found : [{ name: "webhook", state: "ok", text: `${hook.url}, signed` }];
}

function deliveryCheck(deliveries: readonly DeliveryFacts[], settings: string): Check {
  const [newest] = deliveries;
  if (newest === undefined)
    return {
      name: "deliveries",
      state: "note",
      text: "GitHub has delivered nothing yet",
      remedy: `Comment somewhere, then look again, or at ${settings}/advanced.`,
    };
  const failed = deliveries.filter(({ arrived }) => !arrived);
  const last = deliveries.find(({ arrived }) => arrived);
  if (failed.length === 0)
    return { name: "deliveries", state: "ok", text: `the last ${deliveries.length} arrived, the newest at ${newest.at}` };
  const kinds = Map.groupBy(failed, ({ status, words }) => (status === 0 ? words : `HTTP ${status}`));
  const listed = [...kinds].map(([kind, some]) => `${kind} × ${some.length}`).join(", ");
  const how =
    last === undefined
      ? `none of the last ${deliveries.length} arrived`
      : `${failed.length} of the last ${deliveries.length} did not arrive`;
  const text = `${how}: ${listed}${last === undefined ? "" : `; the last that did at ${last.at}`}`;
  if (newest.arrived)
    return {
      name: "deliveries",
      state: "note",
      text,
      remedy: "The newest one arrived. `tuneup serve` asks for missed ones again by itself.",
    };
  return { name: "deliveries", state: "problem", text, remedy: `${remedyFor(newest.status)} GitHub's own words: ${settings}/advanced.` };
}

function remedyFor(status: number): string {
  if (status === 0)
    return "GitHub cannot connect: is `tuneup serve` running, and is the address reachable from GitHub with a valid certificate?";
  if (status === 400) return "The signature does not match: WEBHOOK_SECRET and the secret in the App's settings differ.";
  if (status === 404) return `Another program answers there, or the path is not ${webhookPath}.`;
  if (status === 413) return "A proxy before Tuneup refuses large bodies: let 25 MB through.";
  if (status >= 500) return "The proxy does not reach `tuneup serve`, or it is stopping or out of disk: GET /readyz says which.";
  return "Something before Tuneup answers in its place: look at the proxy.";
}

function installationChecks(installations: readonly InstallationFacts[], facts: AppFacts, expected: AppExpectation): readonly Check[] {
  if (installations.length === 0)
    return [
      { name: "installations", state: "problem", text: "installed nowhere", remedy: `Install it at ${facts.page}/installations/new.` },
    ];
  const problems = installations.flatMap((one): Check[] => {
    if (one.suspended)
      return [
        {
          name: "installations",
          state: "note",
          text: `suspended on ${one.account}`,
          remedy: `An owner lets it work again at ${one.page}.`,
        },
      ];
    const missing = lacking(one, expected);
    // What the App itself does not ask for nobody can accept.
    const own = lacking(facts, expected);
    const unasked = new Set([...own.permissions, ...own.events]);
    const all = [...missing.permissions, ...missing.events].filter((said) => !unasked.has(said));
    if (all.length === 0) return [];
    return [
      {
        name: "installations",
        state: all.every(isOptional) ? "note" : "problem",
        text: `${one.account} has not accepted: ${all.join("; ")}`,
        remedy: `An owner accepts it at ${one.page}.`,
      },
    ];
  });
  const working = installations.filter(({ suspended }) => !suspended).map(({ account }) => account);
  const shown = working.slice(0, 10).join(", ");
  const more = working.length > 10 ? ` and ${working.length - 10} more` : "";
  const summary: readonly Check[] = working.length === 0 ? [] : [{ name: "installations", state: "ok", text: `on ${shown}${more}` }];
  return [...summary, ...problems];
}
