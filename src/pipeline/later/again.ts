import type { EditWish } from "../../domain/documents.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Candidate } from "../../domain/edit.ts";
import { decisiveVerdict, type Evidence } from "../../domain/evidence.ts";
import { noUsage, textMessage } from "../../domain/message.ts";
import type { JobInput, JobTools } from "../../pipeline.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import type { KeptJob } from "../standing/jobs.ts";

/** How a later job takes up an earlier one. */
export type Again =
  /** Drafts anew after a person's words. */
  | { readonly kind: "revise"; readonly words: string }
  | { readonly kind: "smaller" }
  /** Tests the same edit on further held-out sessions. */
  | { readonly kind: "replay"; readonly sessions: number }
  /** Tests the same edit on another base. */
  | { readonly kind: "verify" };

/** A revision is tested with few candidates: each takes its share of an error level that is smaller already. */
const mostRevisions = 2;

/** The edit that an earlier job was about: its winner, else the one that its verdict speaks of. */
export function editOf({ attempt, evidence }: KeptJob): Candidate | undefined {
  const { candidate } = decisiveVerdict(evidence);
  return [...attempt.draft.candidates, ...evidence.candidates].find((one) => one.id === candidate);
}

/**
 * Input and tools of a later job. What was asked of the prompt as such is not asked again; a test of the same edit drafts nothing: its drafter
 * answers with that edit, so that it is placed and vetted like any other.
 */
export function againInput(
  kept: KeptJob,
  again: Again,
  job: { readonly input: JobInput; readonly tools: JobTools },
): { readonly input: JobInput; readonly tools: JobTools } {
  const present = editOf(kept);
  if (present === undefined)
    throw new TuneupError("internal", "The ledger's job does not hold the edit that its verdict is about.", {
      remedy: "`/tuneup run` looks at the failure anew.",
      fields: { job: kept.evidence.job },
    });
  const { headroom: _asked, ...attempt } = job.tools.attempt;
  if (again.kind === "revise" || again.kind === "smaller") {
    const wish: EditWish = { present, ...(again.kind === "revise" ? { words: again.words } : {}) };
    const candidates = Math.min(mostRevisions, job.input.candidates);
    return { input: { ...job.input, candidates, wish }, tools: { ...job.tools, attempt } };
  }
  const further =
    again.kind === "replay"
      ? {
          earlier: { shown: kept.attempt.sample.shown, lookedAt: lookedAt(kept.evidence) },
          caps: { ...job.input.caps, failing: again.sessions },
        }
      : {};
  const input: JobInput = { ...job.input, ...further, candidates: 1, tried: [], later: true };
  return { input, tools: { ...job.tools, attempt: { ...attempt, drafter: repeating(present, kept.attempt.draft.model) } } };
}

const lookedAt = ({ pairs }: Evidence): Evidence["orders"]["failing"] =>
  pairs.flatMap((pair) => (pair.group === "failing" ? [pair.sessionId] : []));

/** A drafter that has one edit to offer and costs nothing. */
const repeating = ({ edits, hypothesis, kind }: Candidate, model: string): ModelClient => ({
  model,
  simulated: false,
  complete: async () => ({
    message: textMessage(
      "assistant",
      JSON.stringify({
        hypotheses: [],
        candidates: [
          {
            kind,
            hypothesis,
            edits: edits.map(({ after, before, path, reason }) => ({ path, search: before, replace: after, reason })),
          },
        ],
      }),
    ),
    finish: "stop",
    usage: noUsage,
  }),
});
