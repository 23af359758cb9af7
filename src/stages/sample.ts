import type { FailureCluster } from "../domain/cluster.ts";
import { digestOfJson } from "../domain/digest.ts";
import type { SessionId } from "../domain/ids.ts";
import type { Outcome } from "../domain/outcome.ts";
import { keyedOrder } from "../domain/random.ts";
import type { HeldOut, Sample, Shown } from "../domain/sample.ts";
import type { Session } from "../domain/session.ts";
import { groupSessions, type SessionGroup } from "./sample/groups.ts";
import { drawn, firstOf, smallPool, stratified, type TestOrder } from "./sample/test-order.ts";
import { typicalOf } from "./sample/typical.ts";

export interface SampleInput {
  readonly cluster: FailureCluster;
  /** Those that can be replayed. */
  readonly sessions: readonly Session[];
  readonly outcomes: readonly Outcome[];
  readonly seed: number;
  readonly caps: { readonly shown: number; readonly failing: number; readonly control: number };
  /** Who is one vote. */
  readonly countBy: "user" | "session";
  /** Default `random`. `stratified`: by the prompt's version and the session's length, looked at only after whole blocks. */
  readonly order?: "random" | "stratified";
  /** An earlier job of the same edit: what was shown then is shown again, and nobody whose session was looked at then is in the test. */
  readonly earlier?: EarlierSample;
}

export interface EarlierSample {
  readonly shown: readonly SessionId[];
  readonly lookedAt: readonly SessionId[];
}

/** Fewer failing sessions than this speak for nobody, however often they are replayed. */
export const fewestFailing = 5;

/** The drafter sees at most this share of the people who failed, and only what is beyond so many groups, so that the test keeps enough. */
const shownShare = 1 / 3;
const reserved = 9;

/**
 * In: a cluster, all sessions that can be replayed, and a seed. Out: what the drafter sees, and the committed order of the sessions that
 * the test keeps. The split is by person (else by near-equal opening): no group stands on both sides, and each is in the test once. Shown are
 * typical members; the test's order is a keyed hash of seed and session id, fixed before the first replay, or blocks of strata in that
 * order; from fewer than 24 failing sessions the test draws with replacement. Controls are a plain random choice among working sessions of
 * the same agent. Says `too-few` where no edit could be proven; never looks at what a session says to decide how it ended.
 */
export function sample(input: SampleInput): Sample {
  const { caps, seed } = input;
  const split = splitOf(input);
  const failing = inOrder(picked(split.tested, split.members, seed), seed);
  const control = inOrder(picked(split.free, split.working, seed), seed);
  const excluded = exclusions(input, split, { failing: failing.length, control: control.length });
  const kept = control.slice(0, caps.control);
  if (Math.min(failing.length, caps.failing) < fewestFailing)
    return { result: "too-few", failing: failing.length, control: kept.length, needed: fewestFailing, excluded };
  const order = orderOf(failing, input);
  return {
    result: "sampled",
    shown: split.shown.map((session) => session as Shown),
    failing: order.sessions.map((session) => session as HeldOut),
    control: kept.map((session) => session as HeldOut),
    ...(order.pool === undefined ? {} : { pool: order.pool }),
    ...(order.looks === undefined ? {} : { looks: order.looks }),
    order: digestOfJson([order.sessions.map((session) => session.id), kept.map((session) => session.id)]),
    excluded,
  };
}

function orderOf(failing: readonly Session[], { caps, order, seed }: SampleInput): TestOrder {
  if (failing.length < smallPool) return drawn(failing, caps.failing, seed);
  return firstOf(order === "stratified" ? stratified(failing) : { sessions: failing }, caps.failing);
}

interface Split {
  readonly members: ReadonlySet<SessionId>;
  /** Working sessions of the cluster's agent. */
  readonly working: ReadonlySet<SessionId>;
  /** Working sessions of other agents. */
  readonly foreign: number;
  readonly shown: readonly Session[];
  readonly shownGroups: readonly SessionGroup[];
  /** Groups with failing sessions that the drafter does not see. */
  readonly tested: readonly SessionGroup[];
  /** Groups without a member of the cluster. */
  readonly free: readonly SessionGroup[];
}

