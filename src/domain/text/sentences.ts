const beginsBlock = /^\s*(?:[-*+•–>|#]|\d{1,3}[.)]\s|[a-z][.)]\s|<\/?\w|\*\*|```)/i;
const endsSentence = /[.!?;:。！？]["')\]”’]*\s*$/;

/**
 * The sentences of a prompt. Lines that only wrap a sentence are joined; bullets, headings and list numbers begin anew and are dropped, so that
 * a list may be renumbered.
 */
export function sentencesOf(text: string): readonly string[] {
  const blocks: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const last = blocks.at(-1);
    const isNew =
      last === undefined || last === "" || line.trim() === "" || last.startsWith("#") || beginsBlock.test(line) || endsSentence.test(last);
    if (isNew) blocks.push(line.trim());
    else blocks[blocks.length - 1] = `${last} ${line.trim()}`;
  }
  return blocks
    .flatMap((block) =>
      block.replace(/^\s*(?:(?:[-*+•–>#]+|\d{1,3}[.)]|[a-z][.)])\s+)+/i, "").split(/(?<=[.!?;。！？]["')\]”’]?)\s+|(?<=[。！？])/),
    )
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

/** What of the first list is not in the second, counting doubles. */
export function missing(before: readonly string[], after: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const item of after) left.set(item, (left.get(item) ?? 0) + 1);
  return before.filter((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count <= 0;
  });
}

const functionWords: ReadonlySet<string> = new Set(
  "the a an to of and you your is in for if or not with on it be are when that this do must never always only before after by as from at their they can should some because every our about which what who has have will its any all we it out no yes was how then than into".split(
    " ",
  ),
);

/** What a program fills in, and code between backticks. */
const filledOrCode = /\$?\{{1,3}[\w.]{1,80}\}{1,3}|`[^`\n]{1,200}`/g;
/** A name or an address and no word: `a_b`, `f(x)`, `a.b`, `a/b`. */
const hasSigns = /[\w)\]][_=()<>[\]/\\.:@#][\w([{"'<=/]/;

/** The words of a text without what is written in no language. */
const wordsOnly = (text: string): string =>
  text
    .replace(filledOrCode, " ")
    .split(/\s+/)
    .filter((token) => !hasSigns.test(token))
    .join(" ");

/** Whether the rules about English sentences can say anything about a text. */
export function isEnglish(all: string): boolean {
  const text = wordsOnly(all);
  const words = text.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  if (words.length === 0) return true;
  const known = words.filter((word) => functionWords.has(word)).length;
  if (/[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u.test(text)) {
    const foreign = words.filter((word) => /[^\p{Script=Latin}\p{Script=Inherited}]/u.test(word)).length;
    if (foreign > words.length * 0.2) return false;
  }
  if (words.length < 8) return /^[\p{ASCII}‘’“”–—…]*$/u.test(text);
  return known / words.length >= 0.08;
}
