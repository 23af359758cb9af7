/** What ticking a box of the dashboard asks for; each is a command that a comment could give too. */
export type Box =
  | { readonly kind: "run" | "unignore"; readonly cluster: string }
  | { readonly kind: "retry" | "rebase"; readonly pull: number }
  /** One pull request, or the whole repository. */
  | { readonly kind: "resume"; readonly pull?: number };

/** A box as one word: `run:c-4f1d`, `rebase:12`, `resume:all`. */
export function boxWord(box: Box): string {
  if ("cluster" in box) return `${box.kind}:${box.cluster}`;
  return `${box.kind}:${box.pull ?? "all"}`;
}

const ofCluster = /^(run|unignore):([A-Za-z0-9][A-Za-z0-9._:-]{0,63})$/;
const ofPull = /^(retry|rebase|resume):([1-9]\d{0,8})$/;

/** The box that a word names; `undefined` for a word that names none, such as one for a cluster whose id could not stand in it. */
export function boxOf(word: string): Box | undefined {
  const [, verb, cluster] = ofCluster.exec(word) ?? [];
  if (cluster !== undefined) return { kind: verb === "run" ? "run" : "unignore", cluster };
  if (word === "resume:all") return { kind: "resume" };
  const [, kind, pull] = ofPull.exec(word) ?? [];
  if (pull === undefined) return undefined;
  return { kind: kind === "retry" ? "retry" : kind === "rebase" ? "rebase" : "resume", pull: Number(pull) };
}

/** The line of an empty box, with words of ours behind it. `undefined` where the box cannot be written. */
export const boxLine = (box: Box, words: string): string | undefined =>
  boxOf(boxWord(box)) === undefined ? undefined : `- [ ] <!-- tuneup:do=${boxWord(box)} -->${words}`;

const ticked = /^ {0,6}[-*] \[[xX]\] <!-- tuneup:do=([\w.:-]{1,100}) -->/gm;
/** GitHub's own limit of an issue's text. */
const longestPage = 65_536;

/** The words of the boxes that are ticked on a page, each once. */
export const tickedWords = (page: string): readonly string[] => [
  ...new Set([...page.slice(0, longestPage).matchAll(ticked)].map(([, word = ""]) => word)),
];

/** The words of all boxes on a page. */
export const offeredWords = (page: string): readonly string[] =>
  [...page.matchAll(/<!-- tuneup:do=([\w.:-]{1,100}) -->/g)].map(([, word = ""]) => word);
