import { noTrace } from "./index-rows.ts";

/**
 * One row a session of what a condition on the index selects, by the same rule as `sessionsIn`: an item that names no session goes to the first one that
 * its trace names, else to one named after the trace. Items that name theirs are grouped by it at once; only the others are looked up.
 * `hashed` gives 64 bits of a hash for each key, and of the rest only the start and `columns`: quicker where only numbers matter.
 */
export function sessionsSql(condition: string, columns: readonly SessionColumn[] = [], { hashed = false } = {}): string {
  const keyOf = (name: string): string => (hashed ? `cityHash64(${name})` : name);
  const items = `FROM tuneup_index WHERE ${condition} AND Kind != 'feedback'`;
  const facts = [
    "min(StartedAt) AS st",
    ...(hashed ? [] : ["max(EndedAt) AS en", "count() AS n"]),
    ...columns.map(({ name, of }) => `${of} AS ${name}Of`),
  ].join(", ");
  const names = ["st", ...(hashed ? [] : ["en", "n"]), ...columns.map(({ name }) => `${name}Of`)].join(", ");
  const over = columns.map(({ name, over: all }) => `, ${all(`${name}Of`)} AS ${name}`).join("");
  return `SELECT key, min(st) AS started${hashed ? "" : ", max(en) AS ended, sum(n) AS items"}${over} FROM (
      SELECT ${keyOf("Session")} AS key, ${facts} ${items} AND Session != '' GROUP BY key
      UNION ALL
      SELECT ${keyOf("if(first = '', replaceAll(toString(Trace), '-', ''), first)")} AS key, ${names}
      FROM (SELECT Trace, ${facts} ${items} AND Session = '' GROUP BY Trace) AS unnamed
      LEFT JOIN (SELECT Trace, argMin(Session, (AddedAt, Place)) AS first ${items} AND Session != ''
        AND Trace IN (SELECT Trace ${items} AND Session = '') GROUP BY Trace) AS named USING (Trace)
    ) GROUP BY key`;
}

/** One more fact of each session: `of` its items in one group, `over` what several groups say; of two facts the second may use the first. */
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
