import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mirrorCommit } from "../../compose/app-service.ts";
import { readInOwnProcess } from "../../compose/reading.ts";
import type { Progress } from "../../ports/runtime.ts";
import { program } from "../program.ts";
import type { AppParts } from "./app-jobs.ts";

/** A commit of a repository, `owner/name`, with a token that may read it. */
export interface ReadPlace {
  readonly repository: string;
  readonly commit: string;
  readonly token: string;
}

export interface ReadWatch {
  readonly signal: AbortSignal;
  readonly watch?: (progress: Progress) => void;
}

/**
 * Runs a command on a mirror of the repository in a process that is started without any forge secret, and returns what it hands over. Data folder,
 * operator file, repository and commit are given to it besides `flags`; those without a value are left out, those of `true` are switches.
 */
export async function readOnMirror<T>(
  { context, places }: Pick<AppParts, "context" | "places">,
  place: ReadPlace,
  { command, flags }: { readonly command: string; readonly flags: Readonly<Record<string, string | true | undefined>> },
  { signal, watch }: ReadWatch,
): Promise<T> {
  const { data, operatorFile } = places;
  const repo = await mirrorCommit(place, { data, environment: context.environment, signal });
  const named: typeof flags = { data, operator: operatorFile, repo, github: place.repository, revision: place.commit, ...flags };
  const args = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name}`, value],
  );
  const traceparent = context.telemetry?.here();
  return readInOwnProcess<T>({
    data,
    ...(traceparent === undefined ? {} : { traceparent }),
    cwd: context.cwd,
    command: [...program, command, ...args],
    signal,
    ...(watch === undefined ? {} : { watch }),
  });
}

/** A text as a file that a reading process may read, for as long as it is in use; no path where there is no text. */
export function keptText(data: string, text: string | undefined): Disposable & { readonly path?: string } {
  if (text === undefined) return { [Symbol.dispose]: () => undefined };
  const folder = join(data, "reports");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${randomBytes(8).toString("hex")}.yml`);
  writeFileSync(path, text, { mode: 0o600 });
  return { path, [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
