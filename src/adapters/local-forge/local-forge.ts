import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type CommitSha, commitSha, repositoryName } from "../../domain/ids.ts";
import type { Proposal, PullRequest } from "../../domain/proposal.ts";
import { fileProblem } from "../../domain/publishing/edited-text.ts";
import type { ForgeWriter, Publication, PublishWish } from "../../ports/forge.ts";
import { withFolderLock } from "./folder-lock.ts";
import { botEmail, type Git, openGit } from "./git-commands.ts";
import { type PullRecord, PullRecords } from "./pull-records.ts";

export interface LocalForgeOptions {
  /** The repository's folder. */
  readonly path: string;
  /** Data folder: pages and records go to `pulls/` below it. */
  readonly data: string;
  /** PATH for git. */
  readonly programs: string;
  /** Date of commits, ISO 8601. */
  readonly now: () => string;
}

const trailer = "Tuneup-Proposal";

/**
 * Pull requests without a forge: a branch in a local repository and a page on disk. Work tree, index and HEAD stay untouched. To close one,
 * set its record's `state` to `closed`; merging the branch is noticed.
 */
export function localForge(options: LocalForgeOptions): ForgeWriter {
  const git = openGit(options.path, { path: options.programs, now: options.now() });
  const records = new PullRecords(options.data);
  const pageOf = (pull: PullRequest): string => records.readPage(pull.number);
  return {
    // One at a time: looking and writing must not be torn apart by another process that does the same.
    publish: (proposal, wish = {}) =>
      withFolderLock(
        records.folder,
        () => Date.parse(options.now()),
        () => publish(proposal, git, records, wish),
      ),
    async comment(pull, kind, body) {
      const record = records.find(repositoryName(pull.repository), pull.branch);
      if (record !== undefined) records.write(record, withSection(pageOf(pull), `comment:${kind}`, body));
    },
    async check(pull, result, summary) {
      const record = records.find(repositoryName(pull.repository), pull.branch);
      if (record !== undefined) records.write(record, withSection(pageOf(pull), "check", `Check: **${result}**\n\n${summary}`));
    },
  };
}

/** Replaces the part of a page between a kind's marks, or adds it at the end. */
function withSection(page: string, kind: string, body: string): string {
  const [open, close] = [`<!-- tuneup:${kind} -->`, `<!-- /tuneup:${kind} -->`];
  const section = `${open}\n${body}\n${close}`;
  const start = page.indexOf(open);
  const end = page.indexOf(close);
  return start < 0 || end < start
    ? `${page.trimEnd()}\n\n---\n\n${section}\n`
    : page.slice(0, start) + section + page.slice(end + close.length);
}

async function publish(proposal: Proposal, git: Git, records: PullRecords, wish: PublishWish): Promise<Publication> {
  const name = repositoryName(proposal.repository);
  const ref = `refs/heads/${proposal.branch}`;
  const newest = records.find(name, proposal.branch);
  const record = newest === undefined || newest.number <= (wish.settledPull ?? 0) ? undefined : newest;
  if (record?.state === "closed")
    return { result: "left-alone", why: `pull request ${record.number} was closed`, pull: pullOf(proposal, record, records, true) };
  const tip = await tipOf(git, ref);
  if (
    record !== undefined &&
    (record.state === "merged" || (tip !== undefined && (await git.holds(["merge-base", "--is-ancestor", tip, "HEAD"]))))
  ) {
    const merged: PullRecord = { ...record, state: "merged" };
    records.write(merged, records.readPage(record.number));
    return { result: "left-alone", why: `pull request ${record.number} is merged already`, pull: pullOf(proposal, merged, records, true) };
  }
  const edited = tip !== undefined && !(await isOurs(git, proposal.commit, tip));
  if (edited && wish.recreate !== true) {
    return {
      result: "left-alone",
      edited: true,
      why: `someone else has committed to the branch ${proposal.branch}`,
      ...(record === undefined ? {} : { pull: pullOf(proposal, record, records, true) }),
    };
  }
  const head = await commitOn(git, ref, { tip, edited }, proposal);
  const changed = {
    repository: name,
    branch: proposal.branch,
    title: proposal.title,
    draft: proposal.draft,
    labels: [...proposal.labels],
    head,
    state: "open" as const,
  };
  if (record === undefined)
    return { result: "published", pull: pullOf(proposal, records.create(changed, pageText(proposal)), records, false) };
  const updated = { number: record.number, ...changed };
  records.write(updated, pageText(proposal));
  return { result: "published", pull: pullOf(proposal, updated, records, true) };
}

const pageText = (proposal: Proposal): string => `# ${proposal.draft ? "[Draft] " : ""}${proposal.title}\n\n${proposal.body}\n`;

const pullOf = (proposal: Proposal, record: PullRecord, records: PullRecords, adopted: boolean): PullRequest => ({
  repository: proposal.repository,
  number: record.number,
  url: records.pagePath(record.number),
  branch: record.branch,
  head: commitSha(record.head),
  state: record.state,
  adopted,
});

