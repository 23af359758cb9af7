import type { Instant } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";
import { dayNotes, dayOf } from "./day-notes.ts";

/** What models said, kept so that it is not paid for twice: single replies of batches, simulated tools' answers, and replays that broke off. */
const texts = ["batch-reply/", "tool/", "partial/"];
const isText = (key: string): boolean => texts.some((prefix) => key.startsWith(prefix));

const notesOf = (documents: Documents) => dayNotes(documents, "text-day/", "texts-expired-before");

/** A ledger's documents; those that hold what models said are noted under their day, for `expireTexts`. */
export function expiringTexts(documents: Documents, now: () => Instant): Documents {
  const noted = new Set<string>();
  const notes = notesOf(documents);
  return {
    get: (key) => documents.get(key),
    keys: (prefix) => documents.keys(prefix),
    remove: (prefix) => documents.remove(prefix),
    put: async (key, document) => {
      const day = dayOf(now());
      if (isText(key) && !noted.has(`${day} ${key}`)) {
        await notes.note(day, key);
        noted.add(`${day} ${key}`);
      }
      await documents.put(key, document);
    },
  };
}

/**
 * Removes every conversation and every word of a model that a ledger keeps, whosever it is: replays mix what several sessions said, and nothing is
 * decided on them. What is under way asks again.
 */
export async function forgetTexts(documents: Pick<Documents, "remove">): Promise<void> {
  for (const folder of ["transcript/", "transcript-day/", ...texts, "text-day/"]) await documents.remove(folder);
}

/** Removes what was kept on days before this instant's day (UTC): it would be asked for again. No name of a text begins with another's. */
export const expireTexts = (documents: Documents, before: Instant): Promise<void> =>
  notesOf(documents).expire(dayOf(before), (key) => documents.remove(key));
