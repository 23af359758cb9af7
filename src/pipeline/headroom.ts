import type { FailureCluster } from "../domain/cluster.ts";
import type { Clue, Headroom } from "../domain/replaying/headroom.ts";
import type { ArmRecord } from "../domain/replay.ts";
import type { Session } from "../domain/session.ts";
import type { Runtime } from "../ports/runtime.ts";
import { cluesOf, headroomOf, headroomSoFar, hintFor, type HintedFailure, passesNeeded } from "../stages/headroom.ts";
import { concurrently } from "./concurrently.ts";
import { failingOutside, type FidelityInput } from "./fidelity.ts";
import { Rehearsal, type RehearsalTools } from "./rehearse.ts";

export interface HeadroomInput extends FidelityInput {
  readonly cluster: FailureCluster;
  /** Replays at most; 0 leaves the question open. */
  readonly most: number;
}

/**
 * Runs failing sessions outside the test's order again, shown ones first, with a strong hint at the end of the agent's prompt: can this model
 * pass them at all? In blocks, until the answer is clear, the cap or the budget is reached. Asks no drafter.
 */
export async function measureHeadroom(input: HeadroomInput, tools: RehearsalTools, runtime: Runtime): Promise<Headroom> {
  const hint = hintFor(input.cluster, input.rubric);
  const sessions = failingOutside(input, input.most);
  const arms: ArmRecord[] = [];
  if (passesNeeded(sessions.length) === 0) return headroomOf(arms, sessions.length, hint);
  const rehearsal = new Rehearsal(input, tools, runtime);
  runtime.progress({ stage: "headroom", state: "started", total: sessions.length, unit: "replays with a hint" });
  while (headroomSoFar(arms, sessions.length) === undefined) {
    const next = sessions.slice(arms.length, arms.length + input.inFlight);
    const measured = await concurrently(next, input.inFlight, (session) => rehearsal.withHint(session, hint));
    const known = measured.filter((arm) => arm !== undefined);
    arms.push(...known);
    if (known.length < next.length) break;
  }
  const headroom = headroomOf(arms, sessions.length, hint, await cluesIn(arms, sessions, input, tools));
  runtime.progress({
    stage: "headroom",
    state: headroom.result === "none" ? "failed" : "finished",
    note: `${headroom.passed}/${headroom.replayed} failing sessions pass with a strong hint`,
  });
  return headroom;
}

/** Where to look instead, from the failed replays' own conversations as the ledger kept them. */
async function cluesIn(
  arms: readonly ArmRecord[],
  sessions: readonly Session[],
  { rubric }: HeadroomInput,
  { transcripts }: RehearsalTools,
): Promise<readonly Clue[]> {
  if (headroomSoFar(arms, sessions.length) !== "none") return [];
  const failed = arms.filter((arm) => arm.outcome === "failed");
  const failures = await Promise.all(
    failed.map(async (arm): Promise<HintedFailure> => {
      const kept = arm.replay === undefined ? undefined : await transcripts?.find(arm.replay);
      return kept === undefined ? { arm } : { arm, transcript: kept };
    }),
  );
  const defined = new Set(sessions.flatMap((session) => session.tools.map((tool) => tool.name)));
  return cluesOf(failures, defined, rubric);
}
