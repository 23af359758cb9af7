import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { backUpTraces } from "../../compose.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, placesOf } from "../flags.ts";

export const backupCommand = buildCommand<Pick<CommonFlags, "data" | "json">, [string], CliContext>({
  docs: {
    brief: "Copy the trace store to a file while it is in use",
    fullDescription: [
      "Writes a whole, consistent copy of traces.db, whatever is being written meanwhile. Put it back as traces.db in a data folder while nothing",
      "runs on it. Keep redaction.key of the data folder with it: without it new placeholders no longer match those in the copy.",
      "",
      "  tuneup backup /backups/traces-monday.db",
    ].join("\n"),
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "The file to write; it must not exist yet", placeholder: "file", parse: String }] },
    flags: { data: commonFlags.data, json: commonFlags.json },
  },
  async func(flags, file) {
    const target = resolve(this.cwd, file);
    const { bytes } = await backUpTraces(placesOf(this, flags).data, target);
    this.process.stdout.write(
      flags.json === true ? `${JSON.stringify({ file: target, bytes })}\n` : `Copied the trace store to ${target} (${bytes} bytes).\n`,
    );
  },
});
