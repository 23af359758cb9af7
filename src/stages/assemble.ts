import { digestOf } from "../domain/digest.ts";
import type { NotUnderstood } from "../domain/documents.ts";
import type { Digest } from "../domain/ids.ts";
import type { ToolDefinition } from "../domain/message.ts";
import { noUsage } from "../domain/message.ts";
import type { Call, Instructions, ModelCall, Session, ToolCall } from "../domain/session.ts";
import { isOwnSpan } from "../domain/receiving/own-spans.ts";
import type { Span, Trace } from "../domain/span.ts";
import { Conversation } from "./assemble/conversation.ts";
import { readTrace, type TraceReading } from "./assemble/dialects.ts";
import { feedbackOf } from "./assemble/feedback.ts";
import { ofMainAgent } from "./assemble/main-agent.ts";
import { missingOf } from "./assemble/missing.ts";
import { regrouped } from "./assemble/regroup.ts";
import { promptsOf, userOf } from "./assemble/session-facts.ts";
import { withCallIds } from "./assemble/reading/messages.ts";
import type { AgentFacts, ModelFacts, SpanFacts, ToolFacts } from "./assemble/span-facts.ts";
import { answers, joinToolCalls, withToolCalls } from "./assemble/tool-calls.ts";

export interface Assembled {
  readonly sessions: readonly Session[];
  /** GenAI spans that no dialect reads, and sessions without a conversation. */
  readonly notUnderstood: readonly NotUnderstood[];
}

/**
 * In: traces as a store holds them. Out: sessions: one flat conversation each, with model calls, tool calls, instructions and what is missing.
 * Order of spans, repeats, retries and late arrivals do not matter. Judges nothing; what it does not understand is counted, not guessed.
 */
export function assemble(traces: readonly Trace[]): Assembled {
  const sessions: Session[] = [];
  const unread = new Map<string, NotUnderstood>();
  for (const trace of regrouped(ofOthers(traces))) {
    const reading = readTrace(trace);
    const session = sessionOf(trace, reading);
    if (session !== undefined) sessions.push(session);
    for (const { dialect, span } of reading.strange)
      count(
        unread,
        span,
        dialect,
        session === undefined ? "an instrumentation that is not understood yet" : "a GenAI span of an unknown kind",
      );
    if (session === undefined && reading.strange.length === 0) {
      const why =
        reading.facts.length > 0 ? "no conversation in these spans: content capture may be off" : "nothing in these spans is about a model";
      if (reading.facts.length > 0 || reading.known === 0) count(unread, trace.spans[0], reading.dialects[0], why);
    }
  }
  return { sessions, notUnderstood: [...unread.values()] };
}

/** Without Tuneup's own spans, which any store may hold that Tuneup was told to report to. */
const ofOthers = (traces: readonly Trace[]): readonly Trace[] =>
  traces.flatMap((trace) => {
    if (!trace.spans.some(isOwnSpan)) return [trace];
    const spans = trace.spans.filter((span) => !isOwnSpan(span));
    return spans.length === 0 ? [] : [{ ...trace, spans }];
  });

function count(unread: Map<string, NotUnderstood>, span: Span | undefined, dialect: string | undefined, why: string): void {
  if (span === undefined) return;
  const scope = span.scope ?? "none";
  const key = `${scope} ${span.name} ${why}`;
  unread.set(key, {
    scope,
    spanName: span.name,
    why,
    ...(dialect === undefined ? {} : { dialect }),
    count: (unread.get(key)?.count ?? 0) + 1,
  });
}

interface Parts {
  /** Whether some tool's input is not in the traces, so that its call shows none. */
  readonly isBlind: boolean;
  readonly messages: Session["messages"];
  readonly calls: readonly Call[];
}

function sessionOf(trace: Trace, reading: TraceReading): Session | undefined {
  const facts = ofMainAgent(reading.facts, trace.spans);
  const agents = facts.filter((one) => one.kind === "agent");
  const whole = agents.filter((agent) => agent.isWhole).toSorted((left, right) => right.conversation.length - left.conversation.length)[0];
  const { calls, isBlind, messages } = whole === undefined ? fromCalls(facts) : fromWhole(whole);
  const times = [...trace.spans.map((span) => span.startedAt), ...trace.logs.map((log) => log.at)].toSorted();
  const [startedAt] = times;
  if (messages.length === 0 || startedAt === undefined) return undefined;
  const speakers = whole === undefined ? [...facts.filter((one) => one.kind === "model"), ...agents] : [whole];
  const instructions = instructionsOf(speakers);
  const tools = toolsOf(speakers);
  const user = userOf(trace);
  const endedAt = [...trace.spans.flatMap((span) => span.endedAt ?? []), ...trace.logs.map((log) => log.at)].toSorted().at(-1);
  const agent = agents.find((one) => one.agent !== undefined)?.agent;
  const prompts = promptsOf(facts);
  return {
    id: trace.key,
    project: trace.project,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(user === undefined ? {} : { user }),
    ...(agent === undefined ? {} : { agent }),
    messages,
    calls,
    instructions,
    tools,
    feedback: feedbackOf(trace),
    missing: missingOf({
      messages,
      calls,
      isBlind,
      instructions,
      tools,
      hasUser: user !== undefined,
      spans: trace.spans,
      logs: trace.logs,
    }),
    ...(prompts.length === 0 ? {} : { prompts }),
    dialects: reading.dialects,
  };
}

