import type { Edit, Refusal } from "../../domain/edit.ts";
import { textOf } from "../../domain/message.ts";
import type { Shown } from "../../domain/sample.ts";

const runLength = 8;
const quotedLength = 4;

const wordsOf = (text: string): readonly string[] =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
/** Words with single spaces and one at each end, so that a run of words is found as a substring. */
const wordText = (text: string): string => ` ${wordsOf(text).join(" ")} `;

/** The texts that a leak is looked for in. Built once for all candidates of a job. */
export interface LeakCorpus {
  readonly transcripts: string;
  /** Made only when something of the transcripts was found: it holds the whole repository. */
  readonly repository: () => string;
}

export function leakCorpus(transcripts: readonly Shown[], repositoryText: string): LeakCorpus {
  const texts = transcripts.flatMap((session) =>
    session.messages.flatMap((message) => [
      textOf(message),
      ...message.parts.flatMap((part) => (part.kind === "tool-result" || part.kind === "tool-request" ? [JSON.stringify(part)] : [])),
    ]),
  );
  let repository: string | undefined;
  return {
    transcripts: texts.map((text) => wordText(text)).join(""),
    repository: () => {
      repository ??= wordText(repositoryText);
      return repository;
    },
  };
}

/**
 * Text of a conversation in an edit: a run of eight words, a quotation of four, or an identifying token (an address, five digits and more,
 * letters mixed with digits) that stands in a shown transcript and nowhere in the repository.
 */
export function leakRefusals(edit: Edit, corpus: LeakCorpus): readonly Refusal[] {
  const leaks = (run: string): boolean => corpus.transcripts.includes(` ${run} `) && !corpus.repository().includes(` ${run} `);
  const refuse = (rule: string, message: string): Refusal => ({
    rule,
    path: edit.path,
    message,
    remedy: "Write a general rule in new words.",
  });
  const refusals: Refusal[] = [];
  if (runsOf(wordsOf(edit.after), runLength).some((run) => leaks(run)))
    refusals.push(refuse("leak", `it repeats ${runLength} words in a row of a conversation`));
  if (quotations(edit.after).some((quoted) => runsOf(wordsOf(quoted), quotedLength).some((run) => leaks(run))))
    refusals.push(refuse("leak-quotation", "it quotes a conversation"));
  if (identifying(edit).some((token) => leaks(token)))
    refusals.push(refuse("leak-identifier", "it holds an id, a number or an address of a conversation"));
  return refusals;
}

function runsOf(words: readonly string[], length: number): readonly string[] {
  return Array.from({ length: Math.max(0, words.length - length + 1) }, (_, index) => words.slice(index, index + length).join(" "));
}

const quotations = (text: string): readonly string[] =>
  [...text.matchAll(/["“”«»'‘’]([^"“”«»\n]{8,400}?)["“”«»'‘’]/gu)].map((match) => match[1] ?? "");

function identifying(edit: Edit): readonly string[] {
  const old = new Set(wordsOf(edit.before));
  return wordsOf(edit.after).filter((word) => !old.has(word) && (/^\d{5,}$/.test(word) || (/\d{2}/.test(word) && /\p{L}/u.test(word))));
}
