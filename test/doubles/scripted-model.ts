import type { Json } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage, toolRequests } from "../../src/domain/message.ts";
import type { ModelClient, ModelReply, ModelRequest } from "../../src/ports/model-client.ts";

/** What the model answers next: a text, a tool call, whatever a function of the request says, or an empty reply that ended in some other way. */
export type Answer =
  | string
  | { readonly call: string; readonly input?: Json }
  | Pick<ModelReply, "finish">
  | Error
  | ((request: ModelRequest) => Message);

/** A model that answers by list and keeps the requests it was sent. */
export function scriptedModel(answers: readonly Answer[]): ModelClient & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    model: "scripted-1",
    simulated: false,
    requests,
    complete: async (request, signal): Promise<ModelReply> => {
      signal.throwIfAborted();
      const answer = answers[requests.length];
      requests.push(structuredClone(request));
      if (answer === undefined) throw new Error(`no answer left for request ${requests.length}`);
      if (answer instanceof Error) throw answer;
      const usage = { ...noUsage, inputTokens: 10, outputTokens: 5 };
      if (typeof answer === "object" && "finish" in answer) return { message: textMessage("assistant", ""), finish: answer.finish, usage };
      const message = messageOf(answer, request, requests.length);
      return {
        message,
        finish: toolRequests(message).length > 0 ? "tool" : "stop",
        usage,
      };
    },
  };
}

function messageOf(answer: Exclude<Answer, Error | Pick<ModelReply, "finish">>, request: ModelRequest, count: number): Message {
  if (typeof answer === "string") return textMessage("assistant", answer);
  if (typeof answer === "function") return answer(request);
  return { role: "assistant", parts: [{ kind: "tool-request", id: `r${count}`, tool: answer.call, input: answer.input ?? {} }] };
}
