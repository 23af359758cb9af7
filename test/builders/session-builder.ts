import type { FailureCluster } from "../../src/domain/cluster.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, instant, type Json, projectId, sessionId } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage, type ToolDefinition } from "../../src/domain/message.ts";
import type { FailedOutcome, Outcome } from "../../src/domain/outcome.ts";
import type { Call, Session } from "../../src/domain/session.ts";
import type { Feedback } from "../../src/domain/span.ts";

/** One step of a conversation: what somebody said, or a tool call with its answer. */
export type Step =
  | { readonly user: string }
  | { readonly agent: string }
  | { readonly call: string; readonly input?: Json; readonly output?: Json; readonly error?: string };

export const project = projectId("support");

export interface SessionParts {
  readonly id?: string;
  readonly user?: string;
  readonly instructions?: string;
  readonly tools?: readonly ToolDefinition[];
  readonly parameters?: Readonly<Record<string, Json>>;
  readonly feedback?: readonly Feedback[];
}

export const aTool = (name: string): ToolDefinition => ({
  name,
  description: `Does ${name}.`,
  parameters: { type: "object", properties: {} },
});

/** A session as its traces would show it: `aSession([{ user: "hi" }, { call: "get_order", input: …, output: … }, { agent: "done" }])`. */
export function aSession(steps: readonly Step[], parts: SessionParts = {}): Session {
  const messages: Message[] = [];
  const calls: Call[] = [];
  const model = (at: number): void => {
    calls.push({
      kind: "model",
      spanId: `s${at}`,
      provider: "openai",
      model: "gpt-x",
      parameters: parts.parameters ?? {},
      at,
      usage: noUsage,
    });
  };
  for (const [index, step] of steps.entries()) {
    if ("user" in step) messages.push(textMessage("user", step.user));
    else if ("agent" in step) {
      messages.push(textMessage("assistant", step.agent));
      model(messages.length - 1);
    } else {
      const id = `call-${index}`;
      messages.push({ role: "assistant", parts: [{ kind: "tool-request", id, tool: step.call, input: step.input ?? {} }] });
      const at = messages.length - 1;
      model(at);
      const output = step.output ?? step.error ?? "ok";
      messages.push({ role: "tool", parts: [{ kind: "tool-result", id, output, ...(step.error === undefined ? {} : { isError: true }) }] });
      calls.push({
        kind: "tool",
        id,
        tool: step.call,
        input: step.input ?? {},
        output,
        ...(step.error === undefined ? {} : { error: step.error }),
        at,
      });
    }
  }
  const text = parts.instructions ?? "You are a support agent.";
  const used = [...new Set(steps.flatMap((step) => ("call" in step ? [step.call] : [])))];
  return {
    id: sessionId(parts.id ?? "s-1"),
    project,
    startedAt: instant("2026-01-01T10:00:00.000Z"),
    ...(parts.user === undefined ? {} : { user: digestOf(parts.user) }),
    messages,
    calls,
    instructions: [{ digest: digestOf(text), text }],
    tools: parts.tools ?? used.map((name) => aTool(name)),
    feedback: parts.feedback ?? [],
    missing: [],
  };
}

export const aFailure = (session: Session, changes: Partial<FailedOutcome> = {}): FailedOutcome => ({
  result: "failed",
  sessionId: session.id,
  decidedBy: "feedback",
  confidence: 1,
  cause: "unknown",
  signature: { rule: "outcome:failure" },
  summary: "failed",
  evidence: [],
  ...changes,
});

export const aSuccess = (session: Session): Outcome => ({
  result: "succeeded",
  sessionId: session.id,
  decidedBy: "feedback",
  confidence: 1,
});

export const aCluster = (members: readonly Session[], changes: Partial<FailureCluster> = {}): FailureCluster => ({
  id: clusterId("c-1"),
  project,
  cause: "unknown",
  title: "refund follows the return policy: fail",
  description: "",
  origin: "found",
  nature: "cause",
  profile: [],
  members: members.map((session) => session.id).toSorted(),
  exemplars: [],
  users: members.length,
  sessionsInWindow: members.length * 3,
  from: instant("2026-01-01T10:00:00.000Z"),
  to: instant("2026-01-02T10:00:00.000Z"),
  instructions: [],
  ...changes,
});
