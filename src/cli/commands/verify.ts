import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { Evidence } from "../../domain/evidence.ts";
import { recompute } from "../../stages/decide.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { readDocument } from "../scan-project.ts";
import { plural, printable } from "../table.ts";
import { flag } from "../flags.ts";

interface Flags {
  readonly json?: boolean;
}

export const verifyCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Recompute the verdict and every figure of an evidence file",
    fullDescription: [
      "Needs the evidence file alone: no traces, no model, no network. Says that everything follows from the recorded pairs, or names each",
      "figure that does not (exit code 7).",
      "",
      "  tuneup verify evidence.json",
    ].join("\n"),
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Evidence file", placeholder: "file", parse: String }] },
    flags: { json: flag.toggle("Print the result as one JSON document on stdout") },
  },
  func(flags, file) {
    const path = resolve(this.cwd, file);
    const evidence = readDocument<Evidence>(path, "evidence");
    const result = recompute(evidence);
    if (flags.json === true) this.process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (result.ok) {
      const verdicts = evidence.verdicts.map((verdict) => verdict.result).join(", ");
      this.process.stdout.write(
        `verified: ${plural(evidence.pairs.length, "pair")}, ${plural(evidence.verdicts.length, "verdict")} (${verdicts}), boundary, intervals and winner follow from the pairs\n`,
      );
    } else {
      this.process.stdout.write(
        printable(
          `does not verify: ${plural(result.problems.length, "problem")}\n${result.problems.map((problem) => `  ${problem}`).join("\n")}\n`,
        ),
      );
    }
    if (!result.ok) this.process.exitCode = exitCode.evidence;
  },
});
