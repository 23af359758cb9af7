import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { type House, readClusters } from "../compose.ts";
import { makeRuntime } from "../compose/runtime.ts";
import type { FailureCluster } from "../domain/cluster.ts";
import type { ScanDocument } from "../domain/documents.ts";
import { TuneupError } from "../domain/errors.ts";
import type { ProjectId } from "../domain/ids.ts";
import { scan } from "../pipeline.ts";
import { noteScan } from "../pipeline/standing/missed-scans.ts";
import type { Scanned } from "../pipeline/scan.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { CliContext } from "./context.ts";
import { progressReporter } from "./progress.ts";
import { putScan } from "./receiving/scan-summary.ts";
import { readSessions } from "./read-sessions.ts";

export function runtimeOf(context: CliContext): Runtime {
  const show = progressReporter(context.process.stderr);
  const progress: Runtime["progress"] = (one) => {
    show(one);
    context.watch?.(one);
    context.telemetry?.stage(one);
  };
  return makeRuntime({ signal: context.signal, progress, now: context.now });
}

/** Scans a project and remembers the result, so that cluster ids stay stable and other commands find it. */
export async function scanProject(
  context: CliContext,
  house: House,
  project: ProjectId,
  options: { readonly clusters?: string; readonly labelWithModel?: boolean } = {},
): Promise<Scanned> {
  const before = await lastScan(house, project);
  const previous = before?.clusters ?? [];
  const labelled = options.clusters === undefined ? undefined : readClusters(resolve(context.cwd, options.clusters), project);
  const client = options.labelWithModel === true ? (house.models.judge ?? house.models.drafter) : undefined;
  const labeller = client === undefined ? undefined : { client, prompt: house.prompts.label };
  const scanned = await scan(
    { project, previous, ...(labelled === undefined ? {} : { labelled }) },
    house.traces.reader,
    labeller,
    runtimeOf(context),
  );
  // Failures that came from a file by hand are another list: what it leaves out has not vanished.
  if (labelled === undefined) await noteScan(house.ledger, before, scanned);
  await putScan(house.ledger, scanned.document);
  return scanned;
}

/** The scan to work on: the given document with the sessions of the store, or a new scan. */
export async function rescan(context: CliContext, house: House, project: ProjectId, from: string | undefined): Promise<Scanned> {
  if (from === undefined) return scanProject(context, house, project);
  const document = readDocument<ScanDocument>(resolve(context.cwd, from), "scan");
  if (document.project !== project) {
    throw new TuneupError("stage-input-invalid", `The scan is of project "${document.project}", not "${project}".`, {
      remedy: `Add --project ${document.project}.`,
    });
  }
  return { document, sessions: await readSessions(house, project) };
}

export async function lastScan(house: House, project: ProjectId): Promise<ScanDocument | undefined> {
  const stored = await house.ledger.get(`scan/${project}`);
  return stored === undefined ? undefined : (stored as unknown as ScanDocument);
}

/** The last scan, or a new one where there is none. */
export async function scanOrRecall(context: CliContext, house: House, project: ProjectId): Promise<ScanDocument> {
  return (await lastScan(house, project)) ?? (await scanProject(context, house, project)).document;
}

/** A cluster by id, by the beginning of its id, or by title. Unknown names list the known ones. */
export function findCluster(clusters: readonly FailureCluster[], name: string): FailureCluster {
  const matches = clusters.filter((cluster) => cluster.id === name || cluster.title === name);
  const found = matches.length > 0 ? matches : clusters.filter((cluster) => cluster.id.startsWith(name));
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const known = clusters.map((cluster) => `${cluster.id}  ${cluster.title}`).join("\n  ");
  throw new TuneupError(
    "usage",
    `${only === undefined ? "There is no" : "There is more than one"} cluster "${name}". Known:\n  ${known || "none: run `tuneup scan` first"}`,
    { remedy: "Give an id from the list." },
  );
}

const documentKind = z.object({ kind: z.string().optional(), version: z.literal(1) });

/** Reads a stage document that an earlier command wrote with --to. */
export function readDocument<T>(path: string, kind: "scan" | "attempt" | "evidence"): T {
  if (!existsSync(path))
    throw new TuneupError("file-unreadable", `There is no file at ${path}.`, {
      remedy: `Write one with the command that makes the ${kind} document, with --to.`,
      fields: { path },
    });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new TuneupError("file-malformed", `${path} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      remedy: "Give the file as the earlier command wrote it.",
      fields: { path },
      cause,
    });
  }
  const parsed = documentKind.safeParse(value);
  if (!parsed.success || (kind !== "evidence" && parsed.data.kind !== kind)) {
    throw new TuneupError("stage-input-invalid", `${path} is not a ${kind} document.`, {
      remedy: `Give a file that holds version 1 of a ${kind} document${parsed.success && parsed.data.kind !== undefined ? `, not "${parsed.data.kind}"` : ""}.`,
      fields: { path },
    });
  }
  return value as T;
}
