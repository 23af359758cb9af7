import { digestOf } from "../domain/digest.ts";
import type { NotUnderstood } from "../domain/documents.ts";
import type { Digest, ProjectId } from "../domain/ids.ts";
import type { ToolDefinition } from "../domain/message.ts";
import { noUsage } from "../domain/message.ts";
import type { Call, Instructions, MissingPart, ModelCall, Session, ToolCall } from "../domain/session.ts";
import type { Span, Trace } from "../domain/span.ts";
import { Conversation } from "./assemble/conversation.ts";
import { feedbackOf } from "./assemble/feedback.ts";
import { guide } from "./assemble/guide.ts";
import { semconv, transcript } from "./assemble/semconv.ts";
import { type AgentFacts, type Dialect, type ModelFacts, type SpanFacts, textAt, type ToolFacts } from "./assemble/span-facts.ts";
import { joinToolCalls } from "./assemble/tool-calls.ts";

export interface Assembled {
  readonly sessions: readonly Session[];
  /** GenAI spans that no dialect reads, and sessions without a conversation. */
  readonly notUnderstood: readonly NotUnderstood[];
}

/** In the order in which they are asked. */
const dialects: readonly Dialect[] = [transcript, guide, semconv];

/**
 * In: traces as a store holds them. Out: sessions: one flat conversation each, with model calls, tool calls, instructions and what is missing.
 * Order of spans, repeats, retries and late arrivals do not matter. Judges nothing; what it does not understand is counted, not guessed.
 */
export function assemble(traces: readonly Trace[]): Assembled {
  const sessions: Session[] = [];
  const unread = new Map<string, NotUnderstood>();
  for (const trace of traces) {
    const { facts, strange } = readSpans(trace.spans);
    const session = sessionOf(trace, facts);
    if (session === undefined)
      count(
        unread,
        trace.spans.find((span) => strange.includes(span)) ?? trace.spans[0],
        strange.length === 0
          ? "no conversation in these spans: content capture may be off"
          : "an instrumentation that is not understood yet",
      );
    else {
      sessions.push(session);
      for (const span of strange) count(unread, span, "a GenAI span of an unknown kind");
    }
  }
  return { sessions, notUnderstood: [...unread.values()] };
}

function count(unread: Map<string, NotUnderstood>, span: Span | undefined, why: string): void {
  if (span === undefined) return;
  const scope = span.scope ?? "none";
  const key = `${scope} ${span.name} ${why}`;
  unread.set(key, { scope, spanName: span.name, why, count: (unread.get(key)?.count ?? 0) + 1 });
}

const looksLikeGenai = (span: Span): boolean =>
  Object.keys(span.attributes).some(
    (key) => /^(?:gen_ai|llm|openinference|ai|traceloop|langfuse|mlflow|lk|crew|smolagents)\./.test(key) && !key.startsWith("gen_ai.usage"),
  );
const operationsOfNoInterest: ReadonlySet<string> = new Set(["embeddings", "retrieval", "plan", "create_agent"]);

function readSpans(spans: readonly Span[]): { readonly facts: readonly SpanFacts[]; readonly strange: readonly Span[] } {
  const facts: SpanFacts[] = [];
  const strange: Span[] = [];
  for (const span of spans) {
    const read = dialects.map((dialect) => dialect.read(span)).find((one) => one !== undefined);
    if (read !== undefined) facts.push(read);
    else if (looksLikeGenai(span) && !operationsOfNoInterest.has(textAt(span.attributes, "gen_ai.operation.name") ?? ""))
      strange.push(span);
  }
  return { facts, strange };
}

