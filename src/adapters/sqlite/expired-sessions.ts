import { goodOutcomes } from "../../domain/receiving/item-facts.ts";
import type { RetentionLimits } from "../../ports/trace-store.ts";
import type { Statements } from "./statements.ts";

const good = goodOutcomes.map((label) => `'${label}'`).join(", ");

/** A label as `labelWord` writes it, but for runs of several spaces. */
const wordOf = (label: string): string => `replace(replace(lower(trim(${label})), ' ', '_'), '-', '_')`;

/** Feedback that says good and nothing else tells no more than a session without any. */
const saysMore = `NOT ((label IS NOT NULL OR score IS NOT NULL) AND (label IS NULL OR ${wordOf("label")} IN (${good})) AND (score IS NULL OR score >= 0.5))`;

/** A session is unusually long from so many times its project's mean number of spans on. */
const unusual = 4;

/**
 * Sessions that ended before their limit, oldest first. Telling ones, with a limit of their own: an outcome or feedback that is not plainly good, a failed
 * tool, or unusually many spans.
 */
export function expiredSessions(
  statements: Statements,
  limits: RetentionLimits,
): readonly { readonly id: number; readonly project: string }[] {
  const rows = statements
    .sql(
      `WITH means AS (SELECT project, avg(spans) AS spans FROM sessions GROUP BY project),
            judgements AS (SELECT project, trace, json_extract(document, '$.label') AS label, json_extract(document, '$.score') AS score FROM feedback),
            judged AS (SELECT session FROM judgements JOIN trace_ids ON trace_ids.project = judgements.project AND trace_ids.trace = unhex(judgements.trace)
              WHERE ${saysMore})
       SELECT sessions.id AS id, sessions.project AS project FROM sessions JOIN means ON means.project = sessions.project
       WHERE ended_at < ?2 OR (ended_at < ?1
         AND tool_errors = 0 AND (outcome IS NULL OR ${wordOf("outcome")} IN (${good}))
         AND sessions.spans <= ${unusual} * means.spans AND sessions.id NOT IN (SELECT session FROM judged WHERE session IS NOT NULL))
       ORDER BY ended_at`,
    )
    .all(limits.before, limits.tellingBefore);
  return rows.map((row) => ({ id: Number(row["id"]), project: String(row["project"]) }));
}
