import { z } from "zod";
import type { Span, TraceFeedback } from "../../domain/span.ts";
import type { Json } from "../../domain/ids.ts";
import { anyJson, asText, attributesFrom, fieldsIn, instantFrom } from "./attributes.ts";
import { spanIdOf, traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { judgementOnTrace } from "./judgement.ts";
import { langsmithClusters } from "./langsmith-clusters.ts";
import { parseAnswer } from "./parse-answer.ts";
import { projectNamed, type StoreAddress, type StoreSource } from "./store-source.ts";

const text = z.string().nullish();

const run = z.object({
  id: z.string().min(1),
  trace_id: z.string().min(1),
  name: text,
  run_type: text,
  status: text,
  error: text,
  start_time: z.string(),
  end_time: text,
  inputs: anyJson.optional(),
  outputs: anyJson.optional(),
  extra: anyJson.optional(),
  metadata: anyJson.optional(),
  parent_run_ids: z.array(z.string()).nullish(),
  thread_id: text,
  prompt_tokens: z.number().nullish(),
  completion_tokens: z.number().nullish(),
});
type Run = z.infer<typeof run>;

const runs = z.object({ items: z.array(run), next_cursor: text });

const feedback = z.array(
  z.object({
    run_id: text,
    trace_id: text,
    key: z.string(),
    score: z.union([z.number(), z.boolean()]).nullish(),
    value: anyJson.optional(),
    comment: text,
    feedback_source: z.object({ type: text }).nullish(),
  }),
);

/** `POST /api/v2/runs/query` gives ids only unless it is told what else. */
const selects = [
  "ID NAME RUN_TYPE STATUS START_TIME END_TIME ERROR EXTRA METADATA INPUTS OUTPUTS PARENT_RUN_IDS TRACE_ID THREAD_ID",
  "PROMPT_TOKENS COMPLETION_TOKENS",
].flatMap((names) => names.split(" "));

/** Run ids in one request for feedback: they travel in the address. */
const mostIds = 50;
const feedbackPage = 100;

/** LangSmith: runs of a project, their feedback, and its Issues and Insights (langchain-ai/langsmith-sdk, js/src/_openapi_client). */
export function langsmithSource(http: HttpReading, address: StoreAddress): StoreSource {
  const project = projectNamed(address, "LangSmith", "The project's id (LangSmith's API calls it session_id), a UUID.");
  const query = (size: number, more: Readonly<Record<string, Json>>): Promise<unknown> =>
    http.post("/api/v2/runs/query", { project_ids: [project], page_size: size, selects, ...more });
  return {
    name: http.name,
    limits: [
      "LangSmith's Issues and Insights are beta; where its API does not have them, `traces.clusterBy` groups by the values of feedback.",
      "Runs are read as LangSmith keeps them: inputs and outputs whole, run events not.",
    ],
    lists: [
      {
        name: "runs",
        async page({ from, to }, cursor) {
          const more = { min_start_time: from, max_start_time: to, ...(cursor === undefined ? {} : { cursor }) };
          const { items: found, next_cursor: next } = parseAnswer(
            runs,
            await query(Math.min(address.pageSize, 100), more),
            http.name,
            "runs",
          );
          return {
            batch: { spans: found.flatMap((one) => spanOf(one) ?? []), feedback: await feedbackOn(http, found) },
            items: found.length,
            ...(next ? { next } : {}),
          };
        },
      },
    ],
    clusters: () => langsmithClusters(http, project),
    async check() {
      parseAnswer(runs, await query(1, {}), http.name, "runs");
    },
  };
}

async function feedbackOn(http: HttpReading, found: readonly Run[]): Promise<readonly TraceFeedback[]> {
  const traceOf = new Map(found.map((one) => [one.id, one]));
  const ids = [...traceOf.keys()];
  const judged: TraceFeedback[] = [];
  for (let start = 0; start < ids.length; start += mostIds) {
    const some = ids.slice(start, start + mostIds);
    for (let offset = 0; ; offset += feedbackPage) {
      const content = await http.get("/api/v1/feedback", { run: some, limit: feedbackPage, offset });
      const page = parseAnswer(feedback, content, http.name, "feedback");
      for (const one of page) {
        const of = traceOf.get(one.run_id ?? "");
        if (of === undefined) continue;
        const label = typeof one.value === "string" && one.value !== "" ? one.value : undefined;
        const by = one.feedback_source?.type === "app" ? ("reviewer" as const) : ("evaluator" as const);
        const judgement = { name: one.key, value: one.score ?? undefined, label, comment: one.comment, by };
        judged.push(judgementOnTrace(judgement, of.trace_id, of.id === of.trace_id ? undefined : of.id));
      }
      if (page.length < feedbackPage) break;
    }
  }
  return judged;
}

/** A run under the names that LangSmith's own OpenTelemetry exporter gives its parts. */
function spanOf(one: Run): Span | undefined {
  const startedAt = instantFrom(one.start_time);
  if (startedAt === undefined) return undefined;
  const endedAt = instantFrom(one.end_time);
  const isError = Boolean(one.error) || one.status?.toUpperCase() === "ERROR";
  const metadata = { ...fieldsIn(fieldsIn(one.extra)["metadata"]), ...fieldsIn(one.metadata) };
  const parameters = fieldsIn(fieldsIn(one.extra)["invocation_params"]);
  // Ancestors come from the root down; the last of them is the parent.
  const parent = one.parent_run_ids?.at(-1);
  return {
    traceId: traceIdOf(one.trace_id),
    spanId: spanIdOf(one.id),
    ...(parent === undefined ? {} : { parentId: spanIdOf(parent) }),
    name: (one.name ?? "").slice(0, 1000),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status: isError ? "error" : "unset",
    ...(one.error ? { statusMessage: one.error.slice(0, 4000) } : {}),
    scope: "langsmith",
    attributes: attributesFrom([
      ["langsmith.span.kind", (one.run_type ?? "chain").toLowerCase()],
      ...Object.entries(metadata).map(([key, value]) => [`langsmith.metadata.${key}`, value] as const),
      ["langsmith.metadata.thread_id", asText(one.thread_id)],
      ["gen_ai.prompt", asText(one.inputs)],
      ["gen_ai.completion", asText(one.outputs)],
      ["gen_ai.system", metadata["ls_provider"]],
      ["gen_ai.request.model", metadata["ls_model_name"] ?? parameters["model"] ?? parameters["model_name"]],
      ["gen_ai.request.temperature", metadata["ls_temperature"] ?? parameters["temperature"]],
      ["gen_ai.tool.definitions", parameters["tools"]],
      ["gen_ai.usage.input_tokens", one.prompt_tokens],
      ["gen_ai.usage.output_tokens", one.completion_tokens],
    ]),
    events: [],
    resource: {},
  };
}
