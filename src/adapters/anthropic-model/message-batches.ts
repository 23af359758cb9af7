import type Anthropic from "@anthropic-ai/sdk";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { BatchedRequest, BatchState, ModelReply } from "../../ports/model-client.ts";
import { fromMessagesReply, toMessagesBody } from "./anthropic-messages.ts";

const created = z.looseObject({ id: z.string().regex(/^[\w-]{1,200}$/), processing_status: z.string() });
const line = z.looseObject({ custom_id: z.string(), result: z.looseObject({ type: z.string(), message: z.unknown().optional() }) });

const malformed = (model: string): TuneupError =>
  new TuneupError("model-malformed-reply", `${model}'s server answered a batch with something that is no Message Batches reply.`, {
    remedy: "Leave `batches` out of tuneup.operator.yml, or name a server of the Anthropic API.",
    fields: { model },
  });

/** Hands requests in: https://docs.anthropic.com/en/api/creating-message-batches. Resolves with the batch's id. */
export async function submitBatch(
  client: Anthropic,
  model: string,
  requests: readonly BatchedRequest[],
  signal: AbortSignal,
): Promise<string> {
  const body = { requests: requests.map(({ name, request }) => ({ custom_id: name, params: toMessagesBody(model, request) })) };
  const parsed = created.safeParse(await client.post<unknown>("/v1/messages/batches", { body, signal }));
  if (!parsed.success) throw malformed(model);
  return parsed.data.id;
}

/** The batch's state, with its results once it has ended; they come as JSON lines, in any order. */
export async function lookAtBatch(client: Anthropic, model: string, batch: string, signal: AbortSignal): Promise<BatchState> {
  const parsed = created.safeParse(await client.get<unknown>(`/v1/messages/batches/${batch}`, { signal }));
  if (!parsed.success) throw malformed(model);
  if (parsed.data.processing_status !== "ended") return { state: "running" };
  const replies = new Map<string, ModelReply>();
  for await (const one of await client.messages.batches.results(batch, {}, { signal })) {
    const read = line.safeParse(one);
    const reply = read.success && read.data.result.type === "succeeded" ? fromMessagesReply(read.data.result.message) : undefined;
    if (read.success && reply !== undefined) replies.set(read.data.custom_id, reply);
  }
  return { state: "ended", replies };
}
