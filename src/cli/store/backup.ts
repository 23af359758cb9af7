import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { readOperator } from "../../compose.ts";
import { backUpTraces } from "../../compose/stores/own-store.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, placesOf } from "../flags.ts";

export const backupCommand = buildCommand<Pick<CommonFlags, "data" | "operator" | "json">, [string], CliContext>({
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
    flags: { data: commonFlags.data, operator: commonFlags.operator, json: commonFlags.json },
  },
  async func(flags, file) {
    const target = resolve(this.cwd, file);
    const places = placesOf(this, flags);
    const { bytes } = await backUpTraces({ data: places.data, operator: readOperator(places, this.environment) }, target);
    this.process.stdout.write(
      flags.json === true ? `${JSON.stringify({ file: target, bytes })}\n` : `Copied the trace store to ${target} (${bytes} bytes).\n`,
    );
  },
});
