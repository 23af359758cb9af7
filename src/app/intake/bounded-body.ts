import type { IncomingMessage } from "node:http";

/** How much may be held in memory at once, over all requests that are being read. */
export class BodyBudget {
  readonly #most: number;
  #held = 0;
  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

export type ReadBody =
  | { readonly result: "read"; readonly body: Buffer }
  | { readonly result: "too-large" }
  | { readonly result: "busy" }
  /** The sender went away, or Node gave up waiting for it. */
  | { readonly result: "gone" };

/** Reads a request's body up to a limit, counted as it comes: what is declared is not believed. Nothing beyond the limit is held. */
export async function readBody(request: IncomingMessage, largest: number, budget: BodyBudget): Promise<ReadBody> {
  if (Number(request.headers["content-length"] ?? 0) > largest) return { result: "too-large" };
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (size + chunk.length > largest) return { result: "too-large" };
      if (!budget.take(chunk.length)) return { result: "busy" };
      size += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    return { result: "gone" };
  } finally {
    budget.give(size);
  }
  return { result: "read", body: Buffer.concat(chunks) };
}
