import { relative, resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { House } from "../../compose.ts";
import { publishInOwnProcess } from "../../compose/publishing.ts";
import { handOver, readInOwnProcess, tellProgress } from "../../compose/reading.ts";
import { holdsForgeSecrets } from "../../config/environment.ts";
import type { Finding } from "../../domain/finding.ts";
import type { ClusterId, ProjectId } from "../../domain/ids.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf, withHouse } from "../flags.ts";
import { program } from "../program.ts";
import { describeResult, type Report } from "../report.ts";
import { type JobOptions, keepEvidence, runJob } from "../run-job.ts";
import { type LaterKind, laterKinds, laterOptions, runLaterJob } from "../service/later-job.ts";
import { scanProject } from "../scan-project.ts";
import { describeProblems, describeUndated, ingestFiles } from "./ingest.ts";

export interface JobFlags {
  readonly repo?: string;
  readonly github?: string;
  readonly revision?: string;
  readonly cluster?: string;
  readonly seed?: number;
  readonly inFlight?: number;
  readonly defaults?: string;
}

export interface RunFlags extends CommonFlags, JobFlags {
  readonly traces?: readonly string[];
  readonly clusters?: string;
  readonly dryRun?: boolean;
  readonly startedBy?: string;
  readonly visibility?: "public" | "private";
  readonly handOver?: string;
  readonly watched?: boolean;
  readonly again?: LaterKind;
  readonly of?: string;
  readonly words?: string;
  readonly more?: number;
}

/** What `run` leaves: the finding, its documents, and how many places of the input could not be read. */
export interface RunReport extends Report {
  /** The failure it was about. */
  readonly cluster?: ClusterId;
  readonly unread: number;
}

export const jobFlags = {
  repo: flag.text("The agent's git repository (default: the current folder)", "folder"),
  github: flag.text("Open the pull request on GitHub; needs GITHUB_TOKEN (default: a branch in the local repository)", "owner/name"),
  revision: flag.text("Commit or branch to work on (default: HEAD)", "revision"),
  cluster: flag.text("Work on this cluster (default: the largest with a visible cause)", "id"),
  seed: { kind: "parsed", parse: parseWhole, optional: true, brief: "Seed of the sample and the replays (default: 1)", placeholder: "n" },
  defaults: flag.text("Settings below the repository's own .github/tuneup.yml: its owner's defaults", "file"),
  inFlight: { kind: "parsed", parse: parseWhole, optional: true, brief: "Replays under way at once (default: 6)", placeholder: "n" },
} as const;

export const jobOptions = (flags: JobFlags & Pick<RunFlags, "startedBy" | "visibility">): JobOptions => ({
  repo: flags.repo ?? ".",
  revision: flags.revision ?? "HEAD",
  seed: flags.seed ?? 1,
  inFlight: Math.max(1, flags.inFlight ?? 6),
  ...(flags.github === undefined ? {} : { github: flags.github }),
  ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
  ...(flags.defaults === undefined ? {} : { defaults: flags.defaults }),
  ...(flags.startedBy === undefined ? {} : { startedBy: flags.startedBy }),
  ...(flags.visibility === undefined ? {} : { visibility: flags.visibility }),
});

/** The reading half of the job: traces in, proposal out. Holds no forge token and writes to no repository. */
export async function readAndProve(context: CliContext, house: House, project: ProjectId, flags: RunFlags): Promise<RunReport> {
  let unread = 0;
  if (flags.traces !== undefined && flags.traces.length > 0) {
    const paths = flags.traces.map((path) => resolve(context.cwd, path));
    const ingested = await ingestFiles(paths, house, project, { dryRun: false, now: context.now() });
    unread = ingested.problems.length;
    if (ingested.undated > 0) context.process.stderr.write(describeUndated(ingested.undated));
    if (unread > 0) context.process.stderr.write(describeProblems(ingested.problems));
    context.process.stderr.write(`  ✓ ingest    ${ingested.added} spans added, ${ingested.known} already known\n`);
  }
  const scanned = await scanProject(context, house, project, flags.clusters === undefined ? {} : { clusters: flags.clusters });
  const { cluster, finding, evidence, proposal, diff, whole } =
    flags.again === undefined
      ? await runJob(context, house, scanned, jobOptions(flags))
      : await runLaterJob(context, house, scanned, { ...jobOptions(flags), again: flags.again, ...laterOptions(flags) });
  if (whole !== undefined) keepEvidence(house, whole.evidence);
  return {
    finding,
    unread,
    ...(cluster === undefined ? {} : { cluster }),
    ...(evidence === undefined ? {} : { evidence, evidenceFile: keepEvidence(house, evidence) }),
    ...(proposal === undefined ? {} : { proposal }),
    ...(diff === undefined ? {} : { diff }),
  };
}

/** The writing half: a process of its own publishes the proposal, if there is one and the user wants it. */
export async function publishReport(context: CliContext, report: RunReport, flags: RunFlags): Promise<RunReport> {
  if (report.proposal === undefined || report.finding.end !== "proposed" || flags.dryRun === true) return report;
  const publication = await publishInOwnProcess(report.proposal, {
    data: placesOf(context, flags).data,
    repo: resolve(context.cwd, flags.repo ?? "."),
    forge: flags.github === undefined ? "local" : "github",
    program,
    ...carriedBy(context),
    ...(flags.operator === undefined ? {} : { operatorFile: resolve(context.cwd, flags.operator) }),
  });
  const finding: Finding =
    publication.result === "published"
      ? { end: "published", verdict: report.finding.verdict, pull: publication.pull }
      : {
          end: "left-alone",
          why: publication.why,
          remedy: publication.remedy ?? "Re-open the pull request, or delete the branch yourself, if Tuneup shall go on there.",
        };
  return { ...report, finding };
}

/** Reads in this process, or, where this one holds a forge token, in one that is started without it: what reads transcripts never holds one. */
async function readSomewhere(context: CliContext, flags: RunFlags): Promise<RunReport> {
  if (!holdsForgeSecrets(context.variables))
    return withHouse(context, flags, (house, project) => readAndProve(context, house, project, flags));
  const { data } = placesOf(context, flags);
  return readInOwnProcess<RunReport>({
    data,
    cwd: context.cwd,
    command: [...program, "run", ...argumentsOf(flags)],
    signal: context.signal,
    ...carriedBy(context),
  });
}

/** The span under way, for another process. */
function carriedBy({ telemetry }: CliContext): { readonly traceparent?: string } {
  const traceparent = telemetry?.here();
  return traceparent === undefined ? {} : { traceparent };
}

/** The flags of `run` as arguments again. */
function argumentsOf(flags: RunFlags): readonly string[] {
  const named = {
    data: flags.data,
    operator: flags.operator,
    project: flags.project,
    repo: flags.repo,
    github: flags.github,
    revision: flags.revision,
    cluster: flags.cluster,
    clusters: flags.clusters,
    seed: flags.seed,
    "in-flight": flags.inFlight,
    "started-by": flags.startedBy,
    visibility: flags.visibility,
    defaults: flags.defaults,
    again: flags.again,
    of: flags.of,
    words: flags.words,
    more: flags.more,
  };
  return [
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(flags.traces ?? []).flatMap((path) => ["--traces", path]),
  ];
}

export const runCommand = buildCommand<RunFlags, [], CliContext>({
  docs: {
    brief: "The main job: from traces to a proven pull request",
    fullDescription: [
      "Reads the traces, labels and groups the failures, finds the prompt in the repository, drafts edits, replays held-out sessions before and",
      "after, and proposes the edit only if the test says it improves: of 100 useless edits at most 5 would get that far.",
      "Without --github the pull request is a branch in the local repository and a page on disk. Nothing is written to your work tree.",
      "Ctrl-C keeps what was measured; the same command goes on from there.",
      "",
      "  tuneup run --traces sessions.jsonl --repo .",
      "  tuneup run --repo . --github acme/support-agent",
      "  tuneup run --repo . --dry-run --json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...jobFlags,
      traces: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        brief: "Trace files or folders to read first (may be given more than once)",
        placeholder: "path",
      },
      clusters: flag.text("Labelled clusters, a JSON file", "file"),
      dryRun: flag.toggle("Everything but the branch and the pull request"),
      visibility: {
        kind: "enum",
        values: ["private", "public"],
        optional: true,
        brief: "Of the repository: in a public one no session is named (default: private)",
      },
      startedBy: { ...flag.text("Login to name as co-author", "login"), hidden: true },
      again: { kind: "enum", values: laterKinds, optional: true, hidden: true, brief: "Take up an earlier job: the App's commands" },
      of: { ...flag.text("The proposal whose job is taken up", "id"), hidden: true },
      words: { ...flag.text("Digest of the words to revise it by", "digest"), hidden: true },
      more: { kind: "parsed", parse: parseWhole, optional: true, hidden: true, brief: "Further sessions to test on", placeholder: "n" },
      watched: { ...flag.toggle("Tell progress to the process that started this one"), hidden: true },
      handOver: { ...flag.text("Write the report to this file and publish nothing: for the process that publishes", "file"), hidden: true },
    },
  },
  async func(flags) {
    if (flags.handOver !== undefined) {
      const context = flags.watched === true ? { ...this, watch: tellProgress } : this;
      await handOver(flags.handOver, () => withHouse(context, flags, (house, project) => readAndProve(context, house, project, flags)));
      return;
    }
    const report = await publishReport(this, await readSomewhere(this, flags), flags);
    this.process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(report)}\n`
        : describeResult(report, {
            command: "tuneup",
            flags: flags.data === undefined ? "" : ` --data ${flags.data}`,
            from: (path) => relative(this.cwd, path) || path,
          }),
    );
    if (report.finding.end === "model-not-configured") this.process.exitCode = exitCode.model;
    else if (report.unread > 0) this.process.exitCode = exitCode.partialInput;
  },
});
