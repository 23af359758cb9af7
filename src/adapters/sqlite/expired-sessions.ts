import type { RetentionLimits } from "../../ports/trace-store.ts";
import type { Statements } from "./statements.ts";

/** Labels that call a session good; every other outcome is worth keeping longer. */
const goodOutcomes =
  "'success', 'succeeded', 'successful', 'pass', 'passed', 'good', 'ok', 'true', 'yes', 'correct', 'resolved', 'completed', 'complete', 'positive'";

/** A session is unusually long from so many times its project's mean number of spans on. */
const unusual = 4;

/**
 * Sessions that ended before their limit, oldest first. Telling ones, with a limit of their own: an outcome that is not plainly good, feedback, a failed
 * tool, or unusually many spans.
 */
export function expiredSessions(
  statements: Statements,
  limits: RetentionLimits,
): readonly { readonly id: number; readonly project: string }[] {
  const rows = statements
    .sql(
      `WITH means AS (SELECT project, avg(spans) AS spans FROM sessions GROUP BY project),
            judged AS (SELECT session FROM feedback JOIN trace_ids ON trace_ids.project = feedback.project AND trace_ids.trace = unhex(feedback.trace))
       SELECT sessions.id AS id, sessions.project AS project FROM sessions JOIN means ON means.project = sessions.project
       WHERE ended_at < ?2 OR (ended_at < ?1
         AND tool_errors = 0 AND (outcome IS NULL OR lower(outcome) IN (${goodOutcomes}))
         AND sessions.spans <= ${unusual} * means.spans AND sessions.id NOT IN (SELECT session FROM judged WHERE session IS NOT NULL))
       ORDER BY ended_at`,
    )
    .all(limits.before, limits.tellingBefore);
  return rows.map((row) => ({ id: Number(row["id"]), project: String(row["project"]) }));
}
