import { z } from "zod";
import type { ModelReply, ModelRequest } from "../../ports/model-client.ts";
import { anthropicApi } from "./anthropic-api.ts";
import type { Api } from "./api.ts";
import { openaiApi } from "./openai-api.ts";

/** An answer of the batch endpoints: JSON, or JSON lines as text. */
export interface BatchAnswer {
  readonly status: number;
  readonly body: object | string;
}

interface Batch {
  readonly lines: readonly object[];
  /** The first look finds it still running, as anybody's would. */
  looks: number;
}

const anthropicBody = z.looseObject({
  requests: z.array(z.looseObject({ custom_id: z.string().regex(/^[\w-]{1,64}$/), params: z.looseObject({ model: z.string() }) })).min(1),
});
const openaiLine = z.looseObject({
  custom_id: z.string().min(1),
  method: z.literal("POST"),
  url: z.literal("/v1/chat/completions"),
  body: z.looseObject({ model: z.string() }),
});
const openaiBody = z.looseObject({
  input_file_id: z.string(),
  endpoint: z.literal("/v1/chat/completions"),
  completion_window: z.literal("24h"),
});

/** The batch endpoints of both providers, over one brain: https://docs.anthropic.com/en/api/creating-message-batches, https://platform.openai.com/docs/api-reference/batch. */
export class SimulatedBatches {
  readonly #think: (request: ModelRequest) => ModelReply;
  readonly #batches = new Map<string, Batch>();
  readonly #files = new Map<string, string>();

  constructor(think: (request: ModelRequest) => ModelReply) {
    this.#think = think;
  }

  /** `undefined` for paths that are none of a batch's. */
  answer(method: string, path: string, body: string): BatchAnswer | undefined {
    const [, one, results] = /^\/v1\/messages\/batches\/([\w-]+)(\/results)?$/.exec(path) ?? [];
    if (method === "POST" && path === "/v1/messages/batches") return this.#createAnthropic(body);
    if (method === "GET" && one !== undefined) return results === undefined ? this.#anthropicState(one) : this.#lines(one);
    if (method === "POST" && path === "/v1/files") return this.#upload(body);
    if (method === "POST" && path === "/v1/batches") return this.#createOpenai(body);
    const batch = /^\/v1\/batches\/([\w-]+)$/.exec(path)?.[1];
    if (method === "GET" && batch !== undefined) return this.#openaiState(batch);
    const output = /^\/v1\/files\/output-([\w-]+)\/content$/.exec(path)?.[1];
    return method === "GET" && output !== undefined ? this.#lines(output) : undefined;
  }

  #createAnthropic(text: string): BatchAnswer {
    const parsed = anthropicBody.safeParse(json(text));
    if (!parsed.success) return { status: 400, body: anthropicApi.error(400, "requests: malformed").body };
    const lines = parsed.data.requests.map(({ custom_id: name, params }) => {
      const message = this.#reply(anthropicApi, params, name);
      const result = message === undefined ? { type: "errored", error: { type: "error" } } : { type: "succeeded", message };
      return { custom_id: name, result };
    });
    const id = this.#keep("msgbatch", lines);
    return { status: 200, body: { id, type: "message_batch", processing_status: "in_progress", results_url: null } };
  }

  #anthropicState(id: string): BatchAnswer {
    const batch = this.#batches.get(id);
    if (batch === undefined) return { status: 404, body: anthropicApi.error(404, "no such batch").body };
    const hasEnded = this.#look(batch);
    return {
      status: 200,
      body: {
        id,
        type: "message_batch",
        processing_status: hasEnded ? "ended" : "in_progress",
        results_url: hasEnded ? `/v1/messages/batches/${id}/results` : null,
      },
    };
  }

  #upload(multipart: string): BatchAnswer {
    const id = `file-${this.#files.size + 1}`;
    // Every part's lines; those of the file are the JSON ones.
    this.#files.set(
      id,
      multipart
        .split(/\r?\n/)
        .filter((line) => line.startsWith("{"))
        .join("\n"),
    );
    return { status: 200, body: { id, object: "file", purpose: "batch" } };
  }

  #createOpenai(text: string): BatchAnswer {
    const parsed = openaiBody.safeParse(json(text));
    const file = parsed.success ? this.#files.get(parsed.data.input_file_id) : undefined;
    if (file === undefined) return { status: 400, body: openaiApi.error(400, "no such input file").body };
    const lines = file.split("\n").flatMap((one) => {
      const line = openaiLine.safeParse(json(one));
      if (!line.success) return [];
      const body = this.#reply(openaiApi, line.data.body, line.data.custom_id);
      return [
        { custom_id: line.data.custom_id, response: body === undefined ? { status_code: 400, body: {} } : { status_code: 200, body } },
      ];
    });
    return { status: 200, body: { id: this.#keep("batch", lines), object: "batch", status: "validating" } };
  }

  #openaiState(id: string): BatchAnswer {
    const batch = this.#batches.get(id);
    if (batch === undefined) return { status: 404, body: openaiApi.error(404, "no such batch").body };
    const hasEnded = this.#look(batch);
    return {
      status: 200,
      body: {
        id,
        object: "batch",
        status: hasEnded ? "completed" : "in_progress",
        ...(hasEnded ? { output_file_id: `output-${id}` } : {}),
      },
    };
  }

  #lines(id: string): BatchAnswer {
    const batch = this.#batches.get(id);
    if (batch === undefined) return { status: 404, body: openaiApi.error(404, "no such batch").body };
    return { status: 200, body: `${batch.lines.map((line) => JSON.stringify(line)).join("\n")}\n` };
  }

  #reply(api: Api, body: unknown, id: string): object | undefined {
    const parsed = api.parse(body);
    return parsed.ok ? api.reply(this.#think(parsed.request), { id, model: parsed.model }) : undefined;
  }

  #keep(prefix: string, lines: readonly object[]): string {
    const id = `${prefix}_simulated_${this.#batches.size + 1}`;
    this.#batches.set(id, { lines, looks: 0 });
    return id;
  }

  #look(batch: Batch): boolean {
    batch.looks += 1;
    return batch.looks > 1;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
