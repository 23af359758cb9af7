import type { MissingPart, Session } from "../../domain/session.ts";
import { optionFor } from "./capture-options.ts";

/** A step that reads sessions, in the words of `docs/traces.md`. */
export type Step = "label" | "locate" | "replay" | "a ready pull request";

/** What a project's traces lack for a step, in how many sessions, and what turns it on where those sessions come from. */
export interface Lack {
  readonly step: Step;
  readonly part: MissingPart | "outcome";
  readonly sessions: number;
  readonly of: number;
  /** Most sessions first; `option` is a sentence without its full stop. */
  readonly remedies: readonly { readonly dialect: string; readonly sessions: number; readonly option: string }[];
}

/** In the order in which a job needs them. */
const needs: readonly (readonly [step: Step, parts: readonly Lack["part"][]])[] = [
  ["label", ["messages", "outcome"]],
  ["locate", ["instructions"]],
  ["replay", ["tool-input", "tool-output", "tool-definitions", "model", "truncated"]],
  ["a ready pull request", ["user"]],
];

const lacks = (session: Session, part: Lack["part"]): boolean =>
  part === "outcome" ? session.feedback.length === 0 : session.missing.includes(part);

/** Says for each step what its sessions lack. A part is named at the first step that needs it; a missing outcome only when no session has one. */
export function lacksOf(sessions: readonly Session[]): readonly Lack[] {
  return needs.flatMap(([step, parts]) =>
    parts.flatMap((part): readonly Lack[] => {
      const lacking = sessions.filter((session) => lacks(session, part));
      // Some labelled sessions are enough to learn what failing looks like.
      if (lacking.length === 0 || (part === "outcome" && lacking.length < sessions.length)) return [];
      const counts = new Map<string, number>();
      for (const session of lacking) {
        const dialect = session.dialects?.[0] ?? "unknown";
        counts.set(dialect, (counts.get(dialect) ?? 0) + 1);
      }
      const remedies = [...counts]
        .map(([dialect, count]) => ({ dialect, sessions: count, option: optionFor(dialect, part) }))
        .sort((left, right) => right.sessions - left.sessions || (left.dialect < right.dialect ? -1 : 1));
      return [{ step, part, sessions: lacking.length, of: sessions.length, remedies }];
    }),
  );
}
