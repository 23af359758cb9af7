import type { Json } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";

const requestPrefix = "request/";
const triesPrefix = "tries/";

/** Keeps a request by its key, for the button that starts it again. */
export async function keepRequest(documents: Pick<Documents, "put">, key: string, request: Json): Promise<void> {
  await documents.put(`${requestPrefix}${key}`, request);
}

export const keptRequest = (documents: Pick<Documents, "get">, key: string): Promise<Json | undefined> =>
  documents.get(`${requestPrefix}${key}`);

/** Counts one more failed try of a job and returns how many there were. */
export async function countFailedTry(documents: Pick<Documents, "get" | "put">, key: string): Promise<number> {
  const before = await documents.get(`${triesPrefix}${key}`);
  const tries = (typeof before === "number" ? before : 0) + 1;
  await documents.put(`${triesPrefix}${key}`, tries);
  return tries;
}
