import { asJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";

/** How payloads and results of steps lie in the library's columns. */
export interface StoredForm {
  write(value: Json): Json;
  /** The value as it was written. */
  read(stored: Json): Json;
  /** What can be kept of an error; the error itself where all can. */
  error(error: unknown): unknown;
}

/** As they are: SQLite keeps JSON as the text that it is. */
export const plainForm: StoredForm = { write: (value) => value, read: (stored) => stored, error: (error) => error };

/**
 * As one JSON text inside the column: PostgreSQL's `jsonb` refuses NUL and halves of surrogate pairs, which strangers can write into a comment, and
 * changes the order of keys. Escaped twice they are plain letters to it.
 */
export const textForm: StoredForm = {
  write: (value) => JSON.stringify(value),
  read: (stored) => (typeof stored === "string" ? asJson(JSON.parse(stored)) : stored),
  error(error) {
    if (!(error instanceof Error)) return error;
    const [message, stack] = [storable(error.message), storable(error.stack ?? "")];
    if (message === error.message && stack === (error.stack ?? "")) return error;
    return Object.assign(new Error(message), { name: error.name, stack });
  },
};

const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");
