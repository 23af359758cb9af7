import type { FailureCluster } from "../domain/cluster.ts";
import { digestOf, shortDigest } from "../domain/digest.ts";
import { clusterId, type ProjectId, type SessionId } from "../domain/ids.ts";
import type { FailureSignature, Outcome } from "../domain/outcome.ts";
import type { Session } from "../domain/session.ts";
import { describe, topTerms } from "./cluster/describe.ts";
import { type Failure, type FailureGroup, voterOf } from "./cluster/failure-group.ts";
import { splitHidden } from "./cluster/hidden.ts";
import { groupByMark } from "./cluster/marks.ts";
import { absorb, mergeAlike } from "./cluster/merge.ts";
import { type Profile, profileOf, score, termCounts } from "./cluster/profile.ts";
import { withStableIds } from "./cluster/stable-ids.ts";
import { spelledOut, termsOf } from "./cluster/terms.ts";

export interface ClusterInput {
  readonly project: ProjectId;
  readonly sessions: readonly Session[];
  readonly outcomes: readonly Outcome[];
  /** The clusters of the last run, for their ids. */
  readonly previous: readonly FailureCluster[];
}

/**
 * In: sessions with outcomes. Out: groups that failed in the same way, most users first, then most sessions. Deterministic, no model. Equal
 * marks form groups, groups with like words merge, and failures that show nothing join a group whose words they carry, or are split by the
 * path of tools that write and by words that passing sessions lack. What remains is called "no visible error", never a cause: most real
 * failures show no tool error. Every failed session is in exactly one cluster.
 */
export function cluster(input: ClusterInput): readonly FailureCluster[] {
  const { failures, passing } = sorted(input);
  if (failures.length === 0) return [];
  const terms = remembered(termsOf);
  const profileAgainst = (background: readonly Session[]): ((members: readonly Failure[]) => Profile) => {
    const counts = termCounts(background.map((session) => terms(session)));
    return (members) =>
      profileOf(
        members.map(({ session }) => terms(session)),
        counts,
        background.length,
      );
  };
  // Groups are told apart from other failures; people, and the next run, want to know what sets them apart from all sessions.
  const words = { terms, profile: profileAgainst(failures.map(({ session }) => session)) };
  const profile = profileAgainst(input.sessions);

  const marked = groupByMark(failures, passing);
  const { groups, rest } = absorb(mergeAlike(marked.groups, words), marked.hidden, words);
  const split = splitHidden({ pool: rest, allFailures: failures.length, passing, termsOf: terms, profile });
  const clusters = [...groups, ...split].map((group) => toCluster(group, input, { terms, profile }));
  return withStableIds(clusters, input.previous).toSorted(byWeight);
}

function sorted(input: ClusterInput): { readonly failures: readonly Failure[]; readonly passing: readonly Session[] } {
  const byId = new Map<SessionId, Session>(input.sessions.map((session) => [session.id, session]));
  const failures: Failure[] = [];
  const passing: Session[] = [];
  for (const outcome of input.outcomes) {
    const session = byId.get(outcome.sessionId);
    if (session === undefined) continue;
    if (outcome.result === "failed") failures.push({ session, outcome });
    if (outcome.result === "succeeded") passing.push(session);
  }
  const inOrder = failures.toSorted((left, right) => (left.session.id < right.session.id ? -1 : 1));
  return { failures: inOrder, passing };
}

function remembered(termsOfSession: (session: Session) => ReadonlySet<string>): (session: Session) => ReadonlySet<string> {
  const known = new Map<Session, ReadonlySet<string>>();
  return (session) => {
    const found = known.get(session) ?? termsOfSession(session);
    known.set(session, found);
    return found;
  };
}

const byWeight = (left: FailureCluster, right: FailureCluster): number =>
  right.users - left.users || right.members.length - left.members.length || (left.id < right.id ? -1 : 1);

interface Words {
  readonly terms: (session: Session) => ReadonlySet<string>;
  readonly profile: (members: readonly Failure[]) => Profile;
}

const wordsInDescription = 5;
const wordsConsidered = 15;

function toCluster(group: FailureGroup, input: ClusterInput, words: Words): FailureCluster {
  const profile = words.profile(group.members);
  const members = group.members.map(({ session }) => session);
  const times = members.map((session) => session.startedAt).toSorted();
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) throw new Error("a cluster has members");
  const signature = judgeable(group);
  return {
    id: clusterId(`c-${shortDigest(digestOf(`${input.project} ${group.key}`), 8)}`),
    project: input.project,
    cause: causeOf(group),
    title: group.title,
    description: describe(group, spelledOut(topTerms(profile, wordsConsidered), members).slice(0, wordsInDescription)),
    origin: "found",
    nature: group.nature,
    ...(signature === undefined ? {} : { signature }),
    profile,
    members: members.map((session) => session.id).toSorted(),
    exemplars: exemplarsOf(group, (session) => score(profile, words.terms(session))),
    users: new Set(members.flatMap((session) => session.user ?? [])).size,
    sessionsInWindow: input.sessions.length,
    from: first,
    to: last,
    instructions: [...new Set(members.flatMap((session) => session.instructions.slice(0, 1).map((one) => one.digest)))].toSorted(),
  };
}

/**
 * The mark as a signature. Whoever judges a replay by it takes "the error is gone" for success, so the error's text is in it only where the
 * error is the failure: an evaluator's complaint is not answered by a tool that works.
 */
function judgeable({ mark }: FailureGroup): FailureSignature | undefined {
  if (mark === undefined || mark.rule === "tool-error" || mark.rule === "model-error") return mark;
  return { rule: mark.rule, ...(mark.tool === undefined ? {} : { tool: mark.tool }) };
}

const mostExemplars = 8;

/** The most typical members first, each person once as long as there are others. */
function exemplarsOf({ mark, members }: FailureGroup, weight: (session: Session) => number): readonly SessionId[] {
  const typical = members
    .map(({ outcome, session }) => ({ session, showsMark: outcome.signature.tool === mark?.tool, weight: weight(session) }))
    .toSorted(
      (left, right) =>
        Number(right.showsMark) - Number(left.showsMark) || right.weight - left.weight || (left.session.id < right.session.id ? -1 : 1),
    )
    .map(({ session }) => session);
  const voters = new Set<string>();
  const firsts = typical.filter((session) => {
    const voter = voterOf(session);
    if (voters.has(voter)) return false;
    voters.add(voter);
    return true;
  });
  const shown = new Set(firsts);
  return [...firsts, ...typical.filter((session) => !shown.has(session))].slice(0, mostExemplars).map((session) => session.id);
}

/** The commonest cause among the members; `unknown` where nothing is to be seen. */
function causeOf(group: FailureGroup): FailureCluster["cause"] {
  if (group.mark === undefined) return "unknown";
  const counts = new Map<FailureCluster["cause"], number>();
  for (const { outcome } of group.members) counts.set(outcome.cause, (counts.get(outcome.cause) ?? 0) + 1);
  return (
    [...counts].toSorted(([leftCause, left], [rightCause, right]) => right - left || (leftCause < rightCause ? -1 : 1))[0]?.[0] ?? "unknown"
  );
}
