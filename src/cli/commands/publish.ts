import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { openForgeWriter, openLedger, scanSecrets } from "../../compose.ts";
import { readProposal } from "../../compose/publishing.ts";
import { TuneupError } from "../../domain/errors.ts";
import { publish } from "../../stages/publish.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";

interface Flags extends CommonFlags {
  readonly forge?: "local" | "github";
  readonly repo?: string;
}

export const publishCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Publish a prepared proposal (runs by itself at the end of `run`)",
    fullDescription:
      "The publishing process: the only one that is given a forge token. Takes a proposal file, looks before every write, adopts what an earlier try left, and checks the real diff afterwards.",
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Proposal file", placeholder: "file", parse: String }] },
    flags: {
      ...commonFlags,
      forge: { kind: "enum", values: ["local", "github"], optional: true, brief: "Where to publish (default: local)" },
      repo: flag.text("Local repository for the local forge (default: the current folder)", "folder"),
    },
  },
  async func(flags, file) {
    const places = placesOf(this, flags);
    const proposal = readProposal(resolve(this.cwd, file));
    const secrets = await scanSecrets(
      [proposal.title, proposal.commitMessage, proposal.body, ...proposal.edits.map((edit) => edit.after)].join("\n"),
    );
    const [first] = secrets;
    if (first !== undefined)
      throw new TuneupError("publish-refused", `The proposal holds what looks like a secret (${first.rule}).`, {
        remedy: "Nothing was published. Run the job again; the edit must not carry a secret.",
      });
    const writer = openForgeWriter({
      forge: flags.forge ?? "local",
      repo: resolve(this.cwd, flags.repo ?? "."),
      data: places.data,
      environment: this.environment,
    });
    const ledger = openLedger(places.data);
    try {
      const publication = await publish(proposal, writer, ledger);
      this.process.stdout.write(
        flags.json === true
          ? `${JSON.stringify(publication)}\n`
          : `${publication.result === "published" ? publication.pull.url : publication.why}\n`,
      );
    } finally {
      await ledger.close();
    }
  },
});
