import type { Refusal } from "../../domain/edit.ts";
import type { Json } from "../../domain/ids.ts";
import type { Shown } from "../../domain/sample.ts";
import { stemOf, tellingWords } from "../../domain/text/telling-words.ts";
import { wordsOf } from "../../domain/text/word-runs.ts";
import type { ChangedRegion } from "./safeguards.ts";
import { isEnglish, missing, sentencesOf } from "../../domain/text/sentences.ts";

/** What the shown conversations speak of: every word of messages, tool names, inputs and answers. */
export function vocabularyOf(transcripts: readonly Shown[]): ReadonlySet<string> {
  const words = new Set<string>();
  const add = (text: string): void => {
    for (const word of wordsOf(text.replace(/[_-]/g, " "))) words.add(stemOf(word));
  };
  for (const session of transcripts) {
    for (const { name } of session.tools) add(name);
    for (const { parts } of session.messages) {
      for (const part of parts) {
        if (part.kind === "text" || part.kind === "reasoning") add(part.text);
        if (part.kind === "tool-request") add(`${part.tool} ${flat(part.input)}`);
        if (part.kind === "tool-result") add(flat(part.output) + (part.isError === true ? " error fails failed failure" : ""));
      }
    }
  }
  return words;
}

const evened = (text: string): string => ` ${wordsOf(text).join(" ")} `;

/** A clause up to its first telling word. */
function openingOf(clause: string): string {
  const words = wordsOf(clause);
  const first = words.findIndex((word) => tellingWords(word).length > 0);
  return words.slice(0, first + 1).join(" ");
}

const flat = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A condition in a sentence: what stands between its word and the next comma, colon, semicolon or end. */
const condition =
  /\b(?:if|when|whenever|unless|in case|as soon as|once|for (?:users|customers|callers|people|anyone|requests|orders) (?:who|that|with|from))\b([^,.:;]{3,200})/gi;

/** Fewer of a condition's telling words than this share must be known from the conversations. */
const knownShare = 1 / 3;

/**
 * Conditional instructions that no shown session triggers: replays cannot show what they do, so they would ride along unproven. A condition
 * counts as met when at least a third of its telling words stand in the conversations; without telling words it says nothing special.
 */
export function untriggeredConditions(region: ChangedRegion, vocabulary: ReadonlySet<string>): readonly Refusal[] {
  if (vocabulary.size === 0) return [];
  const before = evened(region.before);
  return addedSentences(region).flatMap((sentence) =>
    [...sentence.matchAll(condition)].flatMap(([whole, clause = ""]) => {
      const telling = tellingWords(clause);
      const known = telling.filter((word) => vocabulary.has(word));
      // A sentence that is rewritten, or that a new one was put into, may keep the condition it had.
      if (before.includes(evened(`${whole.slice(0, whole.length - clause.length)} ${openingOf(clause)}`))) return [];
      if (telling.length === 0 || known.length >= telling.length * knownShare) return [];
      return [
        {
          rule: "untriggered-condition",
          path: region.path,
          message: "it speaks of a case that none of the shown sessions has, so no replay can show what it does",
          remedy: "Keep to what the sessions show; a rule for other cases belongs into another pull request.",
        },
      ];
    }),
  );
}

/**
 * Sentences that share no telling word with what the edit is meant to mend (the failure, the drafter's diagnosis, the edit's own reasons): they
 * may ride along with a good fix, and the figures would be credited to them too. For a person to look at.
 */
export function unrelatedSentences(region: ChangedRegion, cause: string): readonly Refusal[] {
  const about = new Set(tellingWords(cause));
  if (about.size === 0) return [];
  const sentences = addedSentences(region);
  const unrelated = sentences.filter((sentence) => {
    const telling = tellingWords(sentence);
    return telling.length > 0 && !telling.some((word) => about.has(word));
  });
  if (unrelated.length === 0) return [];
  const count = unrelated.length === sentences.length ? "what it adds" : `${unrelated.length} of ${sentences.length} added sentences`;
  return [
    {
      rule: "unrelated-sentence",
      path: region.path,
      message: `${count} shares no word with the failure or the diagnosis`,
      remedy: "The pull request stays a draft; ask whether each sentence is needed.",
    },
  ];
}

const addedSentences = ({ after, before }: ChangedRegion): readonly string[] =>
  missing(sentencesOf(after), sentencesOf(before)).filter((sentence) => isEnglish(sentence));
