import { type Candidate, candidateIdOf, type Edit } from "../domain/edit.ts";
import { missing, sentencesOf } from "../domain/text/sentences.ts";
import { tellingWords } from "../domain/text/telling-words.ts";

/** A candidate with one part left out. */
export interface SmallerVersion {
  readonly candidate: Candidate;
  /** What was left out, in our own words. */
  readonly leftOut: string;
}

/** Each version that is tested takes a share of the error level. */
const mostVersions = 3;

/**
 * In: a candidate and what it is meant to mend, in the words of the cluster and the diagnosis. Out: the same candidate with one part left out
 * each: first the added sentences that share no word with the failure, then one of several hunks after the other, the last first. At most
 * three; none where it has one part only. The versions are not vetted.
 */
export function smallerVersions(candidate: Candidate, cause: string): readonly SmallerVersion[] {
  const about = [cause, candidate.hypothesis, ...candidate.edits.map((edit) => edit.reason)].join("\n");
  const hunks = candidate.edits.length < 2 ? [] : candidate.edits.map((edit) => withoutHunk(candidate, edit)).toReversed();
  const riders = withoutRiders(candidate, new Set(tellingWords(about)));
  const versions = [...(riders === undefined ? [] : [riders]), ...hunks];
  return [...new Map(versions.map((version) => [version.candidate.id, version])).values()].slice(0, mostVersions);
}

function withoutHunk(candidate: Candidate, left: Edit): SmallerVersion {
  return versionOf(
    candidate,
    candidate.edits.filter((edit) => edit !== left),
    `its change in ${left.path}`,
  );
}

/** `undefined` where every added sentence is about the failure, or none is: then nothing would be left. */
function withoutRiders(candidate: Candidate, about: ReadonlySet<string>): SmallerVersion | undefined {
  if (about.size === 0) return undefined;
  let left = 0;
  const edits = candidate.edits.map((edit) => {
    const added = missing(sentencesOf(edit.after), sentencesOf(edit.before));
    const riders = added.filter((sentence) => isRider(sentence, about));
    if (riders.length === 0 || riders.length === added.length) return edit;
    let after = edit.after;
    for (const rider of riders) {
      const shorter = withoutSentence(after, rider);
      if (shorter === undefined) continue;
      after = shorter;
      left += 1;
    }
    return { ...edit, after };
  });
  if (left === 0) return undefined;
  return versionOf(candidate, edits, left === 1 ? "one added sentence" : `${left} added sentences`);
}

/** A sentence without any telling word says nothing that could be left out. */
function isRider(sentence: string, about: ReadonlySet<string>): boolean {
  const telling = tellingWords(sentence);
  return telling.length > 0 && !telling.some((word) => about.has(word));
}

/** The text without a sentence that stands in it once: with its line where it fills one, else with the space beside it. */
function withoutSentence(text: string, sentence: string): string | undefined {
  const start = text.indexOf(sentence);
  if (start < 0 || text.includes(sentence, start + 1)) return undefined;
  const end = start + sentence.length;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", end);
  const isWholeLine =
    /^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+)?$/.test(text.slice(lineStart, start)) &&
    text.slice(end, lineEnd < 0 ? undefined : lineEnd).trim() === "";
  if (!isWholeLine)
    return text[start - 1] === " " ? text.slice(0, start - 1) + text.slice(end) : text.slice(0, start) + text.slice(end).trimStart();
  if (lineEnd >= 0) return text.slice(0, lineStart) + text.slice(lineEnd + 1);
  return text.slice(0, Math.max(0, lineStart - 1));
}

function versionOf(candidate: Candidate, edits: readonly Edit[], leftOut: string): SmallerVersion {
  const changing = edits.filter((edit) => edit.before !== edit.after);
  return { candidate: { ...candidate, id: candidateIdOf(changing), edits: changing }, leftOut };
}
