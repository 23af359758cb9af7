/** One review of a pull request, as a forge lists it. */
export interface GivenReview {
  readonly login: string;
  /** An account of a person: no bot, no App, no account that was deleted. */
  readonly isPerson: boolean;
  /** As GitHub writes it: `APPROVED`, `CHANGES_REQUESTED`, `DISMISSED`, `COMMENTED` … */
  readonly state: string;
  /** The commit that was looked at. */
  readonly commit: string | null;
}

/** A comment takes no approval back, and gives none. */
const decisive: ReadonlySet<string> = new Set(["APPROVED", "CHANGES_REQUESTED", "DISMISSED"]);

/**
 * Logins of the people whose newest decisive review approves exactly the commit `head`, without those who are `involved` in what is proposed; who
 * decided last comes first. `reviews` are ordered oldest first. Logins do not differ by case. Whether they may write is not looked at here.
 */
export function independentApprovers(reviews: readonly GivenReview[], head: string, involved: readonly string[]): readonly string[] {
  const newest = new Map<string, GivenReview>();
  for (const review of reviews) {
    if (!review.isPerson || !decisive.has(review.state)) continue;
    const person = review.login.toLowerCase();
    // Set anew, so that the order is that of the newest reviews.
    newest.delete(person);
    newest.set(person, review);
  }
  const left = new Set(involved.map((login) => login.toLowerCase()));
  return [...newest]
    .filter(([person, { commit, state }]) => state === "APPROVED" && commit === head && !left.has(person))
    .map(([, { login }]) => login)
    .toReversed();
}
