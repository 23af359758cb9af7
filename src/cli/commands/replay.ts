import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { AttemptDocument } from "../../domain/documents.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Evidence } from "../../domain/evidence.ts";
import { verify } from "../../pipeline.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { describeVerdict } from "../report.ts";
import { keepEvidence, withJob } from "../run-job.ts";
import { readDocument, rescan, runtimeOf } from "../scan-project.ts";
import { printable } from "../table.ts";
import { endWithout } from "./draft.ts";
import { jobFlags, jobOptions, type JobFlags } from "./run.ts";

interface Flags extends CommonFlags, Omit<JobFlags, "cluster" | "seed"> {
  readonly from: string;
  readonly to?: string;
}

const { cluster: _cluster, seed: _seed, ...ownFlags } = jobFlags;

/** Every candidate's verdict with its table, the winner first. */
export function describeEvidence(evidence: Evidence): string {
  const verdicts = evidence.verdicts.toSorted(
    (left, right) => Number(right.candidate === evidence.winner) - Number(left.candidate === evidence.winner),
  );
  return printable(
    `${verdicts
      .map((verdict, index) => {
        const candidate = evidence.candidates.find((one) => one.id === verdict.candidate);
        return [
          `candidate ${index + 1}${verdict.candidate === evidence.winner ? " (winner)" : ""}: ${candidate?.hypothesis ?? verdict.candidate}`,
          describeVerdict(verdict, evidence),
        ].join("\n");
      })
      .join("\n\n")}\n`,
  );
}

export const replayCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Replay held-out sessions before and after each edit, and decide",
    fullDescription: [
      "Takes an attempt document and runs its held-out sessions again, without and with each allowed edit, with recorded tools: nothing real is called.",
      "Stops as soon as the sequential test can say something. Measured replays are kept: a second call pays for none of them again.",
      "",
      "  tuneup replay --from attempt.json --repo . --to evidence.json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...ownFlags,
      from: { kind: "parsed", parse: String, brief: "Attempt document of `tuneup draft --to`", placeholder: "file" },
      to: flag.text("Write the evidence to this file (it is kept in the data folder in any case)", "file"),
    },
  },
  async func(flags) {
    const document = readDocument<AttemptDocument>(resolve(this.cwd, flags.from), "attempt");
    const ended = await withHouse(this, flags, async (house, project) => {
      if (document.project !== project) throw otherProject(document, project);
      const scanned = await rescan(this, house, project, undefined);
      const options = { ...jobOptions(flags), cluster: document.cluster, seed: document.seed, revision: document.commit };
      return withJob(this, house, scanned, options, async (job) => {
        const { cluster, scan, seed } = job.input;
        const evidence = await verify(
          { ...job.input.verification, attempt: document, cluster, scan, seed },
          job.tools.rehearsal,
          runtimeOf(this),
        );
        return { evidence, file: keepEvidence(house, evidence) };
      });
    });
    if ("finding" in ended) return endWithout(this, ended.finding, flags.json === true);
    const { evidence, file } = ended;
    if (flags.to !== undefined) writeFileSync(resolve(this.cwd, flags.to), `${JSON.stringify(evidence, undefined, 2)}\n`);
    this.process.stdout.write(
      flags.json === true ? `${JSON.stringify(evidence)}\n` : `${describeEvidence(evidence)}\nevidence: ${flags.to ?? file}\n`,
    );
    return undefined;
  },
});

const otherProject = (document: AttemptDocument, project: string): TuneupError =>
  new TuneupError("stage-input-invalid", `The attempt is of project "${document.project}", not "${project}".`, {
    remedy: `Add --project ${document.project}.`,
  });
