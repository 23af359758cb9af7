import { buildCommand } from "@stricli/core";
import type { House } from "../../compose.ts";
import { later, type ProjectId } from "../../domain/ids.ts";
import { dayOf, type OverviewDay, type OverviewQuery, overviewOf, type ProjectOverview } from "../../domain/receiving/project-overview.ts";
import type { Trace } from "../../domain/span.ts";
import { saysGood } from "../../stages/label/feedback.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, parseWhole, withHouse } from "../flags.ts";
import { lastScanSummary, type ScanSummary } from "./scan-summary.ts";
import { percent, plural, printable, table } from "../table.ts";

type Flags = Pick<CommonFlags, "data" | "operator" | "json"> & { readonly days?: number };

/** The overview with what its agent's own words and the last scan say of how sessions ended. */
export interface ShownProject extends ProjectOverview {
  readonly sessions: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Absent where the project was never scanned. */
  readonly lastScan?: ScanSummary;
}

const dayMilliseconds = 86_400_000;
const defaultDays = 30;

/** How often the agent itself called its sessions good and bad; words that say neither do not count. */
function endings(days: readonly OverviewDay[]): { readonly succeeded: number; readonly failed: number } {
  let [succeeded, failed] = [0, 0];
  for (const { outcomes } of days)
    for (const [label, count] of Object.entries(outcomes)) {
      const good = saysGood({ name: "agent.outcome", label, by: "agent" });
      if (good === true) succeeded += count;
      if (good === false) failed += count;
    }
  return { succeeded, failed };
}

async function overviewFrom(house: House, query: OverviewQuery): Promise<ProjectOverview> {
  if (house.traces.remote(query.project) === undefined) return house.store.overview(query);
  const traces: Trace[] = [];
  for await (const trace of house.traces.reader.read({ project: query.project })) traces.push(trace);
  return overviewOf(query, traces);
}

async function showProject(house: House, project: ProjectId, days: { readonly from: string; readonly to: string }): Promise<ShownProject> {
  const overview = await overviewFrom(house, { project, ...days });
  const lastScan = await lastScanSummary(house.ledger, project);
  return {
    ...overview,
    sessions: overview.days.reduce((total, day) => total + day.sessions, 0),
    ...endings(overview.days),
    ...(lastScan === undefined ? {} : { lastScan }),
  };
}

const grouped = (count: number): string => count.toLocaleString("en-US");
/** A table whose columns after the first are numbers, right-aligned. */
function numberTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  return table(
    [head, ...rows].map((row) =>
      row.map((cell, column) => (column === 0 || column >= head.length ? cell : cell.padStart(widths[column] ?? 0))),
    ),
  );
}

const barWidth = 24;

/** Every day from the first with a session to the last, so that a gap is seen as one. */
function dayTable(days: readonly OverviewDay[]): string {
  const known = new Map(days.map((day) => [day.day, day]));
  const [first, last] = [days[0]?.day ?? "", days.at(-1)?.day ?? ""];
  const most = Math.max(...days.map((day) => day.sessions));
  const rows: string[][] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += dayMilliseconds) {
    const name = dayOf(new Date(at).toISOString());
    const day = known.get(name) ?? { day: name, sessions: 0, outcomes: {} };
    const { failed, succeeded } = endings([day]);
    const share = failed + succeeded === 0 ? "-" : percent(failed / (failed + succeeded));
    rows.push([name, grouped(day.sessions), share, "█".repeat(Math.ceil((day.sessions / most) * barWidth))]);
  }
  return numberTable(["day", "sessions", "failed"], rows);
}

const mostShown = 10;

function describeProject(shown: ShownProject): string {
  const { failed, lastScan, models, sessions, succeeded, tools } = shown;
  const last = dayOf(new Date(Date.parse(shown.to) - dayMilliseconds).toISOString());
  const title = `${printable(shown.project)}, ${shown.from} to ${last} (UTC)\n`;
  if (sessions === 0 && models.length === 0 && tools.length === 0)
    return `${title}\nNo sessions. \`tuneup ingest\` reads some, \`tuneup receive\` takes them from senders; --days looks further back.\n`;
  const said = failed + succeeded;
  const ended =
    said === 0
      ? "the agent says of none how it ended"
      : `the agent says of ${grouped(said)} how they ended: ${grouped(failed)} failed (${percent(failed / said)})`;
  const facts = [
    `sessions   ${grouped(sessions)}; ${ended}`,
    `tokens     ${grouped(shown.inputTokens)} in, ${grouped(shown.outputTokens)} out`,
    `last scan  ${lastScan === undefined ? "none; `tuneup scan` says of every session how it ended, and groups the failures" : `${lastScan.at}: ${plural(lastScan.sessions, "session")}, ${lastScan.succeeded} succeeded, ${lastScan.failed} failed, ${lastScan.unclear} unclear`}`,
  ];
  const parts = [title, ...facts, ""];
  if (shown.days.length > 0) parts.push(dayTable(shown.days), "");
  if (models.length > 0)
    parts.push(
      numberTable(
        ["model", "calls", "tokens in", "tokens out"],
        models
          .slice(0, mostShown)
          .map((one) => [printable(one.model), grouped(one.calls), grouped(one.inputTokens), grouped(one.outputTokens)]),
      ),
      "",
    );
  if (tools.length > 0)
    parts.push(
      numberTable(
        ["tool", "calls", "failed", "share"],
        tools
          .slice(0, mostShown)
          .map((one) => [printable(one.tool), grouped(one.calls), grouped(one.failed), percent(one.failed / one.calls)]),
      ),
      "",
    );
  if (lastScan !== undefined && lastScan.clusters.length > 0)
    parts.push(
      table([
        ["cluster", "sessions", "title"],
        ...lastScan.clusters.slice(0, mostShown).map((one) => [one.id, grouped(one.sessions).padStart(8), printable(one.title)]),
      ]),
      "",
    );
  return parts.join("\n");
}

export const showCommand = buildCommand<Flags, [string?], CliContext>({
  docs: {
    brief: "A month of a project at a glance: sessions, failures, models, tools, clusters",
    fullDescription: [
      "Counts sessions a day with the share that failed in the agent's own words, calls and tokens of each model, calls of each tool with errors, and the",
      "clusters of the last scan. The counts come from the store's indexes, so they are there at once whatever the size; a store that is read in place is",
      "read whole. Days are those of UTC.",
      "",
      "  tuneup project show",
      "  tuneup project show support --days 7 --json",
    ].join("\n"),
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Trace project (default: the operator file's, else default)", placeholder: "name", parse: String, optional: true },
      ],
    },
    flags: {
      data: commonFlags.data,
      operator: commonFlags.operator,
      json: commonFlags.json,
      days: {
        kind: "parsed",
        parse: parseWhole,
        optional: true,
        brief: `How many days back, today included (default: ${defaultDays})`,
        placeholder: "count",
      },
    },
  },
  async func({ days, ...flags }, name) {
    const count = Math.min(Math.max(1, days ?? defaultDays), 4000);
    const to = dayOf(later(this.now(), dayMilliseconds));
    const from = dayOf(later(this.now(), -(count - 1) * dayMilliseconds));
    await withHouse(this, { ...flags, ...(name === undefined ? {} : { project: name }) }, async (house, project) => {
      const shown = await showProject(house, project, { from, to });
      this.process.stdout.write(flags.json === true ? `${JSON.stringify(shown)}\n` : describeProject(shown));
    });
  },
});
