import { proseProblems } from "./prose.ts";

const longestTitle = 256;
const longestLabel = 50;
const longestMessage = 4000;

/** A title or label: one line of letters, figures and plain punctuation, which neither a shell, a forge nor a bot acts on. */
export function titleProblems(title: string): readonly string[] {
  const problems = [...proseProblems(title, { mayNameOwnIssues: false })];
  if (title === "" || title.length > longestTitle || /[\n\r]/.test(title)) problems.push("no single line of a title's length");
  if (/[^\p{L}\p{M}\p{N} .,:;'"’“”()/%+=_…?–-]/u.test(title)) problems.push("a character that a title of ours never has");
  if (/^[-/\s]/.test(title)) problems.push("a beginning that may be read as an option or a command");
  return problems;
}

/** A label: short, and no character that GitHub or a shell acts on. */
export function labelProblems(label: string): readonly string[] {
  const problems = [...proseProblems(label, { mayNameOwnIssues: false })];
  if (label.length > longestLabel || /[\n\r,`$\\<>]/.test(label)) problems.push("no plain label of at most 50 characters");
  return problems;
}

/** A branch of ours: `tuneup/` and a name that is safe in a shell, a URL and git. */
export const branchProblems = (branch: string): readonly string[] =>
  /^tuneup\/[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/.test(branch) ? [] : ["a branch that is not one of Tuneup's"];

const trailer =
  /^(?:Tuneup-[A-Za-z-]{1,40}: [\w.:-]{1,100}|Co-authored-by: ([A-Za-z\d-]{1,39}(?:\[bot\])?) <(?:\d{1,12}\+)?\1@users\.noreply\.github\.com>)$/;
const skips = /\[(?:skip[ -]ci|ci[ -]skip|no[ -]ci|skip[ -]actions|actions[ -]skip)\]|\*{3}NO_CI\*{3}|^skip-checks:/im;
const otherTrailer =
  /^(?:co-authored-by|signed-off-by|reviewed-by|acked-by|tested-by|reported-by|approved-by|change-id|cc|fixes|closes|refs?)\s*:/i;

/** A commit message: a title, plain sentences, and no trailer but ours and the co-author who started the run. */
export function commitMessageProblems(message: string): readonly string[] {
  const [title = "", ...rest] = message.split("\n");
  const problems = [...titleProblems(title)];
  if (message.length > longestMessage || /\r/.test(message)) problems.push("more than a commit message's length");
  if (skips.test(message)) problems.push("words that switch off checks");
  const lines = rest.filter((line) => !trailer.test(line));
  if (lines.some((line) => otherTrailer.test(line))) problems.push("a trailer that is not ours");
  if (lines.some((line) => /^\s*\/\p{L}/u.test(line))) problems.push("a line that another bot may read as a command");
  return [...new Set([...problems, ...lines.flatMap((line) => proseProblems(line, { mayNameOwnIssues: false }))])];
}
