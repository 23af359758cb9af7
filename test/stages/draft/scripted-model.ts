import { textMessage } from "../../../src/domain/message.ts";
import type { ModelClient, ModelReply, ModelRequest } from "../../../src/ports/model-client.ts";

/** A model that answers with the given replies in order (the last one again and again) and remembers what it was asked. */
export function scriptedModel(replies: readonly (string | Partial<ModelReply>)[]): ModelClient & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    model: "scripted-1",
    simulated: true,
    requests,
    complete(request) {
      const reply = replies[Math.min(requests.length, replies.length - 1)] ?? "";
      requests.push({ ...request, messages: [...request.messages] });
      const given = typeof reply === "string" ? { message: textMessage("assistant", reply) } : reply;
      return Promise.resolve({
        message: textMessage("assistant", ""),
        finish: "stop",
        usage: { inputTokens: 10, outputTokens: 5 },
        ...given,
      });
    },
  };
}
