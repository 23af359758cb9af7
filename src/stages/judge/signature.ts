import { errorTemplate } from "../../domain/text/error-template.ts";
import { answeredRequests, type Message } from "../../domain/message.ts";
import type { FailureSignature } from "../../domain/outcome.ts";

/** Whether a signature can be seen in a conversation at all: a tool's error that was the failure can, the name of somebody's label cannot. */
export const isVisible = (signature: FailureSignature): boolean =>
  signature.rule === "tool-error" && signature.tool !== undefined && signature.template !== undefined;

/** Whether the cluster's own mark stands in a replay: the same tool answered with the same masked error, and nothing mended it later. */
export function showsSignature(signature: FailureSignature, transcript: readonly Message[]): boolean {
  if (!isVisible(signature)) return false;
  const last = answeredRequests(transcript).findLast(
    ({ request, result }) => request.tool === signature.tool && result !== undefined,
  )?.result;
  if (last?.isError !== true) return false;
  return errorTemplate(typeof last.output === "string" ? last.output : JSON.stringify(last.output)) === signature.template;
}
