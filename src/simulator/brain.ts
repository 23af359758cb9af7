import { type Message, textMessage, textOf, toolRequests, type Usage } from "../domain/message.ts";
import type { ModelReply, ModelRequest } from "../ports/model-client.ts";
import { agentReply } from "./agent-brain.ts";
import { drafterReply } from "./drafter-brain.ts";
import { judgeReply, pairwiseReply, labelReply, safeguardReply } from "./judge-brain.ts";
import { requestMarks } from "./request-marks.ts";
import type { Scenario } from "./scenario.ts";

/**
 * The simulated model: one function from a request to a reply, without memory. Which part it plays it reads from the request's own words. A text
 * longer than the request allows is cut, as providers do.
 */
export function think(scenario: Scenario, seed: number, request: ModelRequest): ModelReply {
  const whole = messageOf(scenario, seed, request);
  if (toolRequests(whole).length > 0) return { message: whole, finish: "tool", usage: usageOf(request, whole) };
  const text = textOf(whole);
  const most = request.maxTokens * charactersPerToken;
  const message = text.length <= most ? whole : textMessage("assistant", text.slice(0, most));
  return { message, finish: text.length <= most ? "stop" : "length", usage: usageOf(request, message) };
}

function messageOf(scenario: Scenario, seed: number, request: ModelRequest): Message {
  const { system } = request;
  if (system.includes(requestMarks.draft)) return textMessage("assistant", drafterReply(scenario, seed, request));
  if (system.includes(requestMarks.judge)) return textMessage("assistant", judgeReply(scenario, seed, request));
  if (system.includes(requestMarks.pairwise)) return textMessage("assistant", pairwiseReply(scenario, seed, request));
  if (system.includes(requestMarks.safeguards)) return textMessage("assistant", safeguardReply(scenario, request));
  if (system.includes(requestMarks.label)) return textMessage("assistant", labelReply(scenario, seed, request));
  return agentReply(scenario, seed, request);
}

const charactersPerToken = 4;
const tokens = (characters: number): number => Math.ceil(characters / charactersPerToken);

/** Four characters a token. The part of the input that a provider would have cached: system prompt and tools. */
function usageOf(request: ModelRequest, message: Message): Usage {
  const prefix =
    request.system.length + (request.tools ?? []).reduce((sum, tool) => sum + tool.name.length + tool.description.length + 200, 0);
  const conversation = request.messages.reduce((sum, one) => sum + lengthOf(one), 0);
  const turns = request.messages.filter((one) => one.role === "assistant").length;
  return {
    inputTokens: tokens(prefix + conversation),
    outputTokens: tokens(lengthOf(message)),
    ...(turns === 0 ? { cacheWriteTokens: tokens(prefix) } : { cacheReadTokens: tokens(prefix) }),
  };
}

const lengthOf = (message: Message): number =>
  message.parts.reduce(
    (sum, part) => sum + (part.kind === "text" || part.kind === "reasoning" ? part.text.length : JSON.stringify(part).length),
    0,
  );
