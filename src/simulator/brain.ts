import { type Message, textMessage, toolRequests, type Usage } from "../domain/message.ts";
import type { ModelReply, ModelRequest } from "../ports/model-client.ts";
import { agentReply } from "./agent-brain.ts";
import { draftMark, drafterReply } from "./drafter-brain.ts";
import { judgeMark, judgeReply, labelMark, labelReply } from "./judge-brain.ts";
import type { Scenario } from "./scenario.ts";

/** The simulated model: one function from a request to a reply, without memory. Which part it plays it reads from the request's own words. */
export function think(scenario: Scenario, seed: number, request: ModelRequest): ModelReply {
  const message = messageOf(scenario, seed, request);
  return { message, finish: toolRequests(message).length > 0 ? "tool" : "stop", usage: usageOf(request, message) };
}

function messageOf(scenario: Scenario, seed: number, request: ModelRequest): Message {
  const { system } = request;
  if (system.includes(draftMark)) return textMessage("assistant", drafterReply(scenario, seed, request));
  if (system.includes(judgeMark)) return textMessage("assistant", judgeReply(scenario, seed, request));
  if (system.includes(labelMark)) return textMessage("assistant", labelReply(scenario, seed, request));
  return agentReply(scenario, seed, request);
}

const tokens = (characters: number): number => Math.ceil(characters / 4);

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
