import { buildCommand } from "@stricli/core";
import type { Located } from "../../domain/source.ts";
import { locateIn } from "../../compose/locating.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { openCheckout } from "../run-job.ts";
import { chooseSessions } from "../sessions.ts";
import { percent, plural, printable, table } from "../table.ts";

interface Flags extends CommonFlags {
  readonly repo?: string;
  readonly revision?: string;
  readonly cluster?: string;
}

/** Where the prompt lives, as a person reads it. */
export function describeLocated(located: Located): string {
  switch (located.result) {
    case "found": {
      const rows = located.sources.map((source) => [
        source.kind,
        `${source.path}:${source.lines.first}-${source.lines.last}`,
        [source.subject ?? "", source.part ?? ""].join(" ").trim(),
        `${source.match.method} ${percent(source.match.score)}`,
      ]);
      const others = located.alternatives.map((one) => `  ${one.path}:${one.lines.first}-${one.lines.last}  ${one.why}`);
      return [`found`, table(rows), ...(others.length > 0 ? ["not claimed:", ...others] : []), ...located.notes, ""]
        .map(printable)
        .join("\n");
    }
    case "unsure":
      return [
        `unsure: ${located.why}`,
        ...located.candidates.map((one) => `  ${one.path}:${one.lines.first}-${one.lines.last}  ${one.score.toFixed(2)}  ${one.why}`),
        `To settle it: ${located.remedy}`,
        "",
      ]
        .map(printable)
        .join("\n");
    case "absent":
      return printable(`absent: ${located.why}\nlooked for: ${located.lookedFor}\nread: ${plural(located.filesRead, "file")}\n`);
  }
}

export const locateCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Find the recorded prompt in the repository",
    fullDescription: [
      "Finds the file and lines that the recorded system prompt, tool descriptions and parameters come from, in a commit of a git repository.",
      "Says found, unsure (with candidates and the line of config that settles it) or absent (with what was looked for).",
      "",
      "  tuneup locate --repo .",
      "  tuneup locate --repo ../agent --cluster c-4f1d --json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      repo: flag.text("The agent's git repository (default: the current folder)", "folder"),
      revision: flag.text("Commit or branch (default: HEAD)", "revision"),
      cluster: flag.text("Only the sessions of this cluster", "id"),
    },
  },
  async func(flags) {
    const located = await withHouse(this, flags, async (house, project) => {
      const sessions = await chooseSessions(this, house, project, flags.cluster);
      await using checkout = await openCheckout(this, { repo: flags.repo ?? ".", revision: flags.revision ?? "HEAD" });
      return locateIn(sessions, checkout);
    });
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(located)}\n` : describeLocated(located));
  },
});
