import { type DecisionPlan, defaultPlan, planFor } from "../../src/domain/verdict.ts";
import { conditionalPower } from "../../src/stages/decide/sign-test.ts";
import { type Figure, round } from "../report.ts";

type Boundary = (plan: DecisionPlan) => readonly number[];

/** What a rule does when each discordant pair is a fix with chance θ: exact, by dynamic programming. */
interface Exact {
  readonly power: number;
  /** Expected discordant pairs until it stops. */
  readonly pairs: number;
}

const leastPower = 0.2;

/** The boundary with the conditional-power futility rule, as the race applies both. */
function exact(boundary: readonly number[], theta1: number, theta: number): Exact {
  const reach = conditionalPower(boundary, theta1);
  let walk = [1];
  let power = 0;
  let pairs = 0;
  for (let m = 1; m <= boundary.length; m += 1) {
    const alive = walk.reduce((sum, mass) => sum + mass, 0);
    pairs += alive;
    const next = Array.from({ length: m + 1 }, (_, s) => theta * (walk[s - 1] ?? 0) + (1 - theta) * (walk[s] ?? 0));
    for (const [s, mass] of next.entries()) {
      if (s >= (boundary[m - 1] ?? Infinity)) power += mass;
      if (s >= (boundary[m - 1] ?? Infinity) || (reach[m]?.[s] ?? 0) < leastPower) next[s] = 0;
    }
    walk = next;
  }
  return { power, pairs };
}

/** Wald's lower bound for the expected pairs of any test with these errors (Wald 1945). */
function waldBound(alpha: number, beta: number, theta0: number, theta1: number): number {
  const divergence = theta1 * Math.log(theta1 / theta0) + (1 - theta1) * Math.log((1 - theta1) / (1 - theta0));
  return ((1 - beta) * Math.log((1 - beta) / alpha) + beta * Math.log(beta / (1 - alpha))) / divergence;
}

/** Power of the exact McNemar test on n sessions. */
function mcnemarPower(n: number, plus: number, minus: number, alpha: number): number {
  const discordant = plus + minus;
  const theta = plus / discordant;
  let power = 0;
  for (let m = 0; m <= n; m += 1) {
    const critical = criticalCount(m, alpha);
    if (critical > m) continue;
    power += binomial(n, m, discordant) * upperTail(m, critical, theta);
  }
  return power;
}

function criticalCount(m: number, alpha: number): number {
  let count = m + 1;
  while (count > 0 && upperTail(m, count - 1, 0.5) <= alpha) count -= 1;
  return count;
}

function binomial(n: number, k: number, p: number): number {
  let log = 0;
  for (let index = 1; index <= k; index += 1) log += Math.log((n - k + index) / index);
  return Math.exp(log + k * Math.log(p) + (n - k) * Math.log(1 - p));
}

const upperTail = (m: number, from: number, p: number): number =>
  Array.from({ length: Math.max(0, m - from + 1) }, (_, index) => binomial(m, from + index, p)).reduce((sum, mass) => sum + mass, 0);

/** The horizon that reaches power .8 at a known θ, smallest first. */
function tuned(boundary: Boundary, theta: number): Exact {
  for (let maximumDiscordant = 5; maximumDiscordant <= 150; maximumDiscordant += 1) {
    const plan: DecisionPlan = { ...defaultPlan, candidates: 1, maximumDiscordant, theta1: theta };
    const found = exact(boundary(plan), theta, theta);
    if (found.power >= 0.8) return found;
  }
  throw new Error("no horizon reaches power .8");
}

/** Replays against a fixed design of the same power, and against the theoretical minimum. */
export function sequentialFigures(boundary: Boundary): readonly Figure[] {
  const ratios = [
    [0.4, 0.05],
    [0.3, 0.05],
  ].map(([plus = 0, minus = 0]) => {
    const plan = planFor(defaultPlan, 1);
    const sequential = exact(boundary(plan), plan.theta1, plus / (plus + minus));
    const sessions = sequential.pairs / (plus + minus);
    let fixed = 1;
    while (mcnemarPower(fixed, plus, minus, plan.alpha) < sequential.power) fixed += 1;
    return sessions / fixed;
  });
  const efficiencies = [0.75, 0.8, 0.85, 0.9].map((theta) => {
    const found = tuned(boundary, theta);
    return waldBound(defaultPlan.alpha, 1 - found.power, 0.5, theta) / found.pairs;
  });
  const [worst, least] = [round(Math.max(...ratios)), round(Math.min(...efficiencies))];
  return [
    {
      name: "replays-vs-fixed",
      value: worst,
      bar: "<= 0.6",
      holds: worst <= 0.6,
      setting: { candidates: 1, tested: "improvement alone, the worse of .40/.05 and .30/.05, exact" },
    },
    {
      name: "efficiency-vs-wald",
      value: least,
      bar: ">= 0.75",
      holds: least >= 0.75,
      setting: { candidates: 1, tested: "worst of theta .75 to .90, known, power .8, exact" },
    },
  ];
}
