import { byFailures, mostNamed, namedModels, type OverviewQuery, type ProjectOverview } from "../../domain/receiving/project-overview.ts";
import type { ClickhouseDatabase, Row } from "./clickhouse-database.ts";
import { sessionsSql } from "./session-queries.ts";

/** What an agent said last of a session, by the time of the span in which it did. */
const outcome = [
  { name: "said", of: "maxIf(StartedAt, Outcome != '')", over: (column: string): string => `max(${column})` },
  { name: "outcome", of: "argMaxIf(Outcome, StartedAt, Outcome != '')", over: (column: string): string => `argMax(${column}, saidOf)` },
];
const within =
  "Project = {project:String} AND StartedAt >= toDateTime64({from:String}, 3, 'UTC') AND StartedAt < toDateTime64({to:String}, 3, 'UTC')";

/** What the index says of some days. Reads the narrow index only, never a span. */
export async function readOverview(database: ClickhouseDatabase, query: OverviewQuery): Promise<ProjectOverview> {
  const parameters = { project: query.project, from: `${query.from} 00:00:00`, to: `${query.to} 00:00:00` };
  const [days, calls] = await Promise.all([
    database.ask(
      "an overview",
      `SELECT toString(toDate(started, 'UTC')) AS day, outcome, count() AS sessions FROM (${sessionsSql("Project = {project:String}", outcome, { hashed: true })})
       WHERE started >= toDateTime64({from:String}, 3, 'UTC') AND started < toDateTime64({to:String}, 3, 'UTC') GROUP BY day, outcome ORDER BY day`,
      parameters,
    ),
    // An item is a call of a model or of a tool, never of both.
    database.ask(
      "an overview",
      `SELECT Model AS model, Tool AS tool, count() AS calls, sum(ToolFailed) AS failed, sum(InputTokens) AS input, sum(OutputTokens) AS output FROM tuneup_index
       WHERE ${within} AND (Model != '' OR Tool != '') GROUP BY model, tool`,
      parameters,
    ),
  ]);
  const called = (row: Row): { readonly calls: number } => ({ calls: Number(row["calls"]) });
  const byDay = Map.groupBy(days, (row) => String(row["day"]));
  return {
    ...query,
    days: [...byDay].map(([day, rows]) => ({
      day,
      sessions: rows.reduce((sum, row) => sum + Number(row["sessions"]), 0),
      outcomes: Object.fromEntries(
        rows.flatMap((row) => (row["outcome"] === "" ? [] : [[String(row["outcome"]), Number(row["sessions"])]])),
      ),
    })),
    ...namedModels(
      calls
        .filter((row) => row["model"] !== "")
        .map((row) => ({
          model: String(row["model"]),
          ...called(row),
          inputTokens: Number(row["input"]),
          outputTokens: Number(row["output"]),
        })),
    ),
    tools: calls
      .filter((row) => row["tool"] !== "")
      .map((row) => ({ tool: String(row["tool"]), ...called(row), failed: Number(row["failed"]) }))
      .toSorted(byFailures)
      .slice(0, mostNamed),
  };
}
