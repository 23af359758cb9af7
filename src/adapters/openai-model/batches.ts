import { type OpenAI, toFile } from "openai";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import type { BatchState, ModelReply } from "../../ports/model-client.ts";

/** One request's body under its name. */
export interface BatchLine {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Which of the two APIs the requests are for, and how its replies are read. */
export interface BatchApi {
  readonly endpoint: "/v1/chat/completions" | "/v1/responses";
  readonly fromReply: (body: unknown) => ModelReply | undefined;
}

const id = z.string().regex(/^[\w-]{1,200}$/);
const file = z.looseObject({ id });
const batchSchema = z.looseObject({ id, status: z.string(), output_file_id: id.nullish() });
const line = z.looseObject({ custom_id: z.string(), response: z.looseObject({ status_code: z.number(), body: z.unknown() }).nullish() });

/** States in which nothing more will come. */
const over: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);

function checked<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  throw new TuneupError("model-malformed-reply", "The model server answered a batch with something that is no Batch API reply.", {
    remedy: "Leave `batches` out of tuneup.operator.yml, or name a server that has OpenAI's Batch API.",
  });
}

/** Hands requests in as a file of JSON lines: https://platform.openai.com/docs/guides/batch. Resolves with the batch's id. */
export async function submitBatch(
  client: OpenAI,
  { endpoint }: BatchApi,
  requests: readonly BatchLine[],
  signal: AbortSignal,
): Promise<string> {
  const lines = requests.map(({ body, name }) => JSON.stringify({ custom_id: name, method: "POST", url: endpoint, body }));
  const content = await toFile(Buffer.from(`${lines.join("\n")}\n`, "utf8"), "batch.jsonl", { type: "application/jsonl" });
  const uploaded = checked(file.safeParse(await client.files.create({ file: content, purpose: "batch" }, { signal })));
  const body = { input_file_id: uploaded.id, endpoint, completion_window: "24h" as const };
  return checked(batchSchema.safeParse(await client.batches.create(body, { signal }))).id;
}

/** The batch's state, with what its output file holds once nothing more will come; an expired batch has answers too. */
export async function lookAtBatch(client: OpenAI, { fromReply }: BatchApi, batch: string, signal: AbortSignal): Promise<BatchState> {
  const { output_file_id: output, status } = checked(batchSchema.safeParse(await client.batches.retrieve(batch, { signal })));
  if (!over.has(status)) return { state: "running" };
  const replies = new Map<string, ModelReply>();
  const text = output === undefined || output === null ? "" : await (await client.files.content(output, { signal })).text();
  for (const one of text.split("\n")) {
    const read = line.safeParse(jsonOf(one));
    const reply = read.data?.response?.status_code === 200 ? fromReply(read.data.response.body) : undefined;
    if (read.success && reply !== undefined) replies.set(read.data.custom_id, reply);
  }
  return { state: "ended", replies };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
