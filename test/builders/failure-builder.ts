import type { FailureCluster } from "../../src/domain/cluster.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, instant, type Json, projectId, type SessionId, sessionId } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage } from "../../src/domain/message.ts";
import type { FailedOutcome, FailureSignature, Outcome } from "../../src/domain/outcome.ts";
import type { Call, Session, ToolCall } from "../../src/domain/session.ts";
import type { Feedback } from "../../src/domain/span.ts";

/** The project of everything that is built here. */
export const project = projectId("support");
export const epoch = Date.parse("2026-01-05T08:00:00.000Z");

/** One tool call of a built session. */
export interface BuiltTool {
  readonly tool: string;
  readonly input?: Json;
  /** The answer; `ok` when left out. */
  readonly output?: Json;
  /** The error's text: the answer then is an error. */
  readonly error?: string;
}

/** What happens in a built session, in order: `user: …`, `agent: …`, or tool calls. */
export type Line = string | BuiltTool;

export interface SessionDetails {
  readonly user?: string;
  readonly agent?: string;
  readonly feedback?: readonly Partial<Feedback>[];
  readonly instructions?: string;
  readonly finish?: string;
  readonly minute?: number;
  readonly missing?: Session["missing"];
}

/**
 * A session from its lines: `session("s1", ["user: Where is my order?", { tool: "get_order" }, "agent: It is on its way."])`. Each agent line and
 * each tool request is a model call of its own.
 */
export function session(id: string, lines: readonly Line[], details: SessionDetails = {}): Session {
  const messages: Message[] = [];
  const calls: Call[] = [];
  for (const [index, line] of lines.entries()) {
    if (typeof line === "string") {
      const [, role = "user", text = ""] = /^(user|agent): ?([\s\S]*)$/.exec(line) ?? [];
      messages.push(textMessage(role === "agent" ? "assistant" : "user", text));
      if (role === "agent") calls.push(modelCall(messages.length - 1, details.finish));
      continue;
    }
    const call = builtCall(line, `call-${index}`, messages.length);
    calls.push(modelCall(messages.length), call);
    messages.push(
      { role: "assistant", parts: [{ kind: "tool-request", id: call.id, tool: call.tool, input: call.input }] },
      {
        role: "tool",
        parts: [{ kind: "tool-result", id: call.id, output: call.output ?? null, ...(line.error === undefined ? {} : { isError: true }) }],
      },
    );
  }
  const instructions = details.instructions ?? "You are a support agent.";
  return {
    id: sessionId(id),
    project,
    startedAt: instant(new Date(epoch + (details.minute ?? 0) * 60_000).toISOString()),
    ...(details.user === undefined ? {} : { user: digestOf(details.user) }),
    ...(details.agent === undefined ? {} : { agent: details.agent }),
    messages,
    calls,
    instructions: [{ digest: digestOf(instructions), text: instructions }],
    tools: [],
    feedback: (details.feedback ?? []).map((given) => ({ name: "agent.outcome", by: "agent", ...given })),
    missing: details.missing ?? [],
  };
}

const modelCall = (at: number, finish?: string): Call => ({
  kind: "model",
  spanId: `model-${at}`,
  provider: "anthropic",
  model: "simulated-support-1",
  parameters: {},
  at,
  ...(finish === undefined ? {} : { finish }),
  usage: noUsage,
});

const builtCall = (built: BuiltTool, id: string, at: number): ToolCall => ({
  kind: "tool",
  spanId: `tool-${id}`,
  id,
  tool: built.tool,
  input: built.input ?? {},
  output: built.error ?? built.output ?? "ok",
  ...(built.error === undefined ? {} : { error: built.error }),
  at,
});

export const succeeded = (of: Session | string): Outcome => ({
  result: "succeeded",
  sessionId: idOf(of),
  decidedBy: "feedback",
  confidence: 1,
});

export const unclear = (of: Session | string): Outcome => ({ result: "unclear", sessionId: idOf(of), why: "nothing says so" });

/** A failed outcome; without a signature it is a bare label that names no cause. */
export const failed = (of: Session | string, signature: FailureSignature = { rule: "agent.outcome:failed" }): FailedOutcome => ({
  result: "failed",
  sessionId: idOf(of),
  decidedBy: "feedback",
  confidence: 1,
  cause: "unknown",
  signature,
  summary: "it failed",
  evidence: [],
});

const idOf = (of: Session | string): SessionId => (typeof of === "string" ? sessionId(of) : of.id);

/** A cluster of these sessions. */
export const cluster = (members: readonly (Session | string)[], details: Partial<FailureCluster> = {}): FailureCluster => ({
  id: clusterId("c-00000001"),
  project,
  cause: "unknown",
  title: "refunds without reading the policy",
  description: "",
  origin: "found",
  nature: "cause",
  profile: [],
  members: members.map((member) => idOf(member)).toSorted(),
  exemplars: members.slice(0, 8).map((member) => idOf(member)),
  users: members.length,
  sessionsInWindow: members.length,
  from: instant(new Date(epoch).toISOString()),
  to: instant(new Date(epoch).toISOString()),
  instructions: [],
  ...details,
});
