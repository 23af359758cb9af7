import { ledgerTranscripts } from "../../adapters/ledger-transcripts/ledger-transcripts.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { type Instant, later } from "../../domain/ids.ts";
import type { Documents } from "../../ports/ledger.ts";
import type { Transcripts } from "../../ports/ledger.ts";

const dayMilliseconds = 86_400_000;
/** Where the operator sets no retention: conversations that nobody has looked at for a month are only a risk. */
const keptDays = 30;

/** The conversations of replays that a ledger keeps. */
export const keptTranscripts = (documents: Documents): Transcripts => ledgerTranscripts(documents);

/** Removes the conversations of replays that are older than the operator keeps sessions, or than thirty days. Resolves with their number. */
export const expireTranscripts = (
  documents: Documents,
  { retention }: Pick<OperatorSettings, "retention">,
  now: Instant,
): Promise<number> => keptTranscripts(documents).expire(later(now, -(retention?.days ?? keptDays) * dayMilliseconds));
