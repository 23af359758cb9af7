import type { ClusterId, Instant } from "../ids.ts";
import type { IgnoredFailure, KnownPull, Pause } from "./standing.ts";

/** How much Tuneup may put before people; set by the operator under `limits`. */
export interface PublishingLimits {
  /** Open pull requests of Tuneup's in one repository. */
  readonly openPullRequests: number;
  /** Open ones that change the same file. */
  readonly openPerFile: number;
  /** New ones within 24 hours. */
  readonly newPerDay: number;
  /** Days after a merge or a close in which nothing new is proposed for that file, unless a person asks. */
  readonly cooldownDays: number;
  /** US dollars for models within 24 hours, for one trace project; no limit where absent. */
  readonly dollarsPerDay?: number;
}

export const defaultLimits: PublishingLimits = { openPullRequests: 3, openPerFile: 1, newPerDay: 2, cooldownDays: 7 };

const day = 24 * 60 * 60 * 1000;

/** What is known when a proposal is about to be published. */
export interface PublishingFacts {
  /** Our pull requests in the repository. */
  readonly pulls: readonly KnownPull[];
  readonly pauses: readonly Pause[];
  readonly ignored?: IgnoredFailure;
  readonly limits: PublishingLimits;
  readonly now: Instant;
}

export interface Publishable {
  readonly branch: string;
  readonly cluster: ClusterId;
  readonly paths: readonly string[];
  /** Login of who asked; cooldowns hold only for what nobody asked for. */
  readonly startedBy?: string;
}

/** Why a proposal is not published, and what changes that. */
export interface Hindrance {
  readonly why: string;
  readonly remedy: string;
}

/**
 * What stands against publishing: what people decided, then the limits. Limits count new pull requests only; one that is open already may always be
 * brought up to date. `undefined` when nothing does.
 */
export function hindranceOf(proposal: Publishable, facts: PublishingFacts): Hindrance | undefined {
  return byPeople(proposal, facts) ?? (openOne(proposal, facts) === undefined ? byLimits(proposal, facts) : undefined);
}

const openOne = ({ branch }: Publishable, { pulls }: PublishingFacts): KnownPull | undefined =>
  pulls.find((pull) => pull.branch === branch && pull.life === "open");

function byPeople(proposal: Publishable, facts: PublishingFacts): Hindrance | undefined {
  const open = openOne(proposal, facts);
  const pause = facts.pauses.find((one) => one.pull === undefined || one.pull === open?.number);
  if (pause !== undefined)
    return {
      why: `${pause.pull === undefined ? "this repository" : `pull request ${pause.pull}`} is paused by ${pause.by}`,
      remedy: "`/tuneup resume` there ends the pause.",
    };
  if (facts.ignored !== undefined)
    return {
      why: `this failure is ignored by ${facts.ignored.by}`,
      remedy: `\`/tuneup unignore ${proposal.cluster}\` takes it up again.`,
    };
  if (open?.queued === true)
    return {
      why: `pull request ${open.number} is in the merge queue`,
      remedy: "Nothing is to be done: it is merged as it is, or taken out.",
    };
  if (open?.stopped === true) return { why: `pull request ${open.number} carries the stop label`, remedy: "Take the label off." };
  return undefined;
}

function byLimits(proposal: Publishable, facts: PublishingFacts): Hindrance | undefined {
  const { limits } = facts;
  // A pull request for the same failure is superseded by the new one, so it takes no room.
  const pulls = facts.pulls.filter((pull) => pull.life !== "open" || pull.cluster !== proposal.cluster);
  const left = { open: limitsLeft({ ...facts, pulls }).open, today: limitsLeft(facts).today };
  if (left.open <= 0)
    return {
      why: `${limits.openPullRequests} pull requests of Tuneup's are open already`,
      remedy: "Merge or close one, or the operator raises `limits.openPullRequests`.",
    };
  const sameFile = pulls.filter((pull) => pull.life === "open" && pull.paths.some((path) => proposal.paths.includes(path)));
  if (sameFile.length >= limits.openPerFile)
    return {
      why: `pull request ${sameFile.map((pull) => pull.number).join(", ")} changes the same file and is still open`,
      remedy: "Merge or close it first, or the operator raises `limits.openPerFile`.",
    };
  if (left.today <= 0)
    return {
      why: `${limits.newPerDay} pull requests were opened within 24 hours`,
      remedy: "Wait, or the operator raises `limits.newPerDay`.",
    };
  return proposal.startedBy === undefined ? cooldown(proposal, facts) : undefined;
}

function cooldown(proposal: Publishable, facts: PublishingFacts): Hindrance | undefined {
  const { limits, now, pulls } = facts;
  const since = Date.parse(now) - limits.cooldownDays * day;
  const recent = pulls.find(
    ({ endedAt, life, paths }) =>
      (life === "merged" || life === "closed") &&
      endedAt !== undefined &&
      Date.parse(endedAt) > since &&
      paths.some((path) => proposal.paths.includes(path)),
  );
  if (recent === undefined) return unwanted(proposal, facts);
  return {
    why: `pull request ${recent.number} for the same file was ${recent.life} less than ${limits.cooldownDays} days ago`,
    remedy: "Ask for it with `/tuneup run`, or the operator lowers `limits.cooldownDays`.",
  };
}

/** The newest pull request about a failure, where it was closed because nobody looked at it. */
export function expiredPull(cluster: ClusterId, pulls: readonly KnownPull[]): KnownPull | undefined {
  const last = pulls.filter((pull) => pull.cluster === cluster).at(-1);
  return last?.ending === "expired" ? last : undefined;
}

/** What nobody looked at is not put before people again unless one of them asks. */
function unwanted({ cluster }: Publishable, { pulls }: PublishingFacts): Hindrance | undefined {
  const last = expiredPull(cluster, pulls);
  if (last === undefined) return undefined;
  return {
    why: `nobody looked at pull request ${last.number} for the same failure, so it was closed`,
    remedy: `Ask for it with \`/tuneup run ${cluster}\`.`,
  };
}

/** How many new pull requests the limits still allow. */
export function limitsLeft({ limits, now, pulls }: Pick<PublishingFacts, "limits" | "now" | "pulls">): {
  readonly open: number;
  readonly today: number;
} {
  const since = Date.parse(now) - day;
  return {
    open: limits.openPullRequests - pulls.filter((pull) => pull.life === "open").length,
    today: limits.newPerDay - pulls.filter((pull) => Date.parse(pull.openedAt) > since).length,
  };
}
