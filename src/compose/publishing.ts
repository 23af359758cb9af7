import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Environment, onlyForgeSecrets } from "../config/environment.ts";
import { carried } from "../config/telemetry-settings.ts";
import { asJson, digestOfJson, shortDigest } from "../domain/digest.ts";
import { isErrorCode, TuneupError } from "../domain/errors.ts";
import { digest } from "../domain/ids.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { SetupProposal } from "../domain/publishing/setup.ts";
import type { Publication } from "../ports/forge.ts";
import { publishableSchema } from "./proposal-schema.ts";

export interface PublishingTarget {
  readonly data: string;
  /** Local repository; the local forge writes its branch there. */
  readonly repo: string;
  /** `github` when the proposal's repository is on GitHub. */
  readonly forge: "local" | "github";
  /** The program that publishes: Node's arguments up to the command name. */
  readonly program: readonly string[];
  /** Address of the forge's API, where it is not the environment's or GitHub's own. */
  readonly apiUrl?: string;
  /** A token other than the environment's: the App's installation token. */
  readonly token?: string;
  /** Make the branch anew: others' commits on it are dropped. */
  readonly recreate?: boolean;
  /** The operator's file, which sets the limits; the default one where absent. */
  readonly operatorFile?: string;
  /** The span that the publishing process goes on from, as W3C `traceparent`. */
  readonly traceparent?: string;
}

/** The part of a target that says where the forge is. */
export const apiOf = ({ githubApiUrl }: Pick<Environment, "githubApiUrl">): Pick<PublishingTarget, "apiUrl"> =>
  githubApiUrl === undefined ? {} : { apiUrl: githubApiUrl };

/**
 * Publishes in a process of its own: it gets the finished proposal and the forge's secrets, no model key and no trace store.
 * Throws what the process reported; `forge-unreachable` when it died without a word.
 */
export async function publishInOwnProcess(proposal: Proposal | SetupProposal, target: PublishingTarget): Promise<Publication> {
  const folder = join(target.data, "proposals");
  mkdirSync(folder, { recursive: true });
  const name = "id" in proposal ? shortDigest(digest(proposal.id)) : shortDigest(digestOfJson(asJson(proposal)));
  const file = join(folder, `${name}-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(proposal), { mode: 0o600 });
  try {
    const variables = {
      ...onlyForgeSecrets(),
      ...(target.token === undefined ? {} : { GITHUB_TOKEN: target.token }),
      ...(target.apiUrl === undefined ? {} : { GITHUB_API_URL: target.apiUrl }),
      ...carried(target.traceparent),
    };
    const recreate = target.recreate === true ? ["--recreate"] : [];
    const operator = target.operatorFile === undefined ? [] : ["--operator", target.operatorFile];
    const { code, stdout, stderr } = await run(
      [
        ...target.program,
        "publish",
        file,
        "--forge",
        target.forge,
        "--repo",
        target.repo,
        "--data",
        target.data,
        ...operator,
        ...recreate,
        "--json",
      ],
      variables,
    );
    if (code === 0) return JSON.parse(stdout) as Publication;
    throw (
      reported(stdout) ??
      new TuneupError("forge-refused", stderr.trim() || `The publishing process ended with code ${code}.`, {
        remedy: "The proposal is kept; the same command tries to publish it again.",
        retryable: true,
        fields: { code },
      })
    );
  } finally {
    rmSync(file, { force: true });
  }
}

function run(
  command: readonly string[],
  variables: Record<string, string>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { env: variables, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/** Reads a proposal that the working process wrote. Throws `publish-refused` for a file that is none. */
export function readProposal(path: string): Proposal | SetupProposal {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw unreadable(path, "it cannot be read as JSON", cause);
  }
  const parsed = publishableSchema(content).safeParse(content);
  if (parsed.success) return parsed.data;
  const places = new Set(parsed.error.issues.map((issue) => issue.path.join(".") || "the whole"));
  throw unreadable(path, `these parts are not as they should be: ${[...places].slice(0, 10).join(", ")}`, parsed.error);
}

const unreadable = (path: string, why: string, cause: unknown): TuneupError =>
  new TuneupError("publish-refused", `${path} holds no proposal: ${why}.`, {
    remedy: "Nothing was published. `tuneup propose` writes such a file.",
    fields: { path },
    cause,
  });

const failureSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), remedy: z.string(), retryable: z.boolean() }) });

/** How the publishing process says on its standard output, under `--json`, why it failed. */
export const failureJson = ({ code, message, remedy, retryable }: TuneupError): string =>
  JSON.stringify({ error: { code, message, remedy, retryable } });

/** The failure as it was reported: whether trying again may help is for the one to say who failed. */
function reported(stdout: string): TuneupError | undefined {
  let content: unknown;
  try {
    content = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  } catch {
    return undefined;
  }
  const parsed = failureSchema.safeParse(content);
  if (!parsed.success) return undefined;
  const { code, message, remedy, retryable } = parsed.data.error;
  return new TuneupError(isErrorCode(code) ? code : "internal", message, { remedy, retryable });
}
