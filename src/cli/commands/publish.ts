import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { lookRules, openForgeWriter, openSetupWriter, type PublishingKeepers, readOperator, scanSecrets } from "../../compose.ts";
import { hindranceNow } from "../../compose/standing.ts";
import { failureJson, readProposal } from "../../compose/publishing.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type FencedWork, publishFenced, writePace } from "../../compose/service.ts";
import { openState } from "../../compose/state.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import type { Instant } from "../../domain/ids.ts";
import type { Proposal } from "../../domain/proposal.ts";
import { setupBranch } from "../../domain/publishing/setup.ts";
import { ledgerRateWindow } from "../../pipeline/standing/rate-window.ts";
import type { Hindrance } from "../../domain/publishing/limits.ts";
import { knownPulls, laterResult, rememberPublication, settledPull } from "../../pipeline/standing/pulls.ts";
import type { ForgeWriter, Publication } from "../../ports/forge.ts";
import type { Ledger } from "../../ports/ledger.ts";
import { type LastLook, publish, publishSetup } from "../../stages/publish.ts";
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
  const { environment, now } = context;
  const places = placesOf(context, flags);
  const given = readProposal(resolve(context.cwd, file));
  const state = await openState(places);
  const ledger = state.ledger();
  const records = state.records();
  try {
    const operator = readOperator(places, environment);
    const about = "kind" in given ? { repository: given.repository, branch: setupBranch } : aboutProposal(given);
    const publication = await publishFenced(about, records, now, (guards) => {
      const keepers: PublishingKeepers = {
        guards,
        window: ledgerRateWindow(ledger),
        ...writePace(records.leases, now, environment.githubApiUrl),
        ...(context.telemetry === undefined ? {} : { telemetry: context.telemetry }),
      };
      const look = { scanSecrets, rules: lookRules(environment, operator) };
      if ("kind" in given) return publishSetup(given, openSetupWriter(environment, operator, keepers), look);
      const { cwd } = context;
      const target = { forge: flags.forge ?? "local", repo: resolve(cwd, flags.repo ?? "."), data: places.data, environment, operator };
      return publishProposal(given, openForgeWriter(target, keepers), { ledger, operator, now, look, flags });
    });
    context.process.stdout.write(
      flags.json === true || "kind" in given
        ? `${JSON.stringify(publication)}\n`
        : `${publication.result === "published" ? publication.pull.url : publication.why}\n`,
    );
  } finally {
    await records.close();
    await ledger.close();
    await state.close();
  }
}

const aboutProposal = ({ branch, id, repository, startedBy }: Proposal): FencedWork => ({
  repository,
  branch,
  proposal: id,
  ...(startedBy === undefined ? {} : { startedBy }),
});

interface ProposalParts {
  readonly ledger: Ledger;
  readonly operator: OperatorSettings;
  readonly now: () => Instant;
  readonly look: LastLook;
  readonly flags: Flags;
}

const heldBy = (pull: number): Hindrance => ({
  why: `pull request ${pull} holds a later result for this failure`,
  remedy: "`/tuneup retry` tests the failure anew; `/tuneup revise` there changes the edit.",
});

async function publishProposal(
  proposal: Proposal,
  writer: ForgeWriter,
  { flags, ledger, look, now, operator }: ProposalParts,
): Promise<Publication> {
  const { repository } = proposal;
  const done = await publish(proposal, writer, ledger, {
    ...look,
    wish: {
      recreate: flags.recreate === true,
      settledPull: settledPull(await knownPulls(ledger, repository), proposal.branch),
    },
    hindrance: async (one) => {
      const later = await laterResult(ledger, proposal);
      if (later !== undefined) return heldBy(later.number);
      return hindranceNow(one, { repository, ledger, operator, now: now(), limited: flags.forge === "github" });
    },
  });
  await rememberPublication(ledger, proposal, done, now());
  return done;
}
