import {
  byFailures,
  dayOf,
  mostNamed,
  namedModels,
  type OverviewDay,
  type OverviewQuery,
  type ProjectOverview,
} from "../../domain/receiving/project-overview.ts";
import { type CallFacts, callFactsOf } from "../../domain/receiving/item-facts.ts";
import type { Span } from "../../domain/span.ts";
import type { Statements } from "./statements.ts";

interface Tally {
  calls: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
}

/** Adds the calls of these spans to their days' tallies, or takes them away (`sign` -1). Inside a transaction. */
export function tally(
  statements: Statements,
  project: string,
  spans: readonly Span[],
  sign: 1 | -1,
  callOf: (span: Span) => CallFacts = callFactsOf,
): void {
  const tallies = new Map<string, Tally>();
  for (const span of spans) {
    const { inputTokens, model, outputTokens, tool, toolFailed } = callOf(span);
    const named = model === undefined ? (tool === undefined ? undefined : ["tool", tool]) : ["model", model];
    if (named === undefined) continue;
    const key = JSON.stringify([dayOf(span.startedAt), ...named]);
    const known = tallies.get(key) ?? { calls: 0, failed: 0, inputTokens: 0, outputTokens: 0 };
    known.calls += 1;
    known.failed += toolFailed ? 1 : 0;
    known.inputTokens += inputTokens;
    known.outputTokens += outputTokens;
    tallies.set(key, known);
  }
  const put = statements.sql(
    `INSERT INTO day_tallies (project, day, kind, name, calls, failed, input_tokens, output_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, failed = failed + excluded.failed, input_tokens = input_tokens + excluded.input_tokens,
       output_tokens = output_tokens + excluded.output_tokens`,
  );
  for (const [key, { calls, failed, inputTokens, outputTokens }] of tallies) {
    const [day, kind, name] = JSON.parse(key) as [string, string, string];
    put.run(project, day, kind, name, sign * calls, sign * failed, sign * inputTokens, sign * outputTokens);
    if (sign < 0)
      statements
        .sql("DELETE FROM day_tallies WHERE project = ? AND day = ? AND kind = ? AND name = ? AND calls <= 0")
        .run(project, day, kind, name);
  }
}

/** Sessions by day and outcome. The outcomes that occur are found by one step in the index each, and their sessions by another: whatever else is stored. */
const daysByOutcome = `WITH RECURSIVE
    found (outcome) AS (
      SELECT min(outcome) FROM sessions WHERE project = ?1
      UNION ALL
      SELECT (SELECT min(sessions.outcome) FROM sessions WHERE project = ?1 AND sessions.outcome > found.outcome) FROM found WHERE found.outcome IS NOT NULL),
    outcomes (outcome) AS (SELECT outcome FROM found WHERE outcome IS NOT NULL UNION ALL SELECT NULL)
  SELECT outcomes.outcome AS outcome, substr(started_at, 1, 10) AS day, count(*) AS sessions
  FROM outcomes CROSS JOIN sessions INDEXED BY sessions_by_outcome
  WHERE project = ?1 AND sessions.outcome IS outcomes.outcome AND started_at >= ?2 AND started_at < ?3 GROUP BY outcomes.outcome, day`;

/** What the indexes say of some days. */
export function readOverview(statements: Statements, query: OverviewQuery): ProjectOverview {
  const { from, project, to } = query;
  const days = new Map<string, { sessions: number; outcomes: Record<string, number> }>();
  for (const row of statements.sql(daysByOutcome).all(project, from, to)) {
    const { outcome } = row;
    const day = days.get(String(row["day"])) ?? { sessions: 0, outcomes: {} };
    day.sessions += Number(row["sessions"]);
    if (typeof outcome === "string") day.outcomes[outcome] = Number(row["sessions"]);
    days.set(String(row["day"]), day);
  }
  const named = (kind: string): ReturnType<ReturnType<Statements["sql"]>["all"]> =>
    statements
      .sql(
        `SELECT name, sum(calls) AS calls, sum(failed) AS failed, sum(input_tokens) AS input, sum(output_tokens) AS output FROM day_tallies
         WHERE project = ? AND kind = ? AND day >= ? AND day < ? GROUP BY name`,
      )
      .all(project, kind, from, to);
  return {
    ...query,
    days: [...days].map(([day, facts]): OverviewDay => ({ day, ...facts })).toSorted((left, right) => (left.day < right.day ? -1 : 1)),
    ...namedModels(
      named("model").map((row) => ({
        model: String(row["name"]),
        calls: Number(row["calls"]),
        inputTokens: Number(row["input"]),
        outputTokens: Number(row["output"]),
      })),
    ),
    tools: named("tool")
      .map((row) => ({ tool: String(row["name"]), calls: Number(row["calls"]), failed: Number(row["failed"]) }))
      .toSorted(byFailures)
      .slice(0, mostNamed),
  };
}