/** Facts of the main agent: what runs inside a second agent's frame is that agent's own conversation. */
function ofMainAgent(facts: readonly SpanFacts[], spans: readonly Span[]): readonly SpanFacts[] {
  const parents = new Map(spans.map((span) => [span.spanId, span.parentId]));
  const frames = new Set(
    facts.filter((one) => one.kind === "agent" && !["agent.turn", "agent.session"].includes(one.span.name)).map((one) => one.span.spanId),
  );
  const depth = (span: Span): number => {
    let frameCount = 0;
    let id = span.parentId;
    for (let step = 0; id !== undefined && step < 200; step += 1) {
      if (frames.has(id)) frameCount += 1;
      id = parents.get(id);
    }
    return frameCount;
  };
  const depths = facts.map((one) => depth(one.span));
  const outermost = Math.min(...facts.map((one, index) => (one.kind === "model" ? (depths[index] ?? 0) : Infinity)));
  return facts.filter((_, index) => (depths[index] ?? 0) <= Math.max(1, Number.isFinite(outermost) ? outermost : 1));
}

interface Parts {
  readonly messages: Session["messages"];
  readonly calls: readonly Call[];
}

function sessionOf(trace: Trace, all: readonly SpanFacts[]): Session | undefined {
  const facts = ofMainAgent(all, trace.spans);
  const agents = facts.filter((one) => one.kind === "agent");
  const whole = agents.filter((agent) => agent.isWhole).toSorted((left, right) => right.conversation.length - left.conversation.length)[0];
  const parts = whole === undefined ? fromCalls(facts) : fromWhole(whole);
  if (parts.messages.length === 0) return undefined;
  const models = facts.filter((one) => one.kind === "model");
  const instructions = instructionsOf(whole === undefined ? [...models, ...agents] : [whole]);
  const tools = toolsOf(whole === undefined ? [...models, ...agents] : [whole]);
  const user = userOf(trace);
  const times = trace.spans.map((span) => span.startedAt).toSorted();
  const ends = trace.spans.flatMap((span) => span.endedAt ?? []).toSorted();
  const [startedAt] = times;
  const endedAt = ends.at(-1);
  const agent = agents.find((one) => one.agent !== undefined)?.agent;
  if (startedAt === undefined) return undefined;
  return {
    id: trace.key,
    project: trace.project,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(user === undefined ? {} : { user }),
    ...(agent === undefined ? {} : { agent }),
    messages: parts.messages,
    calls: parts.calls,
    instructions,
    tools,
    feedback: feedbackOf(trace),
    missing: missingOf({ parts, instructions, tools, hasUser: user !== undefined, spans: trace.spans }),
  };
}

/** A transcript: everything in one span; each assistant message was one model call. */
function fromWhole(agent: AgentFacts): Parts {
  const joined = joinToolCalls(agent.conversation, []);
  const models = joined.messages.flatMap((message, at): ModelCall[] =>
    message.role === "assistant"
      ? [
          {
            kind: "model",
            spanId: agent.span.spanId,
            provider: agent.provider ?? "unknown",
            model: agent.model ?? "unknown",
            parameters: agent.parameters,
            at,
            usage: noUsage,
          },
        ]
      : [],
  );
  return { messages: joined.messages, calls: inOrder([...models, ...joined.calls]) };
}

function fromCalls(facts: readonly SpanFacts[]): Parts {
  const conversation = new Conversation();
  const tools = facts.filter((one) => one.kind === "tool");
  const placed: { readonly facts: ModelFacts; readonly at: number }[] = [];
  for (const one of facts) {
    if (one.kind === "model") {
      const at = conversation.addCall(one);
      placed.push({ facts: one, at: at ?? Math.max(0, conversation.messages.length - 1) });
    } else if (one.kind === "tool" && !willBeAsked(one, facts) && !conversation.asksFor(one)) conversation.addToolCall(one);
  }
  if (conversation.messages.length === 0)
    for (const agent of facts.filter((one) => one.kind === "agent")) conversation.addCall({ input: agent.conversation, output: [] });
  const joined = joinToolCalls(conversation.messages, tools);
  const models = placed.map(({ at, facts: call }) => modelCall(call, joined.moved(at)));
  return { messages: joined.messages, calls: inOrder([...models, ...joined.calls]) };
}

