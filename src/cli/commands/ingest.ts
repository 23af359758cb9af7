import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { traceFileFormats } from "../../compose.ts";
import type { House } from "../../compose.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant, ProjectId } from "../../domain/ids.ts";
import type { TraceFileFormat, TraceFilePart } from "../../ports/trace-file.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { plural, printable } from "../table.ts";

/** What `ingest` did: counts, and every place that could not be read. */
export interface Ingested {
  readonly files: number;
  readonly added: number;
  readonly known: number;
  /** Sessions that name no time and count as of now. */
  readonly undated: number;
  readonly problems: readonly { readonly file: string; readonly line?: number; readonly reason: string }[];
}

const largestFile = 1024 * 1024 * 1024;

/** Reads trace files into the store. Bad places are reported and left out; everything else is kept. */
export async function ingestFiles(
  paths: readonly string[],
  house: House,
  project: ProjectId,
  options: { readonly dryRun: boolean; readonly now: Instant },
): Promise<Ingested> {
  let added = 0;
  let known = 0;
  let undated = 0;
  const problems: { file: string; line?: number; reason: string }[] = [];
  const files = paths.flatMap((path) => expand(path));
  for (const file of files) {
    for (const part of partsOf(file, options.now)) {
      if (part.kind === "problem") {
        problems.push({ file: part.file, ...(part.line === undefined ? {} : { line: part.line }), reason: part.reason });
        continue;
      }
      undated += part.undated ?? 0;
      if (options.dryRun) {
        added += part.batch.spans.length;
        continue;
      }
      const result = await house.store.add(project, part.batch);
      added += result.added;
      known += result.known;
    }
  }
  return { files: files.length, added, known, undated, problems };
}

function expand(path: string): readonly string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw new TuneupError("file-unreadable", `There is no trace file at ${path}.`, {
      remedy: "Name OTLP files (.json, .jsonl, .pb, also gzipped) or chat transcripts (.jsonl), or a folder of them.",
      fields: { path },
      cause,
    });
  }
  if (!isFolder) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(json|jsonl|ndjson|pb|bin|otlp)(\.gz)?$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function* partsOf(file: string, now: Instant): Iterable<TraceFilePart> {
  try {
    const { size } = statSync(file);
    if (size > largestFile) {
      yield { kind: "problem", file, reason: `the file has ${Math.round(size / 1048576)} MiB; the limit is 1024 MiB, split it` };
      return;
    }
    const format = formatOf(file);
    if (format === undefined)
      yield {
        kind: "problem",
        file,
        reason: `neither OTLP nor chat transcripts; known formats: ${traceFileFormats.map((one) => one.name).join(", ")}`,
      };
    else yield* format.read(file, readFileSync(file), now);
  } catch (error) {
    yield { kind: "problem", file, reason: error instanceof Error ? error.message : String(error) };
  }
}

function formatOf(file: string): TraceFileFormat | undefined {
  const head = Buffer.alloc(64 * 1024);
  const descriptor = openSync(file, "r");
  const length = readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  return traceFileFormats.find((format) => format.recognises(file, head.subarray(0, length)));
}

/** The problems as a user reads them, at most twenty. */
export function describeProblems(problems: Ingested["problems"]): string {
  const lines = problems
    .slice(0, 20)
    .map((problem) => `  ${printable(problem.file)}${problem.line === undefined ? "" : `:${problem.line}`}: ${printable(problem.reason)}`);
  const more = problems.length > 20 ? [`  … and ${problems.length - 20} more (all with --json)`] : [];
  return `${plural(problems.length, "place")} could not be read and ${problems.length === 1 ? "was" : "were"} left out:\n${[...lines, ...more].join("\n")}\n`;
}

/** What an operator is told of sessions without a time. */
export const describeUndated = (count: number): string =>
  `${plural(count, "session")} without started_at: ${count === 1 ? "it counts" : "they count"} as of today, for time windows and retention. Reading the file again changes nothing.\n`;

interface Flags extends CommonFlags {
  readonly dryRun?: boolean;
}

export const ingestCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: "Read trace files into the trace store",
    fullDescription: [
      "Reads OTLP files (JSON, JSON lines or protobuf of ExportTraceServiceRequest, also gzipped) and plain chat transcripts",
      "(JSON lines with session_id and messages; docs/transcripts.md). A folder is searched for both.",
      "Reading the same file twice changes nothing. Places that cannot be read are named with line and reason; the rest is kept (exit code 4).",
      "",
      "  tuneup ingest traces/*.jsonl",
      "  tuneup ingest sessions.jsonl --project support --json",
    ].join("\n"),
  },
  parameters: {
    positional: { kind: "array", parameter: { brief: "Files or folders", placeholder: "path", parse: String }, minimum: 1 },
    flags: { ...commonFlags, dryRun: flag.toggle("Read and check, store nothing") },
  },
  async func(flags, ...paths) {
    const ingested = await withHouse(this, flags, (house, project) =>
      ingestFiles(
        paths.map((path) => resolve(this.cwd, path)),
        house,
        project,
        { dryRun: flags.dryRun === true, now: this.now() },
      ),
    );
    if (flags.json === true) this.process.stdout.write(`${JSON.stringify(ingested)}\n`);
    else
      this.process.stdout.write(
        `${plural(ingested.files, "file")}: ${plural(ingested.added, "span")} ${flags.dryRun === true ? "would be added" : "added"}, ${ingested.known} already known\n`,
      );
    if (ingested.undated > 0 && flags.json !== true) this.process.stderr.write(describeUndated(ingested.undated));
    if (ingested.problems.length > 0) {
      if (flags.json !== true) this.process.stderr.write(describeProblems(ingested.problems));
      this.process.exitCode = exitCode.partialInput;
    }
  },
});
