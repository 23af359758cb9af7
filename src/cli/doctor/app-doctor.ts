import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Probot } from "probot";
import { type AppFacts, inspectApp } from "../../app/inspection/inspect-app.ts";
import { readingClient, type TriedRepository, tryPermissions } from "../../app/inspection/try-permissions.ts";
import { makeProbot } from "../../app/make-probot.ts";
import { readShipped } from "../../app/setup/manifest.ts";
import { type AppCredentials, checkCredentials } from "../../app/webhook-server.ts";
import { storedCredentials } from "../../compose/app-setup.ts";
import { readOperator, shippedFile } from "../../compose.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Check } from "../checks.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../table.ts";
import { appChecks, type AppExpectation, notReachedChecks } from "./app-checks.ts";

export interface AppDoctorPlace {
  readonly data: string;
  readonly cwd: string;
  readonly operatorFile?: string;
  /** The repository to try permissions in; the first bound one where absent. */
  readonly github?: string;
  readonly live: boolean;
}

/** Whether this installation has the credentials of an App: then no transcript is read in the same process. */
export function hasAppCredentials(context: CliContext, data: string): boolean {
  try {
    return storedCredentials(context.environment, data) !== undefined;
  } catch {
    return true;
  }
}

/**
 * Everything about the GitHub App that can be looked at from here: its credentials, then what GitHub says of it. Reads only. With `live`, one read with each
 * permission in one repository. Nothing where there is no App.
 */
export async function appDoctor(context: CliContext, place: AppDoctorPlace): Promise<readonly Check[]> {
  let credentials: AppCredentials;
  try {
    const stored = storedCredentials(context.environment, place.data);
    if (stored === undefined) return [{ name: "app", state: "note", text: "no GitHub App: `tuneup serve` leads through making one" }];
    credentials = checkCredentials(stored);
    createPrivateKey(credentials.privateKey);
  } catch (error) {
    if (error instanceof TuneupError) return [{ name: "app", state: "problem", text: error.message, remedy: error.remedy }];
    const remedy = "Make a new private key on the App's settings page and give the whole PEM text as PRIVATE_KEY.";
    return [{ name: "app", state: "problem", text: "PRIVATE_KEY cannot be read as a key", remedy }];
  }
  return [secretCheck(credentials.webhookSecret), ...(await askGithub(context, credentials, place))];
}

/** As long as what the setup page makes. */
const goodSecret = 32;

function secretCheck(secret: string): Check {
  const isWeak = secret.length < goodSecret || new Set(secret).size < 10;
  if (!isWeak) return { name: "webhook secret", state: "ok", text: `${secret.length} characters` };
  return {
    name: "webhook secret",
    state: "note",
    text: "short or with few different characters: whoever guesses it can give commands",
    remedy:
      "Set a new one (openssl rand -hex 32) here and in the App's settings; WEBHOOK_SECRET_PREVIOUS keeps the old one valid meanwhile.",
  };
}

async function askGithub(context: CliContext, credentials: AppCredentials, place: AppDoctorPlace): Promise<readonly Check[]> {
  const { probot } = await makeProbot(credentials, () => undefined, []);
  const places = { data: place.data, cwd: place.cwd, ...(place.operatorFile === undefined ? {} : { operatorFile: place.operatorFile }) };
  const bound = Object.keys(readOperator(places, context.environment).repositories ?? {});
  const { apiUrl } = credentials;
  const { default_events, default_permissions } = readShipped(readFileSync(shippedFile("app.yml"), "utf8"));
  const expected: AppExpectation = {
    permissions: default_permissions,
    events: default_events,
    ...(apiUrl === undefined ? {} : { apiUrl }),
  };
  const facts = await inspectApp(await probot.auth(), { clock: () => Date.parse(context.now()), repositories: bound });
  if (!("slug" in facts)) return notReachedChecks(facts, apiUrl);
  const checks = appChecks(facts, expected);
  if (!place.live) return checks;
  return [
    ...checks,
    ...(await permissionChecks(probot, { apiUrl, facts, name: place.github ?? bound.find((one) => !facts.notInstalled.includes(one)) })),
  ];
}

/** One read with each permission; what may be written can be seen as granted only. */
async function permissionChecks(
  probot: Probot,
  { apiUrl, facts, name }: { readonly apiUrl: string | undefined; readonly facts: AppFacts; readonly name: string | undefined },
): Promise<readonly Check[]> {
  if (name === undefined)
    return [{ name: "app (live)", state: "note", text: "no repository to try permissions in", remedy: "Name one: --github owner/name." }];
  const [owner = "", repo = ""] = name.split("/");
  let tries: TriedRepository;
  try {
    tries = await tryPermissions(await readingClient(await probot.auth(), { owner, repo }, apiUrl), { owner, repo });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it failed";
    const remedy = `Is the App installed there, and were its permissions accepted? ${facts.page}/installations/new`;
    return [{ name: "app (live)", state: "problem", text: `no token for ${name}: ${why}`, remedy }];
  }
  const { left, tried } = tries;
  const written = Object.entries(facts.permissions).filter(([, level]) => level === "write");
  const rest = left === undefined ? "" : `; ${left.remaining} of ${left.limit} requests left this hour`;
  return [
    ...tried.map(({ name: permission, what, why }): Check =>
      why === undefined
        ? { name: `${permission} (live)`, state: "ok", text: `read ${what} of ${name}`.replace("the repository of ", "") }
        : {
            name: `${permission} (live)`,
            state: "problem",
            text: `${what} of ${name} cannot be read: ${why}`,
            remedy: "See permissions and installations above.",
          },
    ),
    {
      name: "writing",
      state: "note",
      text: `granted, and not tried: ${written.map(([permission]) => permission).join(", ") || "nothing"}. Nothing was written; ${plural(tried.length + 3, "request")}, which cost nothing${rest}`,
    },
  ];
}