async function tipOf(git: Git, ref: string): Promise<CommitSha | undefined> {
  if (!(await git.holds(["show-ref", "--verify", "--quiet", ref]))) return undefined;
  return commitSha(await git.run(["rev-parse", "--verify", `${ref}^{commit}`]));
}

/** Whether every commit between the base and the tip is Tuneup's own. */
async function isOurs(git: Git, base: string, tip: string): Promise<boolean> {
  const log = await git.run(["log", "--format=%ce%x00%(trailers:key=" + trailer + ",valueonly,separator=%x20)", `${base}..${tip}`]);
  return log.split("\n").every((line) => {
    const [email = "", proposals = ""] = line.split("\0");
    return line === "" || (email === botEmail && proposals !== "");
  });
}

/** Makes the commit, unless the branch is ours alone and holds these very files already, and checks what the branch then really changes. */
async function commitOn(
  git: Git,
  ref: string,
  { edited, tip }: { readonly tip: CommitSha | undefined; readonly edited: boolean },
  proposal: Proposal,
): Promise<CommitSha> {
  const tree = await treeOf(git, proposal);
  if (tip !== undefined && !edited && (await git.run(["rev-parse", `${tip}^{tree}`])) === tree) return tip;
  const message = `${proposal.commitMessage}\n${/\n\n[\w-]+: [^\n]*$/.test(proposal.commitMessage) ? "" : "\n"}${trailer}: ${proposal.id}\n`;
  const head = commitSha(await git.run(["commit-tree", tree, "-p", proposal.commit], { input: message }));
  // The old value must still be what was looked at: another process may have been faster.
  await git.run(["update-ref", ref, head, tip ?? "0".repeat(40)]);
  const problem = await differenceProblem(git, proposal, head);
  if (problem === undefined) return head;
  await git.run(["update-ref", ...(tip === undefined ? ["-d", ref, head] : [ref, tip, head])]);
  throw new TuneupError("publish-refused", `The branch ${proposal.branch} would not hold what was approved: ${problem}.`, {
    remedy: "The branch was taken back. Please report this.",
    fields: { branch: proposal.branch },
  });
}

async function treeOf(git: Git, proposal: Proposal): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tuneup-index-"));
  const index = join(folder, "index");
  try {
    await git.run(["read-tree", proposal.commit], { index });
    for (const file of proposal.files) {
      const mode = (await git.run(["ls-tree", "--full-tree", proposal.commit, "--", file.path])).split(" ")[0] ?? "";
      if (mode !== "100644")
        throw new TuneupError("publish-refused", `${file.path} is no plain file at the base commit.`, { remedy: "Nothing was published." });
      await refuseUnapproved(git, proposal, file);
      const blob = await git.run(["hash-object", "-w", "--no-filters", "--stdin"], { input: file.text });
      await git.run(["update-index", "--cacheinfo", `${mode},${blob},${file.path}`], { index });
    }
    return await git.run(["write-tree"], { index });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Before anything is written: the file at the base commit is what the edits were written against, and only the edits change it. */
async function refuseUnapproved(git: Git, proposal: Proposal, file: Proposal["files"][number]): Promise<void> {
  const shown = await git.run(["cat-file", "blob", `${proposal.commit}:${file.path}`]);
  // Git's answer comes without its last line end.
  const text = digestOf(shown) === file.before ? shown : `${shown}\n`;
  const own = proposal.edits.filter((edit) => edit.path === file.path);
  const problem = fileProblem(file, { text, digest: digestOf(text) }, own);
  if (problem === undefined) return;
  throw new TuneupError("publish-refused", `The proposal ${proposal.id} is not in order: ${problem}.`, {
    remedy: "Nothing was published. Run the job again: the repository may have changed.",
    fields: { proposal: proposal.id, path: file.path },
  });
}

/** What the branch really changes against what was approved. */
async function differenceProblem(git: Git, proposal: Proposal, head: string): Promise<string | undefined> {
  const lines = (await git.run(["diff-tree", "-r", "-z", "--no-renames", proposal.commit, head])).split("\0").filter((part) => part !== "");
  const changed = new Map<string, string>();
  for (let index = 0; index + 1 < lines.length; index += 2) changed.set(lines[index + 1] ?? "", lines[index] ?? "");
  for (const [path, description] of changed) {
    const file = proposal.files.find((one) => one.path === path);
    if (file === undefined) return `${path} changes too`;
    const [before, after, , blob] = description.replace(/^:/, "").split(" ");
    if (before !== after) return `the mode of ${path} changes`;
    if (blob !== (await git.run(["hash-object", "--no-filters", "--stdin"], { input: file.text }))) return `${path} holds something else`;
  }
  return changed.size === proposal.files.length ? undefined : "a file does not change";
}