/** A transcript: everything in one span. */
function fromWhole(agent: AgentFacts): Parts {
  const joined = joinToolCalls(agent.conversation, []);
  return { messages: joined.messages, calls: inOrder([...repliesOf(agent, joined.messages), ...joined.calls]), isBlind: false };
}

/** Each assistant message of a conversation that only an agent's own span tells was one model call; what the agent counted stands at the last. */
function repliesOf(agent: AgentFacts, messages: Session["messages"]): readonly ModelCall[] {
  const last = messages.findLastIndex((message) => message.role === "assistant");
  return messages.flatMap((message, at): ModelCall[] =>
    message.role === "assistant"
      ? [
          {
            kind: "model",
            spanId: agent.span.spanId,
            provider: agent.provider,
            model: agent.model,
            ...(agent.instructions === undefined ? {} : { instructions: digestOf(agent.instructions) }),
            parameters: agent.parameters,
            at,
            usage: at === last ? agent.usage : noUsage,
          },
        ]
      : [],
  );
}

function fromCalls(facts: readonly SpanFacts[]): Parts {
  const conversation = new Conversation();
  const tools = facts.filter((one) => one.kind === "tool");
  const models = facts.filter((one) => one.kind === "model");
  const agents = facts.filter((one) => one.kind === "agent").filter((one) => one.conversation.length > 0);
  // Otherwise only agents' own spans say what was said, and model spans hold the replies alone or count.
  const isTold = models.some((model) => model.input.length > 0) || agents.length === 0;
  const placed: { readonly facts: ModelFacts; readonly at: number }[] = [];
  const unasked: { readonly facts: ToolFacts; readonly after: number }[] = [];
  for (const one of facts) {
    if (one.kind === "model" && isTold) {
      const at = conversation.addCall(one);
      placed.push({ facts: one, at: at ?? Math.max(0, conversation.messages.length - 1) });
    } else if (one.kind === "agent" && !isTold) conversation.addCall({ input: one.conversation, output: [] });
    else if (one.kind === "tool") {
      conversation.toolRan();
      if (!isAsked(one, facts) && saysAnything(one)) unasked.push({ facts: one, after: conversation.messages.length - 1 });
    }
  }
  const inserted = withToolCalls(withCallIds(conversation.messages), unasked);
  const joined = joinToolCalls(inserted.messages, tools);
  const [teller] = agents;
  const calls =
    !isTold && teller !== undefined
      ? repliesOf(withCounts(teller, models), joined.messages)
      : placed.map(({ at, facts: call }) => modelCall(call, joined.moved(inserted.moved(at))));
  const isBlind = unasked.some(({ facts: tool }) => tool.input === undefined);
  return { messages: joined.messages, calls: inOrder([...calls, ...joined.calls]), isBlind };
}

const saysAnything = (tool: ToolFacts): boolean => tool.input !== undefined || tool.output !== undefined;

/** What the agent's model spans know when they say nothing. */
function withCounts(agent: AgentFacts, models: readonly ModelFacts[]): AgentFacts {
  const known = models.find((model) => model.model !== "unknown");
  if (known === undefined || agent.model !== "unknown") return agent;
  return { ...agent, model: known.model, provider: known.provider, parameters: { ...known.parameters, ...agent.parameters } };
}

/** Whether a reply or a repeated history asks for the call, wherever its span stands in time: clocks of several machines disagree. */
const isAsked = (tool: ToolFacts, facts: readonly SpanFacts[]): boolean =>
  facts.some((one) =>
    (one.kind === "model" ? [...one.output, ...one.input] : one.kind === "agent" ? one.conversation : []).some((message) =>
      message.parts.some((part) => part.kind === "tool-request" && answers(tool, part)),
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

/** Agents' own texts count only where no model call shows what was sent. */
function instructionsOf(facts: readonly (ModelFacts | AgentFacts)[]): readonly Instructions[] {
  const ofModels = facts.filter((one) => one.kind === "model" && one.instructions !== undefined && one.instructions.trim() !== "");
  const found = new Map<Digest, Instructions>();
  for (const { instructions } of ofModels.length > 0 ? ofModels : facts) {
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
