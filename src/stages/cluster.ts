import type { FailureCluster } from "../domain/cluster.ts";
import { canonicalJson, asJson, digestOf, shortDigest } from "../domain/digest.ts";
import { clusterId, type ProjectId, type SessionId } from "../domain/ids.ts";
import type { FailedOutcome, FailureSignature, Outcome } from "../domain/outcome.ts";
import { type Session, toolCalls } from "../domain/session.ts";
import { invisibleTitle, signatureTitle, topTerms, traitTitle } from "./cluster/describe.ts";
import { type Profile, profileOf, score, similarity, termCounts } from "./cluster/profile.ts";
import { withStableIds } from "./cluster/stable-ids.ts";
import { termsOf } from "./cluster/terms.ts";
import { traitsOf } from "./cluster/traits.ts";

export interface ClusterInput {
  readonly project: ProjectId;
  readonly sessions: readonly Session[];
  readonly outcomes: readonly Outcome[];
  /** The clusters of the last run, for their ids. */
  readonly previous: readonly FailureCluster[];
}

interface Failure {
  readonly session: Session;
  readonly outcome: FailedOutcome;
}

/** A group on its way to a cluster. */
interface Group {
  /** What its id is made of: the same on every run. */
  readonly key: string;
  readonly title: string;
  readonly nature: FailureCluster["nature"];
  readonly signature?: FailureSignature;
  readonly members: readonly Failure[];
}

/** Merging needs groups with some weight: signatures with fewer sessions have no profile to compare. */
const mergeFloor = 8;
const mergeTerms = 5;
const mergeSimilarity = 0.3;
const sameMarkBonus = 0.1;
const absorbScore = 0.6;
const splitShare = 0.3;

/**
 * In: sessions with outcomes. Out: groups that failed in the same way, most users first. No model. Equal signatures form groups, groups with
 * like profiles merge, and failures without a visible mark are absorbed by a profile or split by the path of write tools and by words that
 * passing sessions lack. What remains is called "no visible error", never a cause: most real failures show no tool error.
 */
export function cluster(input: ClusterInput): readonly FailureCluster[] {
  const byId = new Map<SessionId, Session>(input.sessions.map((session) => [session.id, session]));
  const failures = input.outcomes.flatMap((outcome): Failure[] => {
    const session = byId.get(outcome.sessionId);
    return outcome.result === "failed" && session !== undefined ? [{ session, outcome }] : [];
  });
  if (failures.length === 0) return [];
  const lexicon = lexiconOf(failures);
  const visible = mergeAlike(signatureGroups(failures.filter((failure) => hasMark(failure.outcome.signature))), lexicon);
  const hidden = failures.filter((failure) => !hasMark(failure.outcome.signature));
  const { groups, rest } = absorb(visible, hidden, lexicon);
  const all = [...groups, ...splitHidden(rest, failures.length, input, byId)];
  const clusters = all.filter((group) => group.members.length > 0).map((group) => toCluster(group, input, lexicon));
  return withStableIds(clusters, input.previous).toSorted(byWeight);
}

/** A mark names something: a tool's error, a loop, a named evaluator. A bare "failed" does not. */
const hasMark = (signature: FailureSignature): boolean =>
  signature.tool !== undefined || /^(evaluation:|finish:|loop$|gave-up$|empty-reply$|user-repeats$|model:(?!unknown))/.test(signature.rule);

const rank: Readonly<Record<FailureCluster["nature"], number>> = { cause: 0, "no-visible-error": 1, infrastructure: 2 };

const byWeight = (left: FailureCluster, right: FailureCluster): number =>
  rank[left.nature] - rank[right.nature] ||
  right.users - left.users ||
  right.members.length - left.members.length ||
  (left.id < right.id ? -1 : 1);

interface Lexicon {
  readonly terms: (session: Session) => ReadonlySet<string>;
  readonly profile: (members: readonly Failure[]) => Profile;
}

