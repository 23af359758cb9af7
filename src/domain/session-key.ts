import { type Attributes, type SessionId, sessionId } from "./ids.ts";
import type { LogRecord, Span } from "./span.ts";

/** Where instrumentations write the conversation's id, the most telling first. `langsmith.trace.session_id` is not among them: it names a project. */
const keys: readonly string[] = [
  "langfuse.session.id",
  "session.id",
  "gen_ai.conversation.id",
  "langsmith.metadata.thread_id",
  "langsmith.metadata.session_id",
  "langsmith.metadata.conversation_id",
  "traceloop.association.properties.session_id",
  "traceloop.association.properties.thread_id",
  "traceloop.association.properties.conversation_id",
  "ai.telemetry.metadata.sessionId",
  "ai.telemetry.metadata.session_id",
  "ai.telemetry.metadata.threadId",
  "ai.telemetry.metadata.chatId",
  "ai.settings.context.sessionId",
  "ai.settings.context.threadId",
  "mastra.metadata.threadId",
  "mastra.metadata.sessionId",
  "gcp.vertex.agent.session_id",
  "lmnr.association.properties.session_id",
  "mlflow.trace.session",
  "gen_ai.agent.session_id",
  "thread.id",
  "conversation.id",
];

const longest = 300;

/** Each name with its place in its list: a span has fewer attributes than there are names. */
const ranks = (names: readonly string[]): ReadonlyMap<string, number> => new Map(names.map((name, index) => [name, index] as const));
const keyRanks = ranks(keys);

/** The value of the most telling name that has one. */
function mostTelling(attributes: Attributes, of: ReadonlyMap<string, number>): string | undefined {
  let best = of.size;
  let found: string | undefined;
  for (const name of Object.keys(attributes)) {
    const rank = of.get(name);
    if (rank === undefined || rank >= best) continue;
    const value = attributes[name];
    const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
    if (text.trim() === "") continue;
    best = rank;
    found = text;
  }
  return found;
}

/** The session a span or log record says it belongs to: its own attributes first, then its resource's. `undefined`: only its trace ties it to others. */
export function sessionKeyOf(span: Pick<Span | LogRecord, "attributes" | "resource">): SessionId | undefined {
  const key = mostTelling(span.attributes, keyRanks) ?? mostTelling(span.resource, keyRanks);
  return key === undefined ? undefined : sessionId(key.trim().slice(0, longest));
}

/** Where instrumentations write the user's id, the most telling first. */
export const userKeys = [
  "langfuse.user.id",
  "user.id",
  "enduser.id",
  "gen_ai.user.id",
  "traceloop.association.properties.user_id",
  "ai.telemetry.metadata.userId",
  "ai.telemetry.metadata.user_id",
  "ai.settings.context.userId",
  "mastra.metadata.userId",
  "langsmith.metadata.user_id",
  "lmnr.association.properties.user_id",
  "gcp.vertex.agent.user_id",
  "mlflow.trace.user",
  "user.account_uuid",
  "gen_ai.request.user",
  "kagent.user_id",
  "user_id",
] as const;

const userRanks = ranks(userKeys);

/** The user a span or log record names, as it is written: its own attributes first, then its resource's. */
export const userIdOf = (item: Pick<Span | LogRecord, "attributes" | "resource">): string | undefined =>
  mostTelling(item.attributes, userRanks) ?? mostTelling(item.resource, userRanks);
