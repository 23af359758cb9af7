import { noTrace } from "./index-rows.ts";

/**
 * One row a session of what a condition on the index selects, by the same rule as `sessionsIn`: an item that names no session goes to the first one that
 * its trace names, else to one named after the trace. Aggregates are grouped twice, by trace and session and then by session.
 */
export function sessionsSql(condition: string, columns: readonly SessionColumn[] = []): string {
  const inner = columns.map(({ name, of }) => `${of} AS ${name}`).join(", ");
  const names = columns.map(({ name }) => name);
  return `SELECT if(row.1 != '', row.1, if(first != '', first, replaceAll(toString(Trace), '-', ''))) AS key, min(row.2) AS started, max(row.3) AS ended, sum(row.4) AS items
      ${columns.map(({ name, over }, index) => `, ${over(`row.${index + 5}`)} AS ${name}`).join("")}
    FROM (SELECT Trace, argMinIf(Session, added, Session != '') AS first, groupArray((Session, st, en, n${names.map((name) => `, ${name}`).join("")})) AS rows
      FROM (SELECT Trace, Session, min(StartedAt) AS st, max(EndedAt) AS en, count() AS n, min((AddedAt, Place)) AS added${inner === "" ? "" : `, ${inner}`}
        FROM tuneup_index WHERE ${condition} AND Kind != 'feedback' GROUP BY Trace, Session)
      GROUP BY Trace)
    ARRAY JOIN rows AS row GROUP BY key`;
}

/** One more fact of each session: `of` the items of one trace, `over` what several traces say. */
export interface SessionColumn {
  readonly name: string;
  readonly of: string;
  readonly over: (column: string) => string;
}

/** Everything of the traces that have to do with the sessions in `keys`, for `sessionsIn`; `asTraces` are those keys that may be trace ids. */
export const entriesCondition = `Project = {project:String} AND (
   (Trace != '${noTrace}' AND Trace IN (
     SELECT Trace FROM tuneup_index WHERE Project = {project:String} AND Session IN {keys:Array(String)}
     UNION DISTINCT SELECT arrayJoin({asTraces:Array(UUID)})))
   OR (Trace = '${noTrace}' AND Session IN {keys:Array(String)}))`;
