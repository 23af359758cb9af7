/** What fixes the accept boundary: the level, the horizon in discordant pairs, and the null share of fixed among them. */
export interface BoundarySettings {
  readonly alpha: number;
  readonly maximumDiscordant: number;
  readonly theta0: number;
}

/**
 * The exact sequential sign test with an α-spending boundary. `result[m - 1]` is the number of fixed among the first m discordant pairs from
 * which the edit is accepted; m + 1 where no count accepts. P(ever accepting | θ ≤ θ0) ≤ α, exactly, by dynamic programming over the walk:
 * at each m the upper tail that fits into α·m/M less what was spent is absorbed (linear spending, ρ = 1; Lan & DeMets 1983).
 */
export function signTestBoundary({ alpha, maximumDiscordant, theta0 }: BoundarySettings): readonly number[] {
  const boundary: number[] = [];
  let walk = [1];
  let spent = 0;
  for (let m = 1; m <= maximumDiscordant; m += 1) {
    walk = step(walk, theta0);
    const budget = (alpha * m) / maximumDiscordant - spent;
    let count = m + 1;
    let tail = 0;
    while (count - 1 > m / 2 && tail + (walk[count - 1] ?? 0) <= budget) {
      count -= 1;
      tail += walk[count] ?? 0;
    }
    boundary.push(count);
    spent += tail;
    for (let s = count; s <= m; s += 1) walk[s] = 0;
  }
  return boundary;
}

/** One more discordant pair: with probability θ the count of fixed grows. */
function step(walk: readonly number[], theta: number): number[] {
  return Array.from({ length: walk.length + 1 }, (_, s) => theta * (walk[s - 1] ?? 0) + (1 - theta) * (walk[s] ?? 0));
}

/**
 * Conditional power: `result[m][s]` is the chance of still reaching the boundary from s fixed among m discordant pairs, if the share of fixed
 * is θ1 from here on. Backward dynamic programming.
 */
export function conditionalPower(boundary: readonly number[], theta1: number): readonly (readonly number[])[] {
  const horizon = boundary.length;
  const power: number[][] = Array.from({ length: horizon + 1 }, () => []);
  for (let m = horizon; m >= 0; m -= 1) {
    for (let s = 0; s <= m; s += 1) {
      const accepted = m > 0 && s >= (boundary[m - 1] ?? Infinity);
      const onwards = m === horizon ? 0 : theta1 * (power[m + 1]?.[s + 1] ?? 0) + (1 - theta1) * (power[m + 1]?.[s] ?? 0);
      (power[m] ?? [])[s] = accepted ? 1 : onwards;
    }
  }
  return power;
}
