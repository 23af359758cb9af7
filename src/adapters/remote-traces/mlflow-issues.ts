import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { parseAnswer } from "./parse-answer.ts";
import type { NativeCluster } from "./store-source.ts";

const text = z.string().nullish();

const answer = z.object({
  issues: z
    .array(
      z.object({
        issue_id: z.string().min(1),
        name: z.string().min(1),
        description: text,
        status: text,
        severity: text,
        root_causes: z.array(z.string()).nullish(),
      }),
    )
    .optional(),
  next_page_token: text,
});
type Issue = NonNullable<z.infer<typeof answer>["issues"]>[number];

const left: ReadonlySet<string> = new Set(["rejected", "resolved"]);
const mostPages = 200;
const pageSize = 100;

/**
 * MLflow's Issues that are neither rejected nor resolved, with their traces; none where the server has no Issues. `tracesOf` tells the traces that
 * carry an assessment of each issue, by the issue's id; it is asked only when there are issues.
 */
export async function mlflowIssues(
  http: HttpReading,
  experiment: string,
  tracesOf: () => Promise<ReadonlyMap<string, readonly string[]>>,
): Promise<readonly NativeCluster[]> {
  const issues = await openIssues(http, experiment);
  if (issues.length === 0) return [];
  const members = await tracesOf();
  return issues.map((one) => ({
    id: one.issue_id,
    title: one.name.slice(0, 300),
    description: [one.description ?? "", ...(one.root_causes ?? [])]
      .filter((part) => part !== "")
      .join("\n")
      .slice(0, 5000),
    traces: (members.get(one.issue_id) ?? []).map((trace) => traceIdOf(trace)),
    sessions: [],
  }));
}

async function openIssues(http: HttpReading, experiment: string): Promise<readonly Issue[]> {
  const found: Issue[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    let content: unknown;
    try {
      content = await http.post("/api/3.0/mlflow/issues/search", {
        experiment_id: experiment,
        max_results: pageSize,
        ...(token === undefined ? {} : { page_token: token }),
      });
    } catch (error) {
      // Servers before Issues have no such address; every other failure is one.
      if (error instanceof TuneupError && error.fields["status"] === 404) return [];
      throw error;
    }
    const { issues = [], next_page_token: next } = parseAnswer(answer, content, http.name, "issues");
    found.push(...issues.filter((one) => !left.has((one.status ?? "").toLowerCase()) && one.severity !== "not_an_issue"));
    if (!next || next === token) break;
    token = next;
  }
  return found;
}
