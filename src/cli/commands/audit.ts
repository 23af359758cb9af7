import { buildCommand } from "@stricli/core";
import { openState } from "../../compose/state.ts";
import type { AuditEntry } from "../../ports/audit-log.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf } from "../flags.ts";
import { printable, table } from "../table.ts";

interface Flags extends Pick<CommonFlags, "data" | "json"> {
  readonly repository?: string;
  readonly last?: number;
}

const usualNumber = 100;

/** Entries as a person reads them: one line each, newest first. */
export function describeAudit(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return "Nothing was asked for or written yet.\n";
  const rows = entries.map((entry) => [entry.at, entry.action, entry.actor, entry.repository ?? "-", JSON.stringify(entry.details)]);
  return `${printable(table([["at", "what", "who", "repository", "details"], ...rows]))}\n`;
}

export const auditCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Show who asked for what, and what was written where",
    fullDescription:
      "The audit log of this data folder, newest first: jobs and who asked for them, every write to GitHub, what was published, held back and why. It is append-only and holds no session text and no token.",
  },
  parameters: {
    flags: {
      data: commonFlags.data,
      json: commonFlags.json,
      repository: flag.text("Only what concerns this repository", "owner/name"),
      last: { kind: "parsed", parse: parseWhole, optional: true, brief: `How many entries (default: ${usualNumber})`, placeholder: "n" },
    },
  },
  async func(flags) {
    const state = await openState(placesOf(this, flags));
    const records = state.records();
    try {
      const entries = await records.audit.entries(flags.last ?? usualNumber, flags.repository);
      this.process.stdout.write(flags.json === true ? `${JSON.stringify(entries)}\n` : describeAudit(entries));
    } finally {
      await records.close();
      await state.close();
    }
  },
});