/** Whether a reply or a repeated history asks for the call, wherever its span stands in time: clocks of several machines disagree. */
const willBeAsked = (tool: ToolFacts, facts: readonly SpanFacts[]): boolean =>
  facts.some(
    (one) =>
      one.kind === "model" &&
      [...one.output, ...one.input].some((message) =>
        message.parts.some(
          (part) => part.kind === "tool-request" && (tool.id === undefined ? part.tool === tool.tool : part.id === tool.id),
        ),
      ),
  );

const modelCall = (call: ModelFacts, at: number): ModelCall => ({
  kind: "model",
  spanId: call.span.spanId,
  provider: call.provider,
  model: call.model,
  ...(call.instructions === undefined ? {} : { instructions: digestOf(call.instructions) }),
  parameters: call.parameters,
  at,
  ...(call.finish === undefined ? {} : { finish: call.finish }),
  ...(call.error === undefined ? {} : { error: call.error }),
  usage: call.usage,
});

/** By place in the conversation; a model call stands before the tool calls that its reply asks for. */
const inOrder = (calls: readonly (ModelCall | ToolCall)[]): readonly Call[] =>
  calls.toSorted((left, right) => left.at - right.at || Number(left.kind === "tool") - Number(right.kind === "tool"));

function instructionsOf(facts: readonly (ModelFacts | AgentFacts)[]): readonly Instructions[] {
  const found = new Map<Digest, Instructions>();
  for (const { instructions } of facts) {
    if (instructions === undefined || instructions.trim() === "") continue;
    const digest = digestOf(instructions);
    if (!found.has(digest)) found.set(digest, { digest, text: instructions });
  }
  return [...found.values()];
}

function toolsOf(facts: readonly (ModelFacts | AgentFacts)[]): readonly ToolDefinition[] {
  const found = new Map<string, ToolDefinition>();
  for (const tool of facts.flatMap((one) => one.tools)) if (!found.has(tool.name)) found.set(tool.name, tool);
  return [...found.values()];
}

const userKeys = [
  "user.id",
  "enduser.id",
  "langfuse.user.id",
  "gen_ai.user.id",
  "traceloop.association.properties.user_id",
  "ai.telemetry.metadata.userId",
  "user_id",
] as const;

/** A digest, so that no document carries the id itself; per project, so that projects cannot be joined. */
function userOf(trace: Trace): Digest | undefined {
  for (const span of trace.spans) {
    const user = textAt(span.attributes, ...userKeys) ?? textAt(span.resource, ...userKeys);
    if (user !== undefined) return userDigest(trace.project, user);
  }
  return undefined;
}

const userDigest = (project: ProjectId, user: string): Digest => digestOf(`${project}\u0000${user}`);

interface MissingScope {
  readonly parts: Parts;
  readonly instructions: readonly Instructions[];
  readonly tools: readonly ToolDefinition[];
  readonly hasUser: boolean;
  readonly spans: readonly Span[];
}

function missingOf({ hasUser, instructions, parts, spans, tools }: MissingScope): readonly MissingPart[] {
  const calls = parts.calls.filter((call) => call.kind === "tool");
  const models = parts.calls.filter((call) => call.kind === "model");
  const missing: [MissingPart, boolean][] = [
    ["instructions", instructions.length === 0],
    [
      "messages",
      !parts.messages.some((message) => message.role === "user") || !parts.messages.some((message) => message.role === "assistant"),
    ],
    ["tool-output", calls.some((call) => call.output === undefined && call.error === undefined)],
    ["tool-definitions", calls.length > 0 && tools.length === 0],
    ["user", !hasUser],
    ["model", models.length === 0 || models.some((call) => call.model === "unknown")],
    ["truncated", spans.some((span) => wasCut(span))],
  ];
  return missing.flatMap(([part, lacks]) => (lacks ? [part] : []));
}

/** A JSON list that ends before its end was cut at an attribute limit. */
const wasCut = (span: Span): boolean =>
  ["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"].some((key) => {
    const value = span.attributes[key];
    return typeof value === "string" && value.startsWith("[") && !value.trimEnd().endsWith("]");
  });
