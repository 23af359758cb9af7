import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onlyForgeSecrets } from "../config/environment.ts";
import { asJson, digestOfJson, shortDigest } from "../domain/digest.ts";
import { TuneupError } from "../domain/errors.ts";
import { digest } from "../domain/ids.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { SetupProposal } from "../domain/publishing/setup.ts";
import type { Publication } from "../ports/forge.ts";

export interface PublishingTarget {
  readonly data: string;
  /** Local repository; the local forge writes its branch there. */
  readonly repo: string;
  /** `github` when the proposal's repository is on GitHub. */
  readonly forge: "local" | "github";
  /** The program that publishes: Node's arguments up to the command name. */
  readonly program: readonly string[];
  /** A token other than the environment's: the App's installation token. */
  readonly token?: string;
  /** Make the branch anew: others' commits on it are dropped. */
  readonly recreate?: boolean;
  /** The operator's file, which sets the limits; the default one where absent. */
  readonly operatorFile?: string;
}

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
    const variables = { ...onlyForgeSecrets(), ...(target.token === undefined ? {} : { GITHUB_TOKEN: target.token }) };
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
    throw new TuneupError("forge-refused", stderr.trim() || `The publishing process ended with code ${code}.`, {
      remedy: "The proposal is kept; the same command tries to publish it again.",
      retryable: true,
      fields: { code },
    });
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

/** Reads a proposal that the working process wrote. */
export const readProposal = (path: string): Proposal | SetupProposal => JSON.parse(readFileSync(path, "utf8")) as Proposal | SetupProposal;
