import { callKey } from "../../domain/canonical-input.ts";
import { digestOfJson, shortDigest } from "../../domain/digest.ts";
import { type Message, toolRequests } from "../../domain/message.ts";
import { type AgentConfig, modelCalls, type Session } from "../../domain/session.ts";
import type { ModelRequest } from "../../ports/model-client.ts";

const defaultMaxTokens = 4096;

/** The request of one model call of a replay. Nothing in it tells the arms apart but the configuration itself. */
export function replayRequest(run: {
  readonly session: Session;
  readonly config: AgentConfig;
  readonly seed: number;
  readonly messages: readonly Message[];
}): ModelRequest {
  const { config, messages, seed, session } = run;
  const recorded = config.parameters["max_tokens"];
  return {
    purpose: "replay",
    conversation: shortDigest(digestOfJson({ session: session.id, seed }), 32),
    system: config.instructions,
    messages: [...messages],
    ...(config.tools.length === 0 ? {} : { tools: config.tools }),
    maxTokens: typeof recorded === "number" ? recorded : defaultMaxTokens,
    parameters: { seed, ...config.parameters },
  };
}

/** The recorded conversation up to the agent's last decision to call a tool, else up to its last answer; `undefined` without either. */
export function lastDecision(session: Session): readonly Message[] | undefined {
  const replies = modelCalls(session).map((call) => call.at);
  const deciding = replies.filter((at) => toolRequests(session.messages[at] ?? { role: "assistant", parts: [] }).length > 0);
  const at = deciding.at(-1) ?? replies.at(-1);
  return at === undefined || at === 0 ? undefined : session.messages.slice(0, at);
}

/** What a reply decides, as one text: its tool calls in canonical form, or that it answers the user. */
export function decisionOf(message: Message): string {
  const requests = toolRequests(message);
  return requests.length === 0 ? "answer" : requests.map((request) => callKey(request.tool, request.input)).join("\n");
}
