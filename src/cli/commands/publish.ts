import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { lookRules, openForgeWriter, openLedger, openSetupWriter, readOperator, scanSecrets } from "../../compose.ts";
import { hindranceNow } from "../../compose/standing.ts";
import { failureJson, readProposal } from "../../compose/publishing.ts";
import { TuneupError } from "../../domain/errors.ts";
import { openRecords, publishFenced } from "../../compose/service.ts";
import { ledgerRateWindow } from "../../pipeline/standing/rate-window.ts";
import { knownPulls, rememberPublication, settledPull } from "../../pipeline/standing/pulls.ts";
import { publish, publishSetup } from "../../stages/publish.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";

interface Flags extends CommonFlags {
  readonly forge?: "local" | "github";
  readonly repo?: string;
  readonly recreate?: boolean;
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
      recreate: flag.toggle("Make the branch anew and drop what others committed to it"),
    },
  },
  async func(flags, file) {
    try {
      await publishFile(this, flags, file);
    } catch (error) {
      if (flags.json === true && error instanceof TuneupError) this.process.stdout.write(`${failureJson(error)}\n`);
      throw error;
    }
  },
});

async function publishFile(context: CliContext, flags: Flags, file: string): Promise<void> {
  const places = placesOf(context, flags);
  const proposal = readProposal(resolve(context.cwd, file));
  if ("kind" in proposal) {
    const setup = await publishSetup(proposal, openSetupWriter(context.environment), {
      scanSecrets,
      rules: lookRules(context.environment),
    });
    context.process.stdout.write(`${JSON.stringify(setup)}\n`);
    return;
  }
  const ledger = openLedger(places.data);
  const records = openRecords(places.data);
  try {
    const operator = readOperator(places, context.environment);
    const publication = await publishFenced(proposal, records, context.now, async (guards) => {
      const writer = openForgeWriter({
        forge: flags.forge ?? "local",
        repo: resolve(context.cwd, flags.repo ?? "."),
        data: places.data,
        environment: context.environment,
        guards,
        window: ledgerRateWindow(ledger),
        ...(context.telemetry === undefined ? {} : { telemetry: context.telemetry }),
      });
      const done = await publish(proposal, writer, ledger, {
        scanSecrets,
        rules: lookRules(context.environment),
        wish: {
          recreate: flags.recreate === true,
          settledPull: settledPull(await knownPulls(ledger, proposal.repository), proposal.branch),
        },
        hindrance: (one) =>
          hindranceNow(one, { repository: proposal.repository, ledger, operator, now: context.now(), limited: flags.forge === "github" }),
      });
      await rememberPublication(ledger, proposal, done, context.now());
      return done;
    });
    context.process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(publication)}\n`
        : `${publication.result === "published" ? publication.pull.url : publication.why}\n`,
    );
  } finally {
    records.close();
    await ledger.close();
  }
}
