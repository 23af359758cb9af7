import { expireTexts, expiringTexts, forgetTexts } from "../../adapters/ledger-transcripts/expiring-texts.ts";
import { ledgerTranscripts } from "../../adapters/ledger-transcripts/ledger-transcripts.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { type Instant, later } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Transcripts } from "../../ports/ledger.ts";
import { systemNow } from "../runtime.ts";
import { hasLedger, openState, type StatePlace } from "../state.ts";

const dayMilliseconds = 86_400_000;
/** Where the operator sets no retention: conversations that nobody has looked at for a month are only a risk. */
const keptDays = 30;

/** The conversations of replays that a ledger keeps. */
export const keptTranscripts = (documents: Documents): Transcripts => ledgerTranscripts(documents);

/** A job's documents, of which those that hold what models said expire too. */
export const keptDocuments = (documents: Documents): Documents => expiringTexts(documents, systemNow);

/** After an erasure nothing that replays made of the sessions may stay either: all kept conversations go. Makes no ledger where there is none. */
export async function forgetConversations(place: StatePlace): Promise<void> {
  if (!hasLedger(place)) return;
  const state = await openState(place);
  const ledger = state.ledger();
  try {
    await forgetTexts(ledger);
  } finally {
    await ledger.close();
    await state.close();
  }
}

/**
 * Removes the conversations of replays, and what models said in batches and for tools, that are older than the operator keeps sessions, or than thirty
 * days. Resolves with the number of conversations.
 */
export async function expireTranscripts(
  documents: Documents,
  { retention }: Pick<OperatorSettings, "retention">,
  now: Instant,
): Promise<number> {
  const before = later(now, -(retention?.days ?? keptDays) * dayMilliseconds);
  await expireTexts(documents, before);
  return keptTranscripts(documents).expire(before);
}
