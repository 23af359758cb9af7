import { errorTemplate } from "../../domain/text/error-template.ts";
import { type Message, toolRequests } from "../../domain/message.ts";
import type { FailureSignature } from "../../domain/outcome.ts";

/** Whether a signature can be seen in a conversation at all: a tool's error that was the failure can, the name of somebody's label cannot. */
export const isVisible = (signature: FailureSignature): boolean =>
  signature.rule === "tool-error" && signature.tool !== undefined && signature.template !== undefined;

/** Whether the cluster's own mark stands in a replay: the same tool answered with the same masked error, and nothing mended it later. */
export function showsSignature(signature: FailureSignature, transcript: readonly Message[]): boolean {
  if (!isVisible(signature)) return false;
  const tools = new Map(transcript.flatMap((message) => toolRequests(message)).map((request) => [request.id, request.tool]));
  let shown = false;
  for (const message of transcript) {
    for (const part of message.parts) {
      if (part.kind !== "tool-result" || tools.get(part.id) !== signature.tool) continue;
      const text = typeof part.output === "string" ? part.output : JSON.stringify(part.output);
      shown = part.isError === true && errorTemplate(text) === signature.template;
    }
  }
  return shown;
}
