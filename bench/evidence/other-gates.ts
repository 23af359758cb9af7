import { type Random, seededRandom } from "../../src/domain/random.ts";
import { type ContextFigure, round } from "../report.ts";

/** One session without any true effect: both arms pass with the same chance, each with its own luck. */
const difference = (random: Random, share: number): number => Number(random() < share) - Number(random() < share);

type Gate = (draw: () => number) => boolean;

const sum = (draw: () => number, count: number): readonly number[] => Array.from({ length: count }, draw);

/** Gates that are in use, each as one decision on sessions that an edit does not change. */
const gates: Readonly<Record<string, Gate>> = {
  "score-went-up-20": (draw) => sum(draw, 20).reduce((total, one) => total + one, 0) > 0,
  "minibatch-of-3": (draw) => sum(draw, 3).reduce((total, one) => total + one, 0) > 0,
  "minibatch-of-3-five-tries": (draw) => Array.from({ length: 5 }).some(() => sum(draw, 3).reduce((total, one) => total + one, 0) > 0),
  "delta-over-1-standard-error-50": (draw) => {
    const all = sum(draw, 50);
    const mean = all.reduce((total, one) => total + one, 0) / all.length;
    const variance = all.reduce((total, one) => total + (one - mean) ** 2, 0) / (all.length - 1);
    return mean > Math.sqrt(variance / all.length);
  },
  "mcnemar-after-every-session-50": (draw) => {
    let [plus, minus] = [0, 0];
    return Array.from({ length: 50 }).some(() => {
      const one = draw();
      if (one > 0) plus += 1;
      if (one < 0) minus += 1;
      return exactTail(plus, plus + minus) <= 0.05;
    });
  },
};

/** P(at least so many of m fair coins). */
function exactTail(count: number, m: number): number {
  let tail = 0;
  for (let k = count; k <= m; k += 1) {
    let log = -m * Math.LN2;
    for (let index = 1; index <= k; index += 1) log += Math.log((m - k + index) / index);
    tail += Math.exp(log);
  }
  return tail;
}

/** How often those gates let an edit without any effect through, for one candidate. */
export const beside = (jobs: number): readonly ContextFigure[] =>
  Object.entries(gates).map(([name, gate]) => {
    let count = 0;
    for (let job = 0; job < jobs; job += 1) {
      const random = seededRandom(3, name, String(job));
      if (gate(() => difference(random, 0.3))) count += 1;
    }
    return { name: `other-gate-${name}`, value: round(count / jobs), setting: { jobs, passRate: 0.3 } };
  });
