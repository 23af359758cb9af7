import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { parseAnswer } from "./parse-answer.ts";
import type { NativeCluster } from "./store-source.ts";

const text = z.string().nullish();

const issue = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  description: text,
  status: text,
  traces: z.array(z.union([z.string(), z.object({ trace_id: text, id: text })])).nullish(),
});
const issues = z.array(issue);

const jobs = z.object({
  clustering_jobs: z.array(z.object({ id: z.string(), status: text, end_time: text, created_at: text })),
});
const insights = z.object({
  clusters: z.array(z.object({ id: z.string(), parent_id: text, name: z.string(), description: text })).nullish(),
});
const members = z.object({ runs: z.array(z.object({ id: text, trace_id: text })), offset: z.number().nullish() });

const left: ReadonlySet<string> = new Set(["completed", "ignored"]);
const mostPages = 200;
const pageSize = 100;

/** LangSmith's open Issues with their traces; where there are none, the most specific clusters of its newest finished Insights report. */
export async function langsmithClusters(http: HttpReading, project: string): Promise<readonly NativeCluster[]> {
  const open = await issuesOf(http, project);
  return open.length > 0 ? open : insightsOf(http, project);
}

/** The answer, or `undefined` where this installation has no such API: a beta that is missing is none, any other failure is one. */
async function whereOffered(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TuneupError && error.fields["status"] === 404) return undefined;
    throw error;
  }
}

async function issuesOf(http: HttpReading, project: string): Promise<readonly NativeCluster[]> {
  const found: z.infer<typeof issue>[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const query = { session_id: project, limit: pageSize, offset: page * pageSize };
    const content = await whereOffered(() => http.get("/api/v1/platform/issues", query));
    if (content === undefined) break;
    const some = parseAnswer(issues, content, http.name, "issues");
    found.push(...some);
    if (some.length < pageSize) break;
  }
  return found
    .filter((one) => !left.has(one.status ?? ""))
    .map((one) => ({
      id: one.id,
      title: one.name.slice(0, 300),
      description: (one.description ?? "").slice(0, 5000),
      traces: (one.traces ?? []).flatMap((trace) => {
        const id = typeof trace === "string" ? trace : (trace.trace_id ?? trace.id);
        return id === undefined || id === null ? [] : [traceIdOf(id)];
      }),
      sessions: [],
    }));
}

async function insightsOf(http: HttpReading, project: string): Promise<readonly NativeCluster[]> {
  const base = `/api/v1/sessions/${encodeURIComponent(project)}/insights`;
  const content = await whereOffered(() => http.get(base));
  if (content === undefined) return [];
  const [newest] = parseAnswer(jobs, content, http.name, "insights")
    .clustering_jobs.filter((job) => /^(success|completed|finished)$/i.test(job.status ?? ""))
    .toSorted((a, b) => ((a.end_time ?? a.created_at ?? "") < (b.end_time ?? b.created_at ?? "") ? 1 : -1));
  if (newest === undefined) return [];
  const report = `${base}/${encodeURIComponent(newest.id)}`;
  const all = parseAnswer(insights, await http.get(report), http.name, "insights").clusters ?? [];
  const parents = new Set(all.map((one) => one.parent_id));
  const found: NativeCluster[] = [];
  for (const one of all.filter((cluster) => !parents.has(cluster.id))) {
    found.push({
      id: one.id,
      title: one.name.slice(0, 300),
      description: (one.description ?? "").slice(0, 5000),
      traces: await tracesOf(http, report, one.id),
      sessions: [],
    });
  }
  return found;
}

async function tracesOf(http: HttpReading, report: string, cluster: string): Promise<readonly string[]> {
  const traces = new Set<string>();
  for (let page = 0; page < mostPages; page += 1) {
    const content = await http.get(`${report}/runs`, { cluster_id: cluster, limit: pageSize, offset: page * pageSize });
    const { runs } = parseAnswer(members, content, http.name, "insights' runs");
    for (const one of runs) {
      const id = one.trace_id ?? one.id;
      if (id !== undefined && id !== null) traces.add(traceIdOf(id));
    }
    if (runs.length < pageSize) break;
  }
  return [...traces];
}
