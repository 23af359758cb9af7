import { TuneupError } from "../domain/errors.ts";
import type { Proposal } from "../domain/proposal.ts";
import { isNeverPublished, isPlainPath } from "../domain/publishing/protected-path.ts";
import { unsafeMarkdown } from "../domain/text/safe-text.ts";
import type { ForgeWriter, Publication } from "../ports/forge.ts";
import type { Proposals } from "../ports/ledger.ts";

const longestBody = 60_000;
const longestTitle = 256;

/**
 * In: a finished proposal and the only thing that can write to a forge. Out: the pull request, or why the forge was left alone. Sees no
 * transcript and no model. Checks the proposal again, because it came as a file; any number of calls leaves one pull request.
 */
export async function publish(proposal: Proposal, writer: ForgeWriter, ledger: Proposals): Promise<Publication> {
  check(proposal);
  const known = await ledger.find(proposal.id);
  if (known?.state === "suppressed") return { result: "left-alone", why: "this failure was closed or ignored by a person before" };
  if (known === undefined) await ledger.save({ ...proposal, state: "verified" }, undefined);
  const publication = await writer.publish(proposal);
  const state = (await ledger.find(proposal.id))?.state;
  const next = stateAfter(publication);
  // Another process may have come first: its word is as good, both looked at the same forge.
  if (state !== undefined && state !== next) await ledger.save({ ...proposal, state: next }, state);
  return publication;
}

function stateAfter(publication: Publication): Proposal["state"] {
  if (publication.result === "published") return publication.pull.state === "merged" ? "merged" : "published";
  return publication.pull?.state === "merged" ? "merged" : publication.pull?.state === "closed" ? "closed" : "verified";
}

/** What must hold of every proposal, whatever wrote it. */
function check(proposal: Proposal): void {
  const problems: string[] = [];
  if (!/^tuneup\/[0-9a-f]{12}$/.test(proposal.branch)) problems.push("the branch is not one of Tuneup's");
  if (!/^[0-9a-f]{40}$/.test(proposal.commit)) problems.push("the base is not a commit");
  if (proposal.title.length === 0 || proposal.title.length > longestTitle || /\n/.test(proposal.title))
    problems.push("the title is not one line");
  if (proposal.body.length > longestBody) problems.push("the body is too long");
  problems.push(...unsafeMarkdown(proposal.body).map((found) => `the body holds ${found}`));
  if (proposal.files.length === 0 || proposal.files.length > 3) problems.push("it changes no file, or too many");
  for (const file of proposal.files) problems.push(...fileProblems(file, proposal));
  if (proposal.edits.some((edit) => !proposal.files.some((file) => file.path === edit.path))) problems.push("an edit has no changed file");
  if (problems.length > 0)
    throw new TuneupError("publish-refused", `The proposal ${proposal.id} is not in order: ${problems.join("; ")}.`, {
      remedy: "Nothing was published. Make it again with `tuneup propose`.",
      fields: { proposal: proposal.id, problems },
    });
}

function fileProblems(file: Proposal["files"][number], proposal: Proposal): readonly string[] {
  const own = proposal.edits.filter((edit) => edit.path === file.path);
  const problems: string[] = [];
  if (isNeverPublished(file.path) || !isPlainPath(file.path)) problems.push(`${file.path} may never be changed`);
  if (own.length === 0) problems.push(`${file.path} is changed by no edit`);
  if (own.some((edit) => edit.base !== file.before)) problems.push(`${file.path} was edited against another version`);
  if (own.some((edit) => !file.text.includes(edit.after))) problems.push(`${file.path} does not hold what its edit says`);
  return problems;
}
