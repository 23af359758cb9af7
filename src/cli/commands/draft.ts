import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { AttemptDocument } from "../../domain/documents.ts";
import type { Finding } from "../../domain/finding.ts";
import { attempt } from "../../pipeline.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { describeEnd } from "../report.ts";
import { withJob } from "../run-job.ts";
import { rescan, runtimeOf } from "../scan-project.ts";
import { plural, printable } from "../table.ts";
import { jobFlags, jobOptions, type JobFlags } from "./run.ts";

interface Flags extends CommonFlags, JobFlags {
  readonly from?: string;
  readonly to?: string;
}

/** An attempt as a person reads it: hypotheses, then each candidate with what vetting said. */
export function describeAttempt(document: AttemptDocument): string {
  const lines = [`${plural(document.draft.candidates.length, "candidate")} from ${document.draft.model}`];
  for (const hypothesis of document.draft.hypotheses) lines.push(`  ${hypothesis.level}: ${hypothesis.cause}`);
  for (const vetted of document.vetted) {
    const { candidate } = vetted;
    lines.push("", `${vetted.result}  ${candidate.kind}: ${candidate.hypothesis}`);
    for (const edit of candidate.edits) {
      lines.push(
        `  ${edit.path}`,
        ...edit.before.split("\n").map((line) => `  - ${line}`),
        ...edit.after.split("\n").map((line) => `  + ${line}`),
      );
    }
    const remarks = vetted.result === "refused" ? vetted.refusals : vetted.needsHuman;
    for (const remark of remarks) lines.push(`  ${remark.rule}: ${remark.message} → ${remark.remedy}`);
  }
  for (const { why } of document.draft.rejected) lines.push("", `unusable: ${why}`);
  return printable(`${lines.join("\n")}\n`);
}

export const draftCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Draft and vet candidate edits for one cluster",
    fullDescription: [
      "Splits the cluster into sessions that the drafter sees and sessions kept for the test, finds the prompt, asks the drafter model for a few",
      "different small edits, and vets each. Writes nothing to the repository. The attempt document goes on to `tuneup replay`.",
      "",
      "  tuneup draft --repo . --to attempt.json",
      "  tuneup draft --repo . --cluster c-4f1d --json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...jobFlags,
      from: flag.text("Scan document of `tuneup scan --to` (default: scan now)", "file"),
      to: flag.text("Write the attempt document to this file", "file"),
    },
  },
  async func(flags) {
    const ended = await withHouse(this, flags, async (house, project) => {
      const scanned = await rescan(this, house, project, flags.from);
      return withJob(this, house, scanned, jobOptions(flags), (job) =>
        attempt(job.input, job.checkout, job.tools.attempt, runtimeOf(this)),
      );
    });
    if (!("result" in ended) || ended.result === "ended") return endWithout(this, ended.finding, flags.json === true);
    const { document } = ended;
    if (flags.to !== undefined) writeFileSync(resolve(this.cwd, flags.to), `${JSON.stringify(document, undefined, 2)}\n`);
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(document)}\n` : describeAttempt(document));
    return undefined;
  },
});

/** Prints an ending that left no document; a missing model is the only one that is not a result. */
export function endWithout(context: CliContext, finding: Finding, json: boolean): void {
  context.process.stdout.write(json ? `${JSON.stringify({ finding })}\n` : `${printable(describeEnd(finding))}\n`);
  if (finding.end === "model-not-configured") context.process.exitCode = exitCode.model;
}
