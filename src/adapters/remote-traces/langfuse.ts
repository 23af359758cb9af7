import { z } from "zod";
import type { Span, TraceBatch } from "../../domain/span.ts";
import { anyJson, asText, attributesFrom, fieldsIn, instantFrom } from "./attributes.ts";
import { spanIdOf, traceIdOf } from "./foreign-ids.ts";
import type { HttpReading } from "./http-reading.ts";
import { type Judgement, judgementOnSession, judgementOnTrace } from "./judgement.ts";
import { parseAnswer } from "./parse-answer.ts";
import type { Page, StoreAddress, StoreSource, Window } from "./store-source.ts";

const name = z.string().nullish();

const observation = z.object({
  id: z.string().min(1),
  traceId: z.string().min(1),
  parentObservationId: name,
  type: name,
  name,
  startTime: z.string(),
  endTime: name,
  level: name,
  statusMessage: name,
  input: anyJson.optional(),
  output: anyJson.optional(),
  metadata: anyJson.optional(),
  providedModelName: name,
  modelParameters: anyJson.optional(),
  usageDetails: anyJson.optional(),
  costDetails: anyJson.optional(),
  promptName: name,
  promptVersion: z.number().nullish(),
  sessionId: name,
  userId: name,
});
type Observation = z.infer<typeof observation>;

const score = z.object({
  name: z.string(),
  value: anyJson.optional(),
  stringValue: name,
  dataType: name,
  source: name,
  comment: name,
  timestamp: name,
  subject: z.object({ kind: z.string(), id: z.string(), traceId: name }),
});
type Score = z.infer<typeof score>;

const answer = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), meta: z.object({ cursor: z.string().nullish() }).nullish() });
const observations = answer(observation);
const scores = answer(score);

const groups = "core,basic,time,io,metadata,model,usage,prompt,trace_context";
/** Metadata values are cut to 200 characters unless they are asked for by name; an OpenTelemetry sender's attributes stand in these. */
const whole = "attributes,resourceAttributes,scope";

/** Langfuse: observations and scores of the project that the key belongs to (langfuse/langfuse, openapi.yml: `/v2/observations`, `/v3/scores`). */
export function langfuseSource(http: HttpReading, { pageSize }: StoreAddress): StoreSource {
  const read = async (window: Window, cursor: string | undefined, limit: number): Promise<Page> => {
    const content = await http.get("/api/public/v2/observations", {
      fields: groups,
      expandMetadata: whole,
      limit,
      cursor,
      fromStartTime: window.from,
      toStartTime: window.to,
    });
    const { data, meta } = parseAnswer(observations, content, http.name, "observations");
    return { batch: { spans: data.flatMap((one) => spanOf(one) ?? []) }, items: data.length, ...nextOf(meta?.cursor) };
  };
  return {
    name: http.name,
    limits: [
      "Langfuse cuts metadata values to 200 characters; the sender's attributes, resource and scope are asked for whole, other metadata is not read.",
      "Langfuse has no clusters of failures; `traces.clusterBy` groups by the labels of scores.",
      "The older reading API (v1) is not used; Langfuse needs its v2 observations and v3 scores.",
    ],
    lists: [
      { name: "observations", page: (window, cursor) => read(window, cursor, Math.min(pageSize, 1000)) },
      {
        name: "scores",
        async page(window, cursor) {
          const content = await http.get("/api/public/v3/scores", {
            fields: "details,subject",
            limit: Math.min(pageSize, 100),
            cursor,
            fromTimestamp: window.from,
          });
          const { data, meta } = parseAnswer(scores, content, http.name, "scores");
          return { batch: judged(data, window), items: data.length, ...nextOf(meta?.cursor) };
        },
      },
    ],
    async check() {
      const to = new Date(0).toISOString();
      parseAnswer(
        observations,
        await http.get("/api/public/v2/observations", { fields: "core", limit: 1, toStartTime: to }),
        http.name,
        "observations",
      );
    },
  };
}

const nextOf = (cursor: string | null | undefined): { readonly next?: string } =>
  cursor === undefined || cursor === null || cursor === "" ? {} : { next: cursor };

/** An observation as the span it was made from: the sender's own attributes, and what Langfuse took out of them under its names. */
function spanOf(one: Observation): Span | undefined {
  const startedAt = instantFrom(one.startTime);
  if (startedAt === undefined) return undefined;
  const endedAt = instantFrom(one.endTime);
  const metadata = fieldsIn(one.metadata);
  const scope = asText(fieldsIn(metadata["scope"])["name"]);
  const isError = one.level === "ERROR";
  return {
    traceId: traceIdOf(one.traceId),
    spanId: spanIdOf(one.id),
    ...(one.parentObservationId ? { parentId: spanIdOf(one.parentObservationId) } : {}),
    name: (one.name ?? "").slice(0, 1000),
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    status: isError ? "error" : "unset",
    ...(isError && one.statusMessage ? { statusMessage: one.statusMessage.slice(0, 4000) } : {}),
    ...(scope === undefined ? {} : { scope }),
    attributes: attributesFrom([
      ...Object.entries(fieldsIn(metadata["attributes"])),
      ["langfuse.observation.type", (one.type ?? "span").toLowerCase()],
      ["langfuse.observation.level", one.level],
      ["langfuse.observation.input", asText(one.input)],
      ["langfuse.observation.output", asText(one.output)],
      ["langfuse.observation.model.name", asText(one.providedModelName)],
      ["langfuse.observation.model.parameters", asText(one.modelParameters)],
      ["langfuse.observation.usage_details", asText(one.usageDetails)],
      ["langfuse.observation.cost_details", asText(one.costDetails)],
      ["langfuse.observation.status_message", asText(one.statusMessage)],
      ["langfuse.observation.prompt.name", asText(one.promptName)],
      ["langfuse.observation.prompt.version", one.promptVersion],
      ["langfuse.session.id", asText(one.sessionId)],
      ["langfuse.user.id", asText(one.userId)],
    ]),
    events: [],
    resource: attributesFrom(Object.entries(fieldsIn(metadata["resourceAttributes"]))),
  };
}

const givers: Readonly<Record<string, Judgement["by"]>> = { ANNOTATION: "reviewer", EVAL: "evaluator" };

function judged(data: readonly Score[], window: Window): TraceBatch {
  // Corrections are better answers, not judgements; scores of experiments speak of no session.
  const told = data.filter((one) => one.dataType !== "CORRECTION");
  const judgementOf = (one: Score): Judgement => ({
    name: one.name,
    value: one.value,
    ...(one.stringValue ? { label: one.stringValue } : {}),
    comment: one.comment,
    by: givers[one.source ?? ""] ?? "evaluator",
  });
  return {
    spans: [],
    feedback: told.flatMap((one) => {
      const { id, kind, traceId } = one.subject;
      if (kind === "trace") return [judgementOnTrace(judgementOf(one), id)];
      return kind === "observation" && traceId ? [judgementOnTrace(judgementOf(one), traceId, id)] : [];
    }),
    logs: told.flatMap((one) =>
      one.subject.kind === "session" ? [judgementOnSession(judgementOf(one), one.subject.id, instantFrom(one.timestamp) ?? window.to)] : [],
    ),
  };
}