function splitOf(input: SampleInput): Split {
  const members = new Set<SessionId>(input.cluster.members);
  const { foreign, working } = workingSessions(input, members);
  const groups = keyedOrder(groupSessions(input.sessions, input.countBy), input.seed, (group) => group.key);
  const failing = groups.filter((group) => group.sessions.some((session) => members.has(session.id)));
  const shown = shownOf(failing, members, input);
  const seen = new Set(shown);
  const shownGroups = failing.filter((group) => group.sessions.some((session) => seen.has(session)));
  const used = new Set<SessionId>(input.earlier?.lookedAt);
  const hidden = new Set([...shownGroups, ...failing.filter((group) => group.sessions.some((session) => used.has(session.id)))]);
  const tested = failing.filter((group) => !hidden.has(group));
  const touched = new Set(failing);
  const free = groups.filter((group) => !touched.has(group));
  return { members, working, foreign, shown, shownGroups, tested, free };
}

function shownOf(failing: readonly SessionGroup[], members: ReadonlySet<SessionId>, input: SampleInput): readonly Session[] {
  if (input.earlier === undefined) return typicalOf(picked(failing, members, input.seed), shownCount(failing.length, input.caps.shown));
  const before = new Set(input.earlier.shown);
  return input.sessions.filter((session) => before.has(session.id));
}

/** At least one, at most a third of the groups and the cap; never so many that the test falls below what it needs. */
const shownCount = (groups: number, cap: number): number =>
  Math.min(cap, groups, Math.max(1, Math.min(Math.floor(groups * shownShare), groups - reserved)));

function workingSessions(
  { outcomes, sessions }: SampleInput,
  members: ReadonlySet<SessionId>,
): { readonly working: ReadonlySet<SessionId>; readonly foreign: number } {
  const succeeded = new Set(outcomes.flatMap((outcome) => (outcome.result === "succeeded" ? [outcome.sessionId] : [])));
  const agents = new Set(sessions.filter((session) => members.has(session.id)).map((session) => session.agent));
  const all = sessions.filter((session) => succeeded.has(session.id) && !members.has(session.id));
  const own = all.filter((session) => agents.has(session.agent));
  return { working: new Set(own.map((session) => session.id)), foreign: all.length - own.length };
}

const inOrder = (sessions: readonly Session[], seed: number): readonly Session[] => keyedOrder(sessions, seed, (session) => session.id);

/** One session of each group, among the wanted ones, by the keyed order: one group is one vote. */
const picked = (groups: readonly SessionGroup[], wanted: ReadonlySet<SessionId>, seed: number): readonly Session[] =>
  groups.flatMap((group) =>
    inOrder(
      group.sessions.filter((session) => wanted.has(session.id)),
      seed,
    ).slice(0, 1),
  );

/** What was left out of the test, by reason. */
function exclusions(
  input: SampleInput,
  split: Split,
  found: { readonly failing: number; readonly control: number },
): Readonly<Record<string, number>> {
  const count = (groups: readonly SessionGroup[], wanted: ReadonlySet<SessionId>): number =>
    groups.reduce((sum, group) => sum + group.sessions.filter((session) => wanted.has(session.id)).length, 0);
  const who = input.countBy === "user" ? "user" : "opening";
  const counts: readonly (readonly [reason: string, count: number])[] = [
    [`failing sessions shown to the drafter, or of the same ${who}`, count(split.shownGroups, split.members)],
    [`further failing sessions of a ${who} that is in the test`, count(split.tested, split.members) - found.failing],
    ["failing sessions beyond the cap", found.failing - Math.min(found.failing, input.caps.failing)],
    [`working sessions of a ${who} that also failed`, count([...split.shownGroups, ...split.tested], split.working)],
    [`further working sessions of a ${who} that is in the test`, count(split.free, split.working) - found.control],
    ["working sessions of another agent", split.foreign],
    ["working sessions beyond the cap", found.control - Math.min(found.control, input.caps.control)],
  ];
  return Object.fromEntries(counts.filter(([, value]) => value > 0));
}
