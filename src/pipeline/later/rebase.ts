import { digestOf } from "../../domain/digest.ts";
import type { Proposal } from "../../domain/proposal.ts";
import type { Located } from "../../domain/source.ts";
import type { Checkout } from "../../ports/workspace.ts";

/** What an edit becomes on another base. */
export type Rebased =
  /** The files that it changes are what they were: there can be no conflict. */
  | { readonly result: "unchanged" }
  /** The prompt that it was tested on stands there word for word, so its proof holds. */
  | { readonly result: "rebased"; readonly proposal: Proposal }
  /** The text that it changes, or the prompt around it, is another: it must be tested again. */
  | { readonly result: "changed"; readonly path: string };

/** Puts a proposal on the checked-out base: the same hunks, once each, in the files as they stand there. Replays nothing. */
export async function rebase(proposal: Proposal, located: Located, checkout: Checkout): Promise<Rebased> {
  const paths = proposal.files.map((file) => file.path);
  const texts = await checkout.read(paths);
  if (proposal.files.every((file) => digestOf(texts.get(file.path) ?? "") === file.before)) return { result: "unchanged" };
  const files: Proposal["files"][number][] = [];
  for (const path of paths) {
    const text = texts.get(path);
    const after = text === undefined || !holdsPrompt(path, text, located) ? undefined : edited(path, text, proposal);
    if (text === undefined || after === undefined) return { result: "changed", path };
    files.push({ path, text: after, before: digestOf(text) });
  }
  const edits = proposal.edits.map((edit) => ({ ...edit, base: files.find((file) => file.path === edit.path)?.before ?? edit.base }));
  return { result: "rebased", proposal: { ...proposal, commit: checkout.commit, edits, files, body: withNote(proposal, checkout) } };
}

const holdsPrompt = (path: string, text: string, located: Located): boolean =>
  located.result === "found" && located.sources.filter((source) => source.path === path).every((source) => text.includes(source.text));

function edited(path: string, text: string, { edits }: Proposal): string | undefined {
  let result = text;
  for (const { after, before } of edits.filter((edit) => edit.path === path)) {
    const at = result.indexOf(before);
    if (at < 0 || before === "" || result.indexOf(before, at + 1) >= 0) return undefined;
    result = result.slice(0, at) + after + result.slice(at + before.length);
  }
  return result;
}

const mark = "<!-- tuneup:rebased -->";

/** Says on the page which base was tested; a second move replaces the first one's words. */
function withNote({ body, commit }: Proposal, checkout: Checkout): string {
  const tested = /tested at `([0-9a-f]{12})`/.exec(body)?.[1] ?? commit.slice(0, 12);
  const note = `${mark}\n> Moved to \`${checkout.commit.slice(0, 12)}\`: other lines of the file have changed, the prompt has not. It was tested at \`${tested}\`.`;
  const [first = "", ...rest] = body.split("\n\n");
  return first.startsWith(mark) ? [note, ...rest].join("\n\n") : `${note}\n\n${body}`;
}
