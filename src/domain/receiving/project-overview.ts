import type { ProjectId } from "../ids.ts";
import type { Trace } from "../span.ts";
import { callFactsOf } from "./item-facts.ts";

/** Whole days of a project in UTC. */
export interface OverviewQuery {
  readonly project: ProjectId;
  /** The first day: `2026-01-31`. */
  readonly from: string;
  /** The day after the last one. */
  readonly to: string;
}

/** The sessions that began on one day. */
export interface OverviewDay {
  readonly day: string;
  readonly sessions: number;
  /** How often the agent said each outcome of them, as it wrote it; of a session the last one counts, and sessions of which it said nothing are not in it. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Calls of one model within the days. */
export interface OverviewModel {
  readonly model: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Calls of one tool within the days. */
export interface OverviewTool {
  readonly tool: string;
  readonly calls: number;
  readonly failed: number;
}

/** What the indexes of a store say of some days of a project. Sessions count on the day on which they began, calls on theirs. */
export interface ProjectOverview extends OverviewQuery {
  /** In order; days without a session are not among them. */
  readonly days: readonly OverviewDay[];
  /** Tokens of all models, named or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The most called first, at most `mostNamed`. */
  readonly models: readonly OverviewModel[];
  /** Those with most failed calls first, at most `mostNamed`. */
  readonly tools: readonly OverviewTool[];
}

/** So many models and tools are named at most. */
export const mostNamed = 50;

/** The day of an instant, in UTC. */
export const dayOf = (at: string): string => at.slice(0, 10);

const byName = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const byCalls = (left: OverviewModel, right: OverviewModel): number => right.calls - left.calls || byName(left.model, right.model);
export const byFailures = (left: OverviewTool, right: OverviewTool): number =>
  right.failed - left.failed || right.calls - left.calls || byName(left.tool, right.tool);

/** Models for an overview: what all of them used, and the first so many by name. */
export function namedModels(models: readonly OverviewModel[]): Pick<ProjectOverview, "models" | "inputTokens" | "outputTokens"> {
  return {
    inputTokens: models.reduce((sum, model) => sum + model.inputTokens, 0),
    outputTokens: models.reduce((sum, model) => sum + model.outputTokens, 0),
    models: models.toSorted(byCalls).slice(0, mostNamed),
  };
}

/** The same from the sessions themselves, for stores without indexes. Takes all sessions of the project: calls count on their own day. */
export function overviewOf(query: OverviewQuery, traces: Iterable<Trace>): ProjectOverview {
  const days = new Map<string, { sessions: number; outcomes: Record<string, number> }>();
  const models = new Map<string, { model: string; calls: number; inputTokens: number; outputTokens: number }>();
  const tools = new Map<string, { tool: string; calls: number; failed: number }>();
  const isWithin = (day: string): boolean => day >= query.from && day < query.to;
  for (const { logs, spans } of traces) {
    const began = [...spans.map(({ startedAt }) => startedAt), ...logs.map(({ at }) => at)].toSorted()[0];
    let outcome: string | undefined;
    for (const span of spans) {
      const facts = callFactsOf(span);
      outcome = facts.outcome ?? outcome;
      if (!isWithin(dayOf(span.startedAt))) continue;
      if (facts.model !== undefined) {
        const model = models.get(facts.model) ?? { model: facts.model, calls: 0, inputTokens: 0, outputTokens: 0 };
        model.calls += 1;
        model.inputTokens += facts.inputTokens;
        model.outputTokens += facts.outputTokens;
        models.set(facts.model, model);
      }
      if (facts.tool === undefined) continue;
      const tool = tools.get(facts.tool) ?? { tool: facts.tool, calls: 0, failed: 0 };
      tool.calls += 1;
      tool.failed += facts.toolFailed ? 1 : 0;
      tools.set(facts.tool, tool);
    }
    if (began === undefined || !isWithin(dayOf(began))) continue;
    const day = days.get(dayOf(began)) ?? { sessions: 0, outcomes: {} };
    day.sessions += 1;
    if (outcome !== undefined) day.outcomes[outcome] = (day.outcomes[outcome] ?? 0) + 1;
    days.set(dayOf(began), day);
  }
  return {
    ...query,
    days: [...days].map(([day, facts]) => ({ day, ...facts })).toSorted((left, right) => byName(left.day, right.day)),
    ...namedModels([...models.values()]),
    tools: [...tools.values()].toSorted(byFailures).slice(0, mostNamed),
  };
}
