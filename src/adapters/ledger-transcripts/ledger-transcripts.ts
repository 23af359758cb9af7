import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Digest, Json } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Transcripts } from "../../ports/ledger.ts";
import { dayNotes, dayOf } from "./day-notes.ts";
import { transcriptSchema } from "./transcript-schema.ts";

const keyOf = (replay: Digest): string => `transcript/${replay}`;
const largest = 64 * 1024 * 1024;
const notesOf = (documents: Documents) => dayNotes(documents, "transcript-day/", "transcripts-expired-before");

/** Conversations among a ledger's documents: compressed, each noted under the day on which it was kept, so that expiring reads no other. */
export function ledgerTranscripts(documents: Documents): Transcripts {
  return {
    keep: async (replay, transcript, at) => {
      const zstd = zstdCompressSync(Buffer.from(JSON.stringify(transcript), "utf8")).toString("base64");
      await notesOf(documents).note(dayOf(at), replay);
      await documents.put(keyOf(replay), { version: 1, day: dayOf(at), zstd });
    },
    find: async (replay) => transcriptIn(await documents.get(keyOf(replay))),
    expire: (before) => expire(documents, dayOf(before)),
  };
}

async function expire(documents: Documents, before: string): Promise<number> {
  let count = 0;
  await notesOf(documents).expire(before, async (replay) => {
    const kept = await documents.get(`transcript/${replay}`);
    // Kept again on a later day, it has a later note.
    if (!isOlder(kept, before)) return;
    await documents.put(`transcript/${replay}`, null);
    count += 1;
  });
  return count;
}

const isOlder = (kept: Json | undefined, before: string): boolean =>
  kept !== undefined && kept !== null && typeof kept === "object" && "day" in kept && typeof kept.day === "string" && kept.day < before;

function transcriptIn(kept: Json | undefined): readonly Message[] | undefined {
  if (kept === undefined || kept === null || typeof kept !== "object" || !("zstd" in kept) || typeof kept.zstd !== "string")
    return undefined;
  try {
    const text = zstdDecompressSync(Buffer.from(kept.zstd, "base64"), { maxOutputLength: largest }).toString("utf8");
    const parsed = transcriptSchema.safeParse(JSON.parse(text));
    return parsed.success ? (parsed.data as readonly Message[]) : undefined;
  } catch (error) {
    // A damaged one is as good as none: nothing is decided on it.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
