import type { FailureCluster } from "../../domain/cluster.ts";
import type { Finding } from "../../domain/finding.ts";
import type { Session } from "../../domain/session.ts";
import type { RecordedMerge } from "./pulls.ts";

/** The last merge of an edit for this failure after its last session; `undefined` where the failure was seen since, or nothing was merged. */
export const mergeAfter = ({ id, to }: Pick<FailureCluster, "id" | "to">, merges: readonly RecordedMerge[]): RecordedMerge | undefined =>
  merges.findLast((merge) => merge.cluster === id && merge.at >= to);

/** What can be said of a failure whose edit was merged after its last session: nothing yet, or that it has not come back. */
export function sinceMerge({ at, pull }: RecordedMerge, sessions: readonly Pick<Session, "startedAt">[]): Finding {
  const since = sessions.filter((session) => session.startedAt > at).length;
  const merged = `pull request ${pull}, which is about this failure, was merged on ${at.slice(0, 10)}`;
  if (since === 0)
    return {
      end: "left-alone",
      why: `the traces are older than the merge: ${merged}, and no session was recorded since`,
      remedy: "Send traces of the agent as it runs now; then run again.",
    };
  return {
    end: "left-alone",
    why: `${merged}, and the failure was not seen in the ${since} sessions recorded since`,
    remedy: "Nothing is to be done. Run again if it comes back.",
  };
}
