import type { Instant } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";

export const dayOf = (instant: Instant): string => instant.slice(0, 10);

/** Notes on which day (UTC) something was kept, so that expiring reads nothing else. `folder` ends with a slash. */
export interface DayNotes {
  /** Comes before what is kept: something without a note would stay for ever. */
  note(day: string, key: string): Promise<void>;
  /** Calls `remove` with every key noted on a day before this one and forgets the notes; what was done before is not looked at again. */
  expire(before: string, remove: (key: string) => Promise<void>): Promise<void>;
}

const oneDay = 86_400_000;
const oneDayLength = "2026-01-31".length;
const next = (day: string): string => new Date(Date.parse(`${day}T00:00:00.000Z`) + oneDay).toISOString().slice(0, 10);

/** Day notes among a ledger's documents; `doneKey` keeps the day before which all has been removed. */
export function dayNotes(documents: Documents, folder: string, doneKey: string): DayNotes {
  return {
    note: (day, key) => documents.put(`${folder}${day}/${key}`, true),
    expire: async (before, remove) => {
      const done = await documents.get(doneKey);
      for (const day of await daysTo(documents, folder, { before, ...(typeof done === "string" ? { from: done } : {}) })) {
        const notes = `${folder}${day}/`;
        for (const note of await documents.keys(notes)) await remove(note.slice(notes.length));
        await documents.remove(notes);
      }
      if (typeof done !== "string" || before > done) await documents.put(doneKey, before);
    },
  };
}

/** The days from `from` on and before `before`; where nobody knows when it began, those that have notes. */
async function daysTo(
  documents: Documents,
  folder: string,
  { before, from }: { readonly before: string; readonly from?: string },
): Promise<readonly string[]> {
  if (from === undefined) {
    const days = (await documents.keys(folder)).map((note) => note.slice(folder.length, folder.length + oneDayLength));
    return [...new Set(days)].filter((day) => day < before);
  }
  const days: string[] = [];
  for (let day = from; day < before; day = next(day)) days.push(day);
  return days;
}
