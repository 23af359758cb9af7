import { type Session, toolCalls } from "../../domain/session.ts";
import type { Failure, FailureGroup } from "./failure-group.ts";
import { type Profile, score, similarity } from "./profile.ts";

/** What merging knows of words. */
export interface Words {
  readonly terms: (session: Session) => ReadonlySet<string>;
  readonly profile: (members: readonly Failure[]) => Profile;
}

/** A profile of fewer sessions, or of fewer terms, is noise. */
const fewestMembers = 8;
const fewestTerms = 5;
/** Only so many of the largest groups are compared, pair by pair. */
const mostCompared = 400;
const leastSimilarity = 0.3;
const sameToolBonus = 0.1;
const leastShare = 0.6;

interface Profiled {
  readonly group: FailureGroup;
  readonly profile: Profile;
}

/** Causes with a weight and a profile of their own; `all` is the number of failures. */
const canMerge = ({ group, profile }: Profiled, all: number): boolean =>
  group.nature === "cause" && group.members.length >= Math.max(fewestMembers, all / 10_000) && profile.length >= fewestTerms;

interface Pair {
  readonly left: Profiled;
  readonly right: Profiled;
  readonly likeness: number;
}

/**
 * Merges the most alike pair of groups until none is alike enough (cosine of their profiles above .3, with .1 on top for the same tool);
 * profiles are made anew after each merge. What people named apart stays apart: groups of different evaluators never merge.
 */
export function mergeAlike(groups: readonly FailureGroup[], words: Words): readonly FailureGroup[] {
  const all = groups.reduce((sum, group) => sum + group.members.length, 0);
  const profiled = groups
    .filter((group) => group.members.length >= fewestMembers)
    .slice(0, mostCompared)
    .map((group) => ({ group, profile: words.profile(group.members) }));
  let active = profiled.filter((one) => canMerge(one, all));
  const others = new Set(groups).difference(new Set(active.map(({ group }) => group)));
  let pairs = active.flatMap((left, index) => active.slice(index + 1).flatMap((right) => alike(left, right)));
  for (let best = mostAlike(pairs); best !== undefined; best = mostAlike(pairs)) {
    const { left, right } = best;
    const group = merged(left.group, right.group);
    const joined = { group, profile: words.profile(group.members) };
    active = active.filter((one) => one !== left && one !== right);
    pairs = pairs.filter((pair) => ![pair.left, pair.right].some((one) => one === left || one === right));
    pairs.push(...active.flatMap((one) => alike(one, joined)));
    active.push(joined);
  }
  return [...active.map(({ group }) => group), ...others];
}

function alike(left: Profiled, right: Profiled): readonly Pair[] {
  const [one, other] = [left.group.mark, right.group.mark];
  if (nameOf(left.group) !== nameOf(right.group)) return [];
  const bonus = one?.tool !== undefined && one.tool === other?.tool ? sameToolBonus : 0;
  const likeness = similarity(left.profile, right.profile) + bonus;
  return likeness > leastSimilarity ? [{ left, right, likeness }] : [];
}

/** The name that people or a model gave; empty for what rules saw. */
const nameOf = ({ mark }: FailureGroup): string => (mark?.rule.includes(":") === true ? mark.rule : "");

function mostAlike(pairs: readonly Pair[]): Pair | undefined {
  let best = pairs[0];
  for (const pair of pairs) if (best !== undefined && pair.likeness > best.likeness) best = pair;
  return best;
}

/** The larger group's name and key stay; a mark stays as far as both share it. */
function merged(one: FailureGroup, other: FailureGroup): FailureGroup {
  const [larger, smaller] = one.members.length >= other.members.length ? [one, other] : [other, one];
  const { mark: _mark, ...rest } = larger;
  const isSameTool = larger.mark?.tool !== undefined && larger.mark.tool === smaller.mark?.tool;
  const mark = larger.mark === undefined ? undefined : { rule: larger.mark.rule, ...(isSameTool ? { tool: larger.mark.tool } : {}) };
  return {
    ...rest,
    ...(mark === undefined ? {} : { mark }),
    members: [...larger.members, ...smaller.members],
    marked: larger.marked + smaller.marked,
    merged: [...larger.merged, smaller.title, ...smaller.merged],
  };
}

export interface Absorbed {
  readonly groups: readonly FailureGroup[];
  readonly rest: readonly Failure[];
}

/**
 * Gives a failure that shows nothing to the group whose words it carries, if it carries most of them and could belong: it called the tool
 * that fails there, and the evaluator that names the group has not looked at it.
 */
export function absorb(groups: readonly FailureGroup[], hidden: readonly Failure[], words: Words): Absorbed {
  const targets = groups
    .filter((group) => group.members.length >= fewestMembers && group.nature === "cause")
    .map((group) => ({ group, profile: words.profile(group.members), added: [] as Failure[] }))
    .filter(({ profile }) => profile.length >= fewestTerms);
  const rest: Failure[] = [];
  for (const failure of hidden) {
    const fitting = targets
      .filter(({ group }) => couldBelong(failure.session, group))
      .map((target) => ({ target, share: score(target.profile, words.terms(failure.session)) / Math.sqrt(target.profile.length) }))
      .filter(({ share }) => share >= leastShare)
      .toSorted((left, right) => right.share - left.share);
    const [best] = fitting;
    if (best === undefined) rest.push(failure);
    else best.target.added.push(failure);
  }
  const added = new Map(targets.map((target) => [target.group, target.added]));
  return { groups: groups.map((group) => ({ ...group, members: [...group.members, ...(added.get(group) ?? [])] })), rest };
}

function couldBelong(session: Session, { mark }: FailureGroup): boolean {
  if (mark === undefined) return false;
  const { rule, tool } = mark;
  const evaluator = /^evaluation:([\s\S]*):[^:]*$/.exec(rule)?.[1];
  if (evaluator !== undefined) return !session.feedback.some((feedback) => feedback.name.trim() === evaluator);
  return tool !== undefined && toolCalls(session).some((call) => call.tool === tool);
}
