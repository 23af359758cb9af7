import { digestOf } from "../../domain/digest.ts";
import type { AgentSource, SourceCandidate } from "../../domain/source.ts";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import type { Checkout } from "../../ports/workspace.ts";

/** What an `AgentSource` is made of. */
export interface Place extends Pick<AgentSource, "kind" | "path" | "match" | "subject" | "part" | "readOnly"> {
  readonly text: string;
  readonly range: TextRange;
}

/** Makes sources of one commit's files; each file's digest is worked out once. */
export function sourceMaker(checkout: Checkout): (place: Place) => AgentSource {
  const digests = new Map<string, AgentSource["fileDigest"]>();
  return ({ kind, match, part, path, range, readOnly, subject, text }) => {
    const fileDigest = digests.get(path) ?? digestOf(text);
    digests.set(path, fileDigest);
    return {
      repository: checkout.repository,
      commit: checkout.commit,
      path,
      kind,
      ...(subject === undefined ? {} : { subject }),
      ...(part === undefined ? {} : { part }),
      lines: linesOf(text, range),
      range: { start: range.start, end: range.end },
      text: text.slice(range.start, range.end),
      fileDigest,
      match,
      ...(readOnly === undefined ? {} : { readOnly }),
    };
  };
}

/** 1-based lines of a range, both included. */
export function linesOf(text: string, range: TextRange): SourceCandidate["lines"] {
  const count = (end: number): number => {
    let lines = 1;
    for (let index = text.indexOf("\n"); index >= 0 && index < end; index = text.indexOf("\n", index + 1)) lines += 1;
    return lines;
  };
  const lastCharacter = range.end > range.start && text[range.end - 1] === "\n" ? range.end - 1 : range.end;
  return { first: count(range.start), last: count(Math.max(range.start, lastCharacter)) };
}

export const overlaps = (left: TextRange, right: TextRange): boolean => left.start < right.end && right.start < left.end;

/** A share, 0 to 1, with three digits. */
export const share = (value: number): number => Math.round(Math.min(1, value) * 1000) / 1000;
