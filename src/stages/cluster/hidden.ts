import type { Session } from "../../domain/session.ts";
import { invisibleTitle, titleText, topTerms } from "./describe.ts";
import type { Failure, FailureGroup } from "./failure-group.ts";
import type { Profile } from "./profile.ts";
import { spelledOut } from "./terms.ts";
import { noWrites, type Trait, traitsOf } from "./traits.ts";

export interface HiddenScope {
  /** Failures in which nothing is to be seen. */
  readonly pool: readonly Failure[];
  readonly allFailures: number;
  readonly passing: readonly Session[];
  readonly termsOf: (session: Session) => ReadonlySet<string>;
  readonly profile: (members: readonly Failure[]) => Profile;
}

/** A smaller pool is not worth a guess. */
const leastShare = 0.3;
const wordsInTitle = 2;
const wordsConsidered = 12;

/**
 * Splits a large pool of failures without a mark by what its sessions share, and calls a part a cause only where passing sessions lack it.
 * What is left says plainly that nothing is to be seen.
 */
export function splitHidden(scope: HiddenScope): readonly FailureGroup[] {
  const { allFailures, passing, pool, termsOf } = scope;
  if (pool.length === 0) return [];
  const isLarge = pool.length > leastShare * allFailures;
  const traits = isLarge ? traitsOf({ pool: pool.map(({ session }) => session), passing, termsOf }) : [];
  const taken = new Set(traits.flatMap((trait) => trait.members));
  const rest = pool.filter(({ session }) => !taken.has(session));
  const left: FailureGroup = {
    key: "no-visible-error",
    title: invisibleTitle(rest.length),
    nature: "no-visible-error",
    members: rest,
    marked: 0,
    merged: [],
  };
  return [...traits.map((trait) => groupOf(trait, scope)), ...(rest.length === 0 ? [] : [left])];
}

function groupOf(trait: Trait, { pool, profile }: HiddenScope): FailureGroup {
  const sessions = new Set(trait.members);
  const members = pool.filter(({ session }) => sessions.has(session));
  return {
    key: `${trait.kind}:${trait.value}`,
    title: titleOf(trait, profile(members)),
    nature: trait.isSignificant ? "cause" : "no-visible-error",
    members,
    marked: 0,
    merged: [],
  };
}

/** Says what the sessions share, and not that it is why they failed. */
function titleOf({ kind, members, value }: Trait, profile: Profile): string {
  if (kind === "term") {
    const [word] = spelledOut([value], members);
    return titleText(word === undefined ? "failed where one and the same name comes up" : `failed where there is talk of "${word}"`);
  }
  const words = spelledOut(topTerms(profile, wordsConsidered), members).slice(0, wordsInTitle);
  const path = value === noWrites ? "failed without having written anything" : `failed after ${value}`;
  return titleText(words.length === 0 ? path : `${path}; often mentions ${words.join(", ")}`);
}
