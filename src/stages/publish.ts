import { TuneupError } from "../domain/errors.ts";
import { repositoryName } from "../domain/ids.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { Hindrance, Publishable } from "../domain/publishing/limits.ts";
import { firstRepositoryFile, type SetupProposal } from "../domain/publishing/setup.ts";
import type { ForgeWriter, Publication, PublishWish, SetupWriter } from "../ports/forge.ts";
import type { Proposals } from "../ports/ledger.ts";
import type { OutgoingWrite, ScanSecrets, WriteGuard } from "../ports/outgoing.ts";
import { defaultLookRules, type LookRules, outgoingProblems, proposalProblems, refuseUnsafe } from "./publish/last-look.ts";

/** What the last look needs: a scan for credentials, and where links may lead. */
export interface LastLook {
  readonly scanSecrets: ScanSecrets;
  readonly rules?: LookRules;
}

/** What people decided and what the limits leave; nothing where absent. */
export interface Standing {
  readonly wish?: PublishWish;
  readonly hindrance?: (proposal: Publishable) => Promise<Hindrance | undefined>;
}

/** The last look as a guard of every request that writes: whatever part of Tuneup makes it, its texts pass here or it does not leave. */
export const outgoingGuard = ({ rules = defaultLookRules, scanSecrets }: LastLook): WriteGuard => ({
  before: (write: OutgoingWrite) => refuseUnsafe(write, rules, scanSecrets),
});

/**
 * In: a finished proposal and the only thing that can write to a forge. Out: the pull request, or why the forge was left alone. Sees no
 * transcript and no model. Checks the proposal again, because it came as a file; any number of calls leaves one pull request. `hindrance` says what
 * people or limits have against it.
 */
export async function publish(proposal: Proposal, writer: ForgeWriter, ledger: Proposals, look: LastLook & Standing): Promise<Publication> {
  await check(proposal, look);
  const against = await look.hindrance?.(publishable(proposal));
  if (against !== undefined) return { result: "left-alone", why: against.why, remedy: against.remedy };
  const known = await ledger.find(proposal.id);
  if (known?.state === "suppressed") return { result: "left-alone", why: "this failure was closed or ignored by a person before" };
  if (known === undefined) await ledger.save({ ...proposal, state: "verified" }, undefined);
  // The forge learns how far earlier tries came.
  const publication = await writer.publish({ ...proposal, state: known?.state ?? "verified" }, look.wish);
  const state = (await ledger.find(proposal.id))?.state;
  const next = stateAfter(publication);
  // Another process may have come first: its word is as good, both looked at the same forge.
  if (state !== undefined && state !== next) await ledger.save({ ...proposal, state: next }, state);
  return publication;
}

const publishable = ({ branch, cluster, files, startedBy }: Proposal): Publishable => ({
  branch,
  cluster,
  paths: files.map((file) => file.path),
  ...(startedBy === undefined ? {} : { startedBy }),
});

function stateAfter(publication: Publication): Proposal["state"] {
  if (publication.result === "published") return publication.pull.state === "merged" ? "merged" : "published";
  return publication.pull?.state === "merged" ? "merged" : publication.pull?.state === "closed" ? "closed" : "verified";
}

/**
 * The same for the pull request that sets Tuneup up: it may add the one file that ships with Tuneup and nothing else; its page passes the last
 * look.
 */
export async function publishSetup(setup: SetupProposal, writer: SetupWriter, look: LastLook): Promise<Publication> {
  const problems: string[] = [];
  if (!/^[0-9a-f]{40}$/.test(setup.commit)) problems.push("the base is not a commit");
  if (setup.text !== firstRepositoryFile) problems.push("the file is not the one that ships with Tuneup");
  const repository = repositoryName(setup.repository);
  const texts = [{ place: "title", text: setup.title } as const, { place: "body", text: setup.body } as const];
  problems.push(...(await outgoingProblems({ what: "pull request", repository, texts }, look.rules ?? defaultLookRules, look.scanSecrets)));
  if (problems.length > 0)
    throw new TuneupError("publish-refused", `The set-up of ${repository} is not in order: ${problems.join("; ")}.`, {
      remedy: "Nothing was published.",
      fields: { repository, problems },
    });
  return writer.setUp(setup);
}

/** What must hold of every proposal, whatever wrote it. */
async function check(proposal: Proposal, look: LastLook): Promise<void> {
  const problems = await proposalProblems(proposal, look.rules ?? defaultLookRules, look.scanSecrets);
  if (problems.length > 0)
    throw new TuneupError("publish-refused", `The proposal ${proposal.id} is not in order: ${problems.join("; ")}.`, {
      remedy: "Nothing was published. Make it again with `tuneup propose`.",
      fields: { proposal: proposal.id, problems: [...problems] },
    });
}
