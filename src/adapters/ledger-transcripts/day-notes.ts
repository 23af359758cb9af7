import type { Instant } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";

export const dayOf = (instant: Instant): string => instant.slice(0, 10);

/** Notes on which day (UTC) something was kept, so that expiring reads nothing else. `folder` ends with a slash. */
export interface DayNotes {
  /** Comes before what is kept: something without a note would stay for ever. */
  note(day: string, key: string): Promise<void>;
  /** Calls `remove` with every key noted on a day before this one; what was done before is not looked at again. */
  expire(before: string, remove: (key: string) => Promise<void>): Promise<void>;
}

const oneDay = 86_400_000;
const next = (day: string): string => new Date(Date.parse(`${day}T00:00:00.000Z`) + oneDay).toISOString().slice(0, 10);

/** Day notes among a ledger's documents; `doneKey` keeps the day before which all has been removed. */
export function dayNotes(documents: Documents, folder: string, doneKey: string): DayNotes {
  return {
    note: (day, key) => documents.put(`${folder}${day}/${key}`, true),
    expire: async (before, remove) => {
      const done = await documents.get(doneKey);
      // The first time nobody knows when it began.
      const notes = typeof done === "string" ? await notesFrom(documents, folder, done, before) : await documents.keys(folder);
      for (const note of notes) {
        const [day, key] = [note.slice(folder.length, folder.length + 10), note.slice(folder.length + 11)];
        if (day < before) await remove(key);
      }
      if (typeof done !== "string" || before > done) await documents.put(doneKey, before);
    },
  };
}

async function notesFrom(documents: Documents, folder: string, from: string, before: string): Promise<readonly string[]> {
  const notes: string[] = [];
  for (let day = from; day < before; day = next(day)) notes.push(...(await documents.keys(`${folder}${day}/`)));
  return notes;
}
