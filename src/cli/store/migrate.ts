import { buildCommand } from "@stricli/core";
import { moveState } from "../../compose/state/move-state.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";

interface Flags extends Pick<CommonFlags, "data" | "json"> {
  readonly yes?: boolean;
}

export const migrateCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Copy what Tuneup remembers from its files into PostgreSQL",
    fullDescription: [
      "Copies ledger, deliveries, audit log, trace projects and their tokens from the data folder's SQLite files into the empty database that",
      "TUNEUP_DATABASE_URL names; docs/postgres.md. Stop every `tuneup serve`, `receive` and `run` on the folder first, and say so with --yes. Jobs",
      "must be finished. A copy that broke off goes on when the command is given again. The files stay as they are, and so do sessions.",
      "",
      "  TUNEUP_DATABASE_URL=postgres://tuneup@db.internal/tuneup tuneup migrate --data .tuneup --yes",
    ].join("\n"),
  },
  parameters: {
    flags: { data: commonFlags.data, json: commonFlags.json, yes: flag.toggle("Nothing else works on the data folder") },
  },
  async func(flags) {
    const { data, database } = placesOf(this, flags);
    if (database === undefined)
      throw new TuneupError("usage", "TUNEUP_DATABASE_URL is not set.", {
        remedy: "It names the database to copy into; docs/postgres.md.",
      });
    if (flags.yes !== true)
      throw new TuneupError("usage", "Whatever is written to the files during the copy is lost.", {
        remedy: "Stop every Tuneup on this data folder, then give the command again with --yes.",
      });
    const copied = await moveState({ data, database }, (table, rows) => this.process.stderr.write(`  ✓ ${table.padEnd(15)} ${rows}\n`));
    this.process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ copied })}\n`
        : "Everything is in the database. Start Tuneup with TUNEUP_DATABASE_URL from now on: what is written to the old files is not seen there.\n",
    );
  },
});
