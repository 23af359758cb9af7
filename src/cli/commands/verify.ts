import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { asJson, digestOfJson } from "../../domain/digest.ts";
import type { Evidence } from "../../domain/evidence.ts";
import { type EvidenceProblem, recompute } from "../../stages/decide.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { commonFlags, flag, placesOf } from "../flags.ts";
import { linesOfPaths } from "../line-of-path.ts";
import { readDocument } from "../scan-project.ts";
import { plural, printable } from "../table.ts";

interface Flags {
  readonly json?: boolean;
  readonly digest?: string;
  readonly data?: string;
}

const shownProblems = 40;

export const verifyCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Recompute the verdict and every figure of an evidence file",
    fullDescription: [
      "Needs the evidence file alone: no traces, no model, no network. Says that everything follows from the recorded pairs, or names each",
      "line that does not (exit code 7). With --digest it also checks that this is the file that a pull request was made from.",
      "",
      "  tuneup verify evidence.json",
      "  tuneup verify evidence.json --digest 3f2a90b1c4d5",
    ].join("\n"),
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Evidence file", placeholder: "file", parse: String }] },
    flags: {
      data: commonFlags.data,
      json: flag.toggle("Print the result as one JSON document on stdout"),
      digest: flag.text("The file's digest as the pull request names it, whole or its first 12 digits or more", "hex"),
    },
  },
  func(flags, file) {
    const path = evidencePath(this, flags, file);
    const evidence = readDocument<Evidence>(path, "evidence");
    const result = recompute(evidence);
    // Only of a document of the right form: another one may be nested without end.
    const digest = result.ok || flags.digest !== undefined ? digestIn(evidence) : undefined;
    const problems = [...(result.ok ? [] : result.problems), ...digestProblems(flags.digest, digest)];
    const lines = linesOfPaths(
      readFileSync(path, "utf8"),
      problems.map((problem) => problem.path),
    );
    const located = problems.map((problem, index) => ({ ...problem, ...(lines[index] === undefined ? {} : { line: lines[index] }) }));
    if (flags.json === true) this.process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, digest, problems: located })}\n`);
    else this.process.stdout.write(problems.length === 0 ? describeVerified(evidence, digest ?? "") : describeProblems(located));
    if (problems.length > 0) this.process.exitCode = exitCode.evidence;
  },
});

/** A pull request names the file alone: where it is not in the current folder it is looked for in the data folder. */
function evidencePath(context: CliContext, flags: Flags, file: string): string {
  const here = resolve(context.cwd, file);
  if (existsSync(here) || basename(file) !== file) return here;
  const kept = join(placesOf(context, flags).data, "evidence", file);
  return existsSync(kept) ? kept : here;
}

const shortestDigest = 12;

function digestIn(evidence: Evidence): string | undefined {
  try {
    return digestOfJson(asJson(evidence));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function digestProblems(wanted: string | undefined, digest: string | undefined): readonly EvidenceProblem[] {
  if (wanted === undefined) return [];
  const hex = wanted.replace(/^sha256:/, "").toLowerCase();
  const isSame = hex.length >= shortestDigest && digest?.startsWith(`sha256:${hex}`) === true;
  return isSame ? [] : [{ path: [], message: `has the digest ${digest ?? "of nothing we write"}, not ${wanted.slice(0, 80)}` }];
}

function describeVerified(evidence: Evidence, digest: string): string {
  const verdicts = evidence.verdicts.map((verdict) => verdict.result).join(", ");
  return [
    `verified: ${plural(evidence.pairs.length, "pair")}, ${plural(evidence.verdicts.length, "verdict")} (${verdicts}); order, boundary, intervals, cost and winner follow from the pairs`,
    `digest: ${digest}`,
    "",
  ].join("\n");
}

function describeProblems(problems: readonly (EvidenceProblem & { readonly line?: number })[]): string {
  const rows = problems.slice(0, shownProblems).map(({ line, message, path }) => {
    const place = path.reduce<string>(
      (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
      "",
    );
    return `  ${line === undefined ? "" : `line ${line}: `}${place || "the document"} ${message}`;
  });
  const more = problems.length > shownProblems ? [`  … and ${problems.length - shownProblems} more`] : [];
  return printable(`does not verify: ${plural(problems.length, "problem")}\n${[...rows, ...more].join("\n")}\n`);
}
