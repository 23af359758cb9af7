/** Mean over bets of Π(1 + λ·(d − μ0)), accumulated in logarithms so that long products neither vanish nor overflow. */
export class BettingProcess {
  readonly #bets: readonly number[];
  readonly #mean: number;
  readonly #logs: number[];

  /**
   * An e-process for H0: E[d] ≤ μ0 (Waudby-Smith & Ramdas 2024): P(it ever reaches 1/α | H0) ≤ α (Ville 1939), whenever one stops.
   * Every bet λ must keep 1 + λ·(d − μ0) positive for all possible d ≥ −1.
   */
  constructor(bets: readonly number[], mean: number) {
    this.#bets = bets;
    this.#mean = mean;
    this.#logs = bets.map(() => 0);
  }

  add(difference: number): void {
    for (const [index, bet] of this.#bets.entries()) {
      this.#logs[index] = (this.#logs[index] ?? 0) + Math.log1p(bet * (difference - this.#mean));
    }
  }

  /** The wealth now; starts at 1. */
  get value(): number {
    return this.#valueAfter(0);
  }

  /** How many further differences of 0 would bring the wealth to `target`, at most `most`. Only for μ0 < 0, where each of them makes it grow. */
  zerosNeeded(target: number, most: number): number {
    let [low, high] = [0, most];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#valueAfter(middle) >= target) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #valueAfter(zeros: number): number {
    const logs =
      zeros === 0 ? this.#logs : this.#logs.map((log, index) => log + zeros * Math.log1p(-(this.#bets[index] ?? 0) * this.#mean));
    const highest = Math.max(...logs);
    return Math.exp(highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0) / logs.length));
  }
}

/**
 * Bets for the control test, growth-optimal for churn c = p₊ = p₋ ∈ {.005, .02, .05, .10}: λ maximises
 * c·ln(1 + λ(m + 1)) + c·ln(1 + λ(m − 1)) + (1 − 2c)·ln(1 + λm), found by bisection of its derivative; kept inside λ(1 − m) < 1.
 */
export function controlBets(margin: number): readonly number[] {
  return [0.005, 0.02, 0.05, 0.1].map((churn) => growthOptimalBet(churn, margin));
}

function growthOptimalBet(churn: number, margin: number): number {
  const slope = (bet: number): number =>
    (churn * (margin + 1)) / (1 + bet * (margin + 1)) +
    (churn * (margin - 1)) / (1 + bet * (margin - 1)) +
    ((1 - 2 * churn) * margin) / (1 + bet * margin);
  let low = 0;
  let high = (1 - 1e-9) / (1 - margin);
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  return low;
}

const grid: readonly number[] = Array.from({ length: 19 }, (_, index) => (index + 1) / 20);

/** Bets for a null mean μ0 on differences in [−1, 1]: nineteen shares of the largest safe bet. */
export const mixtureBets = (mean: number): readonly number[] => grid.map((share) => share / (1 + mean));

/**
 * 1 − α confidence sequence for the mean of differences in [−1, 1]: all μ on a grid of .01 that neither one-sided betting process rejects at
 * α/2. Valid at every time at once, so it may be printed after the test stopped when it wanted. [−1, 1] for no data.
 */
export function confidenceSequence(differences: readonly number[], alpha: number): readonly [low: number, high: number] {
  return [
    lowerBound(differences, alpha / 2),
    -lowerBound(
      differences.map((difference) => -difference),
      alpha / 2,
    ),
  ];
}

/** The largest μ on the grid below which every mean is rejected at level α; −1 when none is. */
export function lowerBound(differences: readonly number[], alpha: number): number {
  const counts = countsOf(differences);
  let [low, high] = [-100, 100];
  // With bets g/(1 + μ) a factor is 1 − g + g·(1 + d)/(1 + μ), which falls in μ: what is rejected is everything below one mean.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (mixtureWealth(counts, middle / 100) >= 1 / alpha) low = middle + 1;
    else high = middle;
  }
  return low / 100;
}

interface DifferenceCounts {
  readonly plus: number;
  readonly zero: number;
  readonly minus: number;
}

const countsOf = (differences: readonly number[]): DifferenceCounts => ({
  plus: differences.filter((one) => one > 0).length,
  zero: differences.filter((one) => one === 0).length,
  minus: differences.filter((one) => one < 0).length,
});

function mixtureWealth({ plus, zero, minus }: DifferenceCounts, mean: number): number {
  if (plus + zero + minus === 0) return 1;
  if (mean <= -1) return plus + zero > 0 ? Infinity : 1;
  const logs = mixtureBets(mean).map(
    (bet) => plus * Math.log1p(bet * (1 - mean)) + zero * Math.log1p(-bet * mean) + minus * Math.log1p(bet * (-1 - mean)),
  );
  const highest = Math.max(...logs);
  return Math.exp(highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0) / logs.length));
}
