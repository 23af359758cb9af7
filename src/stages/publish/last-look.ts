import { TuneupError } from "../../domain/errors.ts";
import { isNeverPublished, isPlainPath } from "../../domain/publishing/protected-path.ts";
import type { Proposal } from "../../domain/proposal.ts";
import { unsafeMarkdown } from "../../domain/text/safe-text.ts";
import type { OutgoingPlace, OutgoingWrite, ScanSecrets } from "../../ports/outgoing.ts";
import { pageProblems } from "./markdown-page.ts";
import { branchProblems, commitMessageProblems, labelProblems, titleProblems } from "./plain-texts.ts";
import { invisibleCount, mixedScripts } from "./prose.ts";
import { skeletonProblems } from "./section-skeleton.ts";

/** Where links may lead beside the repository itself. */
export interface LookRules {
  /** Lower case. */
  readonly allowedHosts: readonly string[];
  /** `github.com`, or the Enterprise Server's name. */
  readonly forgeHost: string;
}

export const defaultLookRules: LookRules = { allowedHosts: [], forgeHost: "github.com" };

/** What speaks against one text at its place; reasons of our own words, never the text. */
function textProblems(place: OutgoingPlace, text: string, page: LookRules & { readonly repository: string }): readonly string[] {
  if (place === "title") return titleProblems(text);
  if (place === "label") return labelProblems(text);
  if (place === "branch") return branchProblems(text);
  if (place === "commit-message") return commitMessageProblems(text);
  if (place === "added-lines") return addedLineProblems(text);
  return pageProblems(text, { ...page, mayNameOwnIssues: place === "comment" });
}

/** Lines that a commit adds: no look-alike letters; what they may say is vetting's part. */
const addedLineProblems = (text: string): readonly string[] => (mixedScripts(text) ? ["letters of several scripts in one word"] : []);

/** Everything that speaks against a request, each reason with its place: Markdown as parsed, then credentials. `[]` when it may leave. */
export async function outgoingProblems(write: OutgoingWrite, rules: LookRules, scanSecrets: ScanSecrets): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { place, text } of write.texts) {
    const found = textProblems(place, text, { ...rules, repository: write.repository });
    problems.push(...found.map((reason) => `the ${place.replace("-", " ")} holds ${reason}`));
    const [secret] = await scanSecrets(text);
    if (secret !== undefined)
      problems.push(`the ${place.replace("-", " ")} holds what looks like a secret (${secret.rule}, line ${secret.line})`);
  }
  return problems;
}

/** Throws `publish-refused` with every reason, and without any of the texts. */
export async function refuseUnsafe(write: OutgoingWrite, rules: LookRules, scanSecrets: ScanSecrets): Promise<void> {
  const problems = await outgoingProblems(write, rules, scanSecrets);
  if (problems.length === 0) return;
  throw new TuneupError("publish-refused", `A ${write.what} for ${write.repository} was held back: ${problems.join("; ")}.`, {
    remedy: "Nothing of it was sent. Run the job again; if it stays, report the reasons above.",
    fields: { what: write.what, repository: write.repository, problems: [...problems] },
  });
}

/** Everything that speaks against a finished proposal before the first request: its names, texts, files and edits. */
export async function proposalProblems(proposal: Proposal, rules: LookRules, scanSecrets: ScanSecrets): Promise<readonly string[]> {
  const problems: string[] = [];
  if (!/^tuneup\/[0-9a-f]{12}$/.test(proposal.branch)) problems.push("the branch is not one of Tuneup's");
  if (!/^[0-9a-f]{40}$/.test(proposal.commit)) problems.push("the base is not a commit");
  if (proposal.files.length === 0 || proposal.files.length > 3) problems.push("it changes no file, or too many");
  for (const file of proposal.files) problems.push(...fileProblems(file, proposal));
  if (proposal.edits.some((edit) => !proposal.files.some((file) => file.path === edit.path))) problems.push("an edit has no changed file");
  if (proposal.edits.some((edit) => invisibleCount(edit.after) > invisibleCount(edit.before)))
    problems.push("an edit adds invisible characters");
  // The older look at the source text stays as a second layer: it knows fences and tags without trusting a parser.
  problems.push(...unsafeMarkdown(proposal.body).map((found) => `the body holds ${found}`));
  problems.push(...skeletonProblems(proposal.body).map((found) => `the body holds ${found}`));
  const repository = `${proposal.repository.owner}/${proposal.repository.name}`;
  const texts = [
    { place: "title", text: proposal.title },
    { place: "commit-message", text: proposal.commitMessage },
    { place: "body", text: proposal.body },
    ...proposal.labels.map((text) => ({ place: "label", text }) as const),
    ...proposal.edits.map((edit) => ({ place: "added-lines", text: addedLines(edit.before, edit.after) }) as const),
  ] as const;
  return [...new Set([...problems, ...(await outgoingProblems({ what: "pull request", repository, texts }, rules, scanSecrets))])];
}

/** The lines of the new text that the old one does not have. */
function addedLines(before: string, after: string): string {
  const known = new Set(before.split("\n"));
  return after
    .split("\n")
    .filter((line) => !known.has(line))
    .join("\n");
}

function fileProblems(file: Proposal["files"][number], proposal: Proposal): readonly string[] {
  const own = proposal.edits.filter((edit) => edit.path === file.path);
  const problems: string[] = [];
  if (isNeverPublished(file.path) || !isPlainPath(file.path)) problems.push(`${file.path} may never be changed`);
  if (mixedScripts(file.path)) problems.push("a path mixes letters of several scripts");
  if (own.length === 0) problems.push(`${file.path} is changed by no edit`);
  if (own.some((edit) => edit.base !== file.before)) problems.push(`${file.path} was edited against another version`);
  if (own.some((edit) => !file.text.includes(edit.after))) problems.push(`${file.path} does not hold what its edit says`);
  return problems;
}
