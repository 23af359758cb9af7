import type { FailureCluster } from "../../domain/cluster.ts";
import type { FailedOutcome, FailureSignature } from "../../domain/outcome.ts";
import { textOf } from "../../domain/message.ts";
import { type Session, userTurns } from "../../domain/session.ts";

/** A failed session with its outcome. */
export interface Failure {
  readonly session: Session;
  readonly outcome: FailedOutcome;
}

/** A group on its way to a cluster. */
export interface FailureGroup {
  /** What its id is made of: the same on every run. */
  readonly key: string;
  readonly title: string;
  readonly nature: FailureCluster["nature"];
  /** What the members show; absent where nothing is to be seen. */
  readonly mark?: FailureSignature;
  readonly members: readonly Failure[];
  /** How many of the members show the mark themselves; the others were added by their words. */
  readonly marked: number;
  /** Marks of other groups that were merged into this one, as titles. */
  readonly merged: readonly string[];
}

const longestVoter = 300;

/** One person, or, where no person is known, one opening: what counts once however often it came back. */
export function voterOf(session: Session): string {
  if (session.user !== undefined) return session.user;
  const [first] = userTurns(session);
  const opening =
    first === undefined
      ? ""
      : textOf(first.message)
          .slice(0, longestVoter)
          .toLowerCase()
          .replace(/[^\p{L}\p{N}]+/gu, " ")
          .trim();
  return opening === "" ? `session ${session.id}` : `opening ${opening}`;
}

/** Distinct voters. */
export const votes = (sessions: readonly Session[]): number => new Set(sessions.map((session) => voterOf(session))).size;