function lexiconOf(failures: readonly Failure[]): Lexicon {
  const known = new Map<SessionId, ReadonlySet<string>>();
  const terms = (session: Session): ReadonlySet<string> => {
    const found = known.get(session.id) ?? termsOf(session);
    known.set(session.id, found);
    return found;
  };
  const background = termCounts(failures.map(({ session }) => terms(session)));
  return {
    terms,
    profile: (members) =>
      profileOf(
        members.map(({ session }) => terms(session)),
        background,
        failures.length,
      ),
  };
}

function signatureGroups(failures: readonly Failure[]): readonly Group[] {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const key = canonicalJson(asJson(markOf(failure.outcome.signature)));
    groups.set(key, [...(groups.get(key) ?? []), failure]);
  }
  return [...groups].map(([key, members]) => {
    const signature = markOf(members[0]?.outcome.signature ?? { rule: "unknown" });
    return { key, title: signatureTitle(signature), nature: isInfrastructure(members) ? "infrastructure" : "cause", signature, members };
  });
}

/** With a tool's error at hand, who called the session failed does not matter. */
const markOf = (signature: FailureSignature): FailureSignature =>
  signature.template === undefined || signature.rule.startsWith("evaluation:") ? signature : { ...signature, rule: "tool-error" };

const infrastructure = /\b(429|50[0234]|529|time[d -]?out|rate limit|overloaded|unavailable|connection (?:reset|refused)|econn\w+)\b/i;

/** Errors that no prompt can mend. */
function isInfrastructure(members: readonly Failure[]): boolean {
  const marked = members.filter(({ session, outcome }) =>
    toolCalls(session).some(
      (call) =>
        call.tool === outcome.signature.tool &&
        call.error !== undefined &&
        infrastructure.test(`${call.error} ${typeof call.output === "string" ? call.output.slice(0, 500) : ""}`),
    ),
  );
  return marked.length * 2 > members.length;
}

/** Merges the most alike pair of groups until none is alike enough; profiles are made anew after each merge. */
function mergeAlike(groups: readonly Group[], lexicon: Lexicon): readonly Group[] {
  let current = groups.map((group) => ({ group, profile: lexicon.profile(group.members) }));
  for (;;) {
    const eligible = current.filter(
      ({ group, profile }) => group.members.length >= mergeFloor && profile.length >= mergeTerms && group.nature === "cause",
    );
    const best = eligible
      .flatMap((left, index) => eligible.slice(index + 1).map((right) => ({ left, right, likeness: likeness(left, right) })))
      .toSorted((one, other) => other.likeness - one.likeness)[0];
    if (best === undefined || best.likeness <= mergeSimilarity) return current.map(({ group }) => group);
    const [larger, smaller] =
      best.left.group.members.length >= best.right.group.members.length ? [best.left, best.right] : [best.right, best.left];
    const merged: Group = { ...larger.group, members: [...larger.group.members, ...smaller.group.members] };
    current = [...current.filter((one) => one !== larger && one !== smaller), { group: merged, profile: lexicon.profile(merged.members) }];
  }
}

function likeness(
  left: { readonly group: Group; readonly profile: Profile },
  right: { readonly group: Group; readonly profile: Profile },
): number {
  const mark = (one: Group, other: Group): boolean => one.signature?.tool !== undefined && one.signature.tool === other.signature?.tool;
  return similarity(left.profile, right.profile) + (mark(left.group, right.group) ? sameMarkBonus : 0);
}

/** Gives each failure without a mark to the group whose profile it carries, if it carries enough of one. */
function absorb(
  groups: readonly Group[],
  hidden: readonly Failure[],
  lexicon: Lexicon,
): { readonly groups: readonly Group[]; readonly rest: readonly Failure[] } {
  const profiles = groups.map((group) =>
    group.members.length >= mergeFloor && group.nature === "cause" ? lexicon.profile(group.members) : [],
  );
  const absorbed = groups.map((): Failure[] => []);
  const rest: Failure[] = [];
  for (const failure of hidden) {
    const scores = profiles.map((profile) =>
      profile.length < mergeTerms ? 0 : score(profile, lexicon.terms(failure.session)) / Math.sqrt(profile.length),
    );
    const best = scores.indexOf(Math.max(0, ...scores));
    const target = absorbed[best];
    if (target !== undefined && (scores[best] ?? 0) >= absorbScore) target.push(failure);
    else rest.push(failure);
  }
  return { groups: groups.map((group, index) => ({ ...group, members: [...group.members, ...(absorbed[index] ?? [])] })), rest };
}

