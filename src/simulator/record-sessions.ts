import { digestOf, shortDigest } from "../domain/digest.ts";
import type { Json } from "../domain/ids.ts";
import { type Message, textMessage, toolRequests } from "../domain/message.ts";
import type { AgentConfig } from "../domain/session.ts";
import type { ModelRequest } from "../ports/model-client.ts";
import { chooseScript } from "./agent-brain.ts";
import { agentConfigOf } from "./agent-files.ts";
import { think } from "./brain.ts";
import { OtlpTrace } from "./otlp-trace.ts";
import type { Scenario } from "./scenario.ts";
import { type PlannedSession, planSessions } from "./session-plan.ts";
import { callTool } from "./world.ts";

const mostCalls = 40;
const betweenSessions = 7 * 60_000;

export interface RecordingOptions {
  readonly seed: number;
  /** How many sessions; by default as many as the scenario says. */
  readonly count?: number;
}

/**
 * Runs the sample agent against the simulated model with the world's own tools, and yields each session as one line: an OTLP
 * `ExportTraceServiceRequest` in JSON. Equal seeds give equal lines.
 */
export function* recordSessions(scenario: Scenario, { count, seed }: RecordingOptions): Iterable<string> {
  const config = agentConfigOf(scenario);
  const start = Date.parse(scenario.sessions.from);
  for (const [index, session] of planSessions(scenario, seed, count).entries()) {
    yield recordSession({ scenario, config, seed, session, startedAt: start + index * betweenSessions });
  }
}

interface Recording {
  readonly scenario: Scenario;
  readonly config: AgentConfig;
  readonly seed: number;
  readonly session: PlannedSession;
  readonly startedAt: number;
}

function recordSession(recording: Recording): string {
  const { config, scenario, seed, session, startedAt } = recording;
  const trace = new OtlpTrace({
    traceId: shortDigest(digestOf(`${scenario.name} ${seed} ${session.id}`), 32),
    startedAt,
    config,
    agent: scenario.agent.name,
    session: session.id,
    user: session.user,
  });
  const messages: Message[] = [];
  for (const turn of session.turns) {
    messages.push(textMessage("user", turn));
    runTurn(recording, trace, messages);
  }
  const script = chooseScript(scenario, seed, {
    request: requestOf(config, messages),
    opening: session.turns[0] ?? "",
    kind: session.kind,
  });
  const passed = script === "pass";
  trace.evaluate({ name: session.kind.evaluation.name, passed, explanation: passed ? "" : session.kind.evaluation.fail });
  return trace.request();
}

const defaultMaxTokens = 4096;

function requestOf(config: AgentConfig, messages: readonly Message[]): ModelRequest {
  const most = config.parameters["max_tokens"];
  return {
    purpose: "agent",
    system: config.instructions,
    messages: [...messages],
    tools: config.tools,
    maxTokens: typeof most === "number" ? most : defaultMaxTokens,
    parameters: config.parameters,
  };
}

function runTurn({ config, scenario, seed, session }: Recording, trace: OtlpTrace, messages: Message[]): void {
  for (let call = 0; call < mostCalls; call += 1) {
    const reply = think(scenario, seed, requestOf(config, messages));
    trace.chat([...messages], reply);
    messages.push(reply.message);
    const requests = toolRequests(reply.message);
    if (requests.length === 0) return;
    for (const { id, input, tool } of requests) {
      const answer = callTool(scenario, tool, input, session.values);
      trace.tool({ id, tool, input, ...answer });
      messages.push({
        role: "tool",
        parts: [{ kind: "tool-result", id, output: textual(answer.output), ...(answer.isError ? { isError: true } : {}) }],
      });
    }
  }
}

/** Tools answer a model in text. */
const textual = (output: Json): string => (typeof output === "string" ? output : JSON.stringify(output));
