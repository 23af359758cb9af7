import type { FailureCluster } from "../domain/cluster.ts";
import { digestOfJson } from "../domain/digest.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import { keyedOrder } from "../domain/random.ts";
import type { HeldOut, Sample, Shown } from "../domain/sample.ts";
import type { Session } from "../domain/session.ts";
import { groupSessions, type SessionGroup } from "./sample/groups.ts";

export interface SampleInput {
  readonly cluster: FailureCluster;
  readonly sessions: readonly Session[];
  readonly outcomes: readonly Outcome[];
  readonly seed: number;
  readonly caps: { readonly shown: number; readonly failing: number; readonly control: number };
  /** Who is one vote. */
  readonly countBy: "user" | "session";
}

/** Fewer failing sessions than this in the test can cross no boundary: with α/4 and one candidate in four the first possible crossing is at 8. */
export const fewestFailing = 9;

/**
 * In: a cluster, all sessions that can be replayed, and a seed. Out: what the drafter sees, and the committed order of the sessions that
 * the test keeps. The split is by person (else by near-equal first turn): no group stands on both sides, and each group is in the test once.
 * The order is a keyed hash of seed and session id: fixed before the first replay, the same for any subset.
 */
export function sample(input: SampleInput): Sample {
  const members = new Set<SessionId>(input.cluster.members);
  const succeeded = new Set(input.outcomes.filter((outcome) => outcome.result === "succeeded").map((outcome) => outcome.sessionId));
  const groups = keyedOrder(groupSessions(input.sessions, input.countBy), input.seed, (group) => group.key);
  const failing = groups.filter((group) => group.sessions.some((session) => members.has(session.id)));
  const shownGroups = failing.slice(0, shownCount(failing.length, input.caps.shown));
  const tested = failing.slice(shownGroups.length);
  const testFailing = ordered(
    tested.flatMap((group) => one(group, members, input.seed)),
    input.seed,
  ).slice(0, input.caps.failing);
  const used = new Set([...shownGroups, ...tested]);
  const controls = ordered(
    groups.filter((group) => !used.has(group)).flatMap((group) => one(group, succeeded, input.seed)),
    input.seed,
  );
  const excluded = exclusions(input, { shownGroups, tested, groups, members, succeeded });
  if (testFailing.length < fewestFailing) {
    return { result: "too-few", failing: testFailing.length, control: controls.length, needed: fewestFailing, excluded };
  }
  const control = controls.slice(0, input.caps.control);
  return {
    result: "sampled",
    shown: shownGroups.flatMap((group) => one(group, members, input.seed)) as readonly Session[] as readonly Shown[],
    failing: testFailing as readonly Session[] as readonly HeldOut[],
    control: control as readonly Session[] as readonly HeldOut[],
    order: digestOfJson([testFailing.map((session) => session.id), control.map((session) => session.id)]),
    excluded,
  };
}

/** The drafter sees at most a third of the people, so that the test keeps enough. */
const shownCount = (groups: number, cap: number): number => Math.min(cap, Math.floor(groups / 3), Math.max(0, groups - fewestFailing));

const ordered = (sessions: readonly Session[], seed: number): readonly Session[] => keyedOrder(sessions, seed, (session) => session.id);

/** One session of a group among the wanted ones: one group is one vote. */
const one = (group: SessionGroup, wanted: ReadonlySet<SessionId>, seed: number): readonly Session[] =>
  ordered(
    group.sessions.filter((session) => wanted.has(session.id)),
    seed,
  ).slice(0, 1);

interface Split {
  readonly groups: readonly SessionGroup[];
  readonly shownGroups: readonly SessionGroup[];
  readonly tested: readonly SessionGroup[];
  readonly members: ReadonlySet<SessionId>;
  readonly succeeded: ReadonlySet<SessionId>;
}

/** What was left out of the test, by reason. */
function exclusions(input: SampleInput, split: Split): Readonly<Record<string, number>> {
  const count = (groups: readonly SessionGroup[], wanted: ReadonlySet<SessionId>): number =>
    groups.reduce((sum, group) => sum + group.sessions.filter((session) => wanted.has(session.id)).length, 0);
  const who = input.countBy === "user" ? "user" : "first turn";
  const reasons: Record<string, number> = {
    "failing sessions shown to the drafter": count(split.shownGroups, split.members),
    [`failing sessions of a ${who} that is in the test already`]: count(split.tested, split.members) - split.tested.length,
    [`working sessions of a ${who} with failing ones`]: count([...split.shownGroups, ...split.tested], split.succeeded),
  };
  return Object.fromEntries(Object.entries(reasons).filter(([, value]) => value > 0));
}