/** Splits a large pool of failures without a mark by what passing sessions lack; what is left says plainly that nothing is to be seen. */
function splitHidden(
  pool: readonly Failure[],
  allFailures: number,
  input: ClusterInput,
  byId: ReadonlyMap<SessionId, Session>,
): readonly Group[] {
  if (pool.length === 0) return [];
  const passing = input.outcomes.flatMap((outcome) => (outcome.result === "succeeded" ? (byId.get(outcome.sessionId) ?? []) : []));
  const known = new Map<SessionId, ReadonlySet<string>>();
  const terms = (session: Session): ReadonlySet<string> => {
    const found = known.get(session.id) ?? termsOf(session);
    known.set(session.id, found);
    return found;
  };
  const traits =
    pool.length > splitShare * allFailures ? traitsOf({ pool: pool.map(({ session }) => session), passing, termsOf: terms }) : [];
  const taken = new Set<Session>(traits.flatMap((trait) => trait.members));
  const rest = pool.filter(({ session }) => !taken.has(session));
  return [
    ...traits.map((trait): Group => {
      const members = new Set<Session>(trait.members);
      return {
        key: `${trait.kind}:${trait.value}`,
        title: traitTitle(trait),
        nature: "cause",
        members: pool.filter(({ session }) => members.has(session)),
      };
    }),
    { key: "no-visible-error", title: invisibleTitle(rest.length), nature: "no-visible-error", members: rest },
  ];
}

const mostExemplars = 8;

function toCluster(group: Group, input: ClusterInput, lexicon: Lexicon): FailureCluster {
  const profile = lexicon.profile(group.members);
  const typical = group.members.toSorted(
    (left, right) =>
      score(profile, lexicon.terms(right.session)) - score(profile, lexicon.terms(left.session)) ||
      (left.session.id < right.session.id ? -1 : 1),
  );
  const times = group.members.map(({ session }) => session.startedAt).toSorted();
  const instructions = new Set(group.members.flatMap(({ session }) => session.instructions.slice(0, 1).map((one) => one.digest)));
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) throw new Error("a cluster has members");
  return {
    id: clusterId(`c-${shortDigest(digestOf(`${input.project} ${group.key}`), 8)}`),
    project: input.project,
    cause: causeOf(group),
    title: group.title,
    description: describe(group, profile),
    origin: "found",
    nature: group.nature,
    ...(group.signature === undefined ? {} : { signature: group.signature }),
    profile,
    members: group.members.map(({ session }) => session.id).toSorted(),
    exemplars: typical.slice(0, mostExemplars).map(({ session }) => session.id),
    users: new Set(group.members.flatMap(({ session }) => session.user ?? [])).size,
    sessionsInWindow: input.sessions.length,
    from: first,
    to: last,
    instructions: [...instructions],
  };
}

/** The commonest cause among the members. */
function causeOf(group: Group): FailureCluster["cause"] {
  const counts = new Map<FailureCluster["cause"], number>();
  for (const { outcome } of group.members) counts.set(outcome.cause, (counts.get(outcome.cause) ?? 0) + 1);
  return [...counts].toSorted(([, left], [, right]) => right - left)[0]?.[0] ?? "unknown";
}

function describe(group: Group, profile: Profile): string {
  const terms = topTerms(profile, 5);
  const words = terms.length === 0 ? "" : ` More often than other failures they speak of: ${terms.join(", ")}.`;
  switch (group.nature) {
    case "infrastructure":
      return `${group.members.length} sessions failed with an error of the infrastructure; no prompt can mend it.`;
    case "no-visible-error":
      return `${group.members.length} sessions are labelled as failed, and nothing in them shows why: no tool error, no loop, no evaluator that names a cause.${words}`;
    case "cause":
      return `${group.members.length} sessions share this mark.${words}`;
  }
}
