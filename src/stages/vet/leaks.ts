import type { Refusal } from "../../domain/edit.ts";
import { runsOf, wordsOf, wordText } from "../../domain/text/word-runs.ts";
import { leakLength, quotationLength, tokensOf, type TranscriptCorpus } from "./transcript-corpus.ts";

export interface LeakScope {
  readonly corpus: TranscriptCorpus;
  /** The repository's text, as it is. */
  readonly repository: string;
  /** The same as words with single spaces: made when first needed, for it is large. */
  readonly repositoryWords: () => string;
}

/** A text before and after an edit: a whole region, so that a quotation split over two hunks is seen. */
export interface ChangedText {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Text of a conversation in an edit: a run of eight words, a quotation of four, an identifying token (an address, an id, five digits and more)
 * or a person's name that stands in a shown transcript and nowhere in the repository.
 */
export function leakRefusals(changed: ChangedText, scope: LeakScope): readonly Refusal[] {
  const refuse = (rule: string, message: string): Refusal => ({
    rule,
    path: changed.path,
    message,
    remedy: "Write a general rule in new words.",
  });
  const refusals: Refusal[] = [];
  if (repeatsRun(changed, scope)) refusals.push(refuse("leak", `it repeats ${leakLength} words in a row of a conversation`));
  if (quotes(changed, scope)) refusals.push(refuse("leak-quotation", "it quotes a conversation"));
  if (identifies(changed, scope)) refusals.push(refuse("leak-identifier", "it holds an id, a number or an address of a conversation"));
  if (namesSomeone(changed, scope)) refusals.push(refuse("leak-name", "it holds a person's name of a conversation"));
  return refusals;
}

/** Whether a text says what a conversation says: for the drafter's own words, which are not part of any file. */
export const repeatsConversation = (text: string, scope: LeakScope): boolean =>
  leakRefusals({ path: "", before: "", after: text }, scope).length > 0;

function repeatsRun({ after, before }: ChangedText, { corpus, repositoryWords }: LeakScope): boolean {
  const old = new Set(runsOf(wordsOf(before), leakLength));
  return runsOf(wordsOf(after), leakLength).some((run) => corpus.runs.has(run) && !old.has(run) && !repositoryWords().includes(` ${run} `));
}

const quotation = /(?<![\p{L}\p{N}])(["'‘’“”„«»`])([^"“”„«»`\n]{8,600}?)(["'‘’“”„«»`])(?![\p{L}\p{N}])/gu;

function quotes({ after, before }: ChangedText, { corpus, repositoryWords }: LeakScope): boolean {
  return [...after.matchAll(quotation)]
    .map((match) => match[2] ?? "")
    .filter((quoted) => !before.includes(quoted))
    .some((quoted) =>
      runsOf(wordsOf(quoted), quotationLength).some((run) => corpus.shortRuns.has(run) && !repositoryWords().includes(` ${run} `)),
    );
}

function identifies({ after, before }: ChangedText, { corpus, repository }: LeakScope): boolean {
  const old = tokensOf(before);
  const leaking = [...tokensOf(after)].filter((token) => corpus.tokens.has(token) && !old.has(token));
  if (leaking.length === 0) return false;
  const known = repository.toLowerCase();
  return leaking.some((token) => !known.includes(token));
}

/** Names that are words as well, and days and months. */
const wordNames: ReadonlySet<string> = new Set(
  `will mark grace rose faith hope may june april august bill frank jack rich drew chase grant art pat ray dean miles page penny joy dawn eve sky
   summer autumn ivy lily daisy jasmine violet olive hazel amber ruby pearl crystal guy hunter mason cooper carter parker taylor tanner baker cook
   king young brown green white black gray grey long short hill wood woods stone rivers brooks field fields price bell ford day knight bishop case
   banks love power powers strong wise best sharp swift rush rice lane street park church bond cash christian constant earnest ernest good gold
   holiday house just large little low major mile noble north south east west port rank sage sell small star sterling true victor ward way wells
   the and for you your not can all any new one two are was has have please thank thanks hello order account monday tuesday wednesday thursday
   friday saturday sunday january february march july september october november december`.split(/\s+/),
);
/** Shorter ones are met in too many words written small: Al, Jo. */
const shortestSmall = 3;

/** A name that is also a plain word ("Will", "Grace") counts as the word; so does one that the agent or the repository writes small. */
function namesSomeone({ after, before }: ChangedText, { corpus, repository }: LeakScope): boolean {
  const old = new Set(wordsIn(before).map((word) => word.toLowerCase()));
  return wordsIn(after).some((word) => {
    const small = word.toLowerCase();
    const name = corpus.names.get(small);
    if (name === undefined || old.has(small) || (word === small && word.length < shortestSmall)) return false;
    if (wordNames.has(small) || corpus.plainWords.has(small)) return false;
    return ![word, small, name].some((written) => holdsWord(repository, written));
  });
}

const wordsIn = (text: string): readonly string[] => text.match(/\p{L}[\p{L}\p{M}'’-]+/gu) ?? [];

function holdsWord(text: string, word: string): boolean {
  const isLetter = (character: string | undefined): boolean => character !== undefined && /\p{L}/u.test(character);
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  return false;
}

/** Repository text for the leak check, its words made once. */
export function leakScope(corpus: TranscriptCorpus, repository: string): LeakScope {
  let words: string | undefined;
  return {
    corpus,
    repository,
    repositoryWords: () => {
      words ??= wordText(repository);
      return words;
    },
  };
}
