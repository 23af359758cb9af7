import { type Random, seededRandom } from "../../src/domain/random.ts";
import { defaultPlan } from "../../src/domain/verdict.ts";
import { decide } from "../../src/stages/decide.ts";
import { type Figure, round, wilsonUpper } from "../report.ts";
import { type Accepted, accepted, type Flip, flips, names, outcomeOf, pairsOf, planOf, times, type World } from "./worlds.ts";

export const calm: Flip = { plus: 0.02, minus: 0.02 };
export const good: Flip = { plus: 0.4, minus: 0.05 };
export const candidates = 4;

/** Zero in the mean, different for every session: some are luck alone, some always change one way or the other. */
const mixed = (random: Random): Flip => {
  const kind = random();
  if (kind < 0.4) return { plus: 0, minus: 0 };
  if (kind < 0.7) return { plus: 0.3, minus: 0.3 };
  return kind < 0.85 ? { plus: 0.6, minus: 0.1 } : { plus: 0.1, minus: 0.6 };
};

const quietMargin: Flip = { plus: 0, minus: defaultPlan.margin };

/** A small cluster whose sessions react very differently, zero in the mean: half of them mostly mended, half mostly broken by every candidate. */
const pool = (size: number): World => ({
  candidates,
  failing: (random) => {
    const session = Math.floor(random() * size);
    const flip = session % 2 === 0 ? { plus: 0.6, minus: 0.1 } : { plus: 0.1, minus: 0.6 };
    return times(candidates, flip).map((one) => outcomeOf(one, random));
  },
  control: flips(times(candidates, calm)),
  plan: { pool: size },
});

/** Three kinds of sessions in turn, mostly mended, mostly broken, and neither: zero in the mean of each block, looked at only after whole ones. */
const inBlocks: World = {
  candidates,
  failing: (random, index) => {
    const flip =
      [
        { plus: 0.6, minus: 0.1 },
        { plus: 0.1, minus: 0.6 },
        { plus: 0.3, minus: 0.3 },
      ][index % 3] ?? calm;
    return times(candidates, flip).map((one) => outcomeOf(one, random));
  },
  control: flips(times(candidates, calm)),
  plan: { looks: Array.from({ length: defaultPlan.failingCap / 3 }, (_, block) => 3 * (block + 1)) },
};

/** A world without real benefit, and what of it a reader must know. */
interface Stratum {
  readonly name: string;
  readonly world: World;
  readonly churn: string;
  readonly tested: string;
}

const strata: readonly Stratum[] = [
  ...[0.05, 0.15, 0.3, 0.45].map((share) => ({
    name: `no-effect-${share}`,
    world: { candidates, failing: flips(times(candidates, { plus: share, minus: share })), control: flips(times(candidates, calm)) },
    churn: `${share} each way, control ${calm.plus}`,
    tested: "whole rule, edits without effect",
  })),
  {
    name: "control-at-margin",
    world: {
      candidates,
      failing: flips(times(candidates, good)),
      control: flips(times(candidates, { plus: 0.02, minus: 0.02 + defaultPlan.margin })),
    },
    churn: ".40/.05, control .02/.12",
    tested: "whole rule, real improvement that breaks exactly the margin",
  },
  {
    name: "control-at-margin-quiet",
    world: { candidates, failing: flips(times(candidates, good)), control: flips(times(candidates, quietMargin)) },
    churn: ".40/.05, control 0/.10",
    tested: "whole rule, real improvement that breaks exactly the margin",
  },
  {
    name: "half-null-half-at-margin",
    world: {
      candidates,
      failing: flips([...times(2, { plus: 0.3, minus: 0.3 }), ...times(2, good)]),
      control: flips([...times(2, calm), ...times(2, quietMargin)]),
    },
    churn: ".30/.30 or .40/.05, control .02/.02 or 0/.10",
    tested: "whole rule, half without effect, half at the margin",
  },
  {
    name: "mixed-zero-mean",
    world: {
      candidates,
      failing: (random) => times(candidates, 0).map(() => outcomeOf(mixed(random), random)),
      control: flips(times(candidates, calm)),
    },
    churn: "mixed, zero in the mean, control .02",
    tested: "whole rule, sessions of very different kinds",
  },
  {
    name: "stratified-zero-mean",
    world: inBlocks,
    churn: ".60/.10, .10/.60 and .30/.30 in turn, control .02",
    tested: "whole rule, stratified order, looked at after whole blocks",
  },
  ...[6, 12].map((size) => ({
    name: `small-pool-${size}`,
    world: pool(size),
    churn: ".60/.10 or .10/.60, zero in the mean, control .02",
    tested: `whole rule, ${size} sessions drawn with replacement`,
  })),
];

/** Pairs arrive as they complete, failures late, and the test is asked after each: what a scheduler with 16 in flight does. */
function inCompletionOrder(jobs: number): Accepted {
  const world: World = { candidates: 1, failing: flips([{ plus: 0.3, minus: 0.3 }]), control: flips([calm]) };
  const plan = planOf(world);
  const available = { failing: plan.failingCap, control: plan.controlCap };
  let count = 0;
  for (let job = 0; job < jobs; job += 1) {
    const random = seededRandom(2, "completion", String(job));
    const all = [...pairsOf(world, "failing", available.failing, random), ...pairsOf(world, "control", available.control, random)];
    const arriving = all
      .map((pair) => ({ pair, at: Math.floor(pair.index / 16) * 16 + (pair.after.outcome === "passed" ? 0 : 20) + random() * 4 }))
      .toSorted((left, right) => left.at - right.at)
      .map(({ pair }) => pair);
    for (let seen = 1; seen <= arriving.length; seen += 1) {
      const decision = decide({
        plan,
        candidates: names.slice(0, 1),
        pairs: arriving.slice(0, seen),
        available,
        traffic: { failingShare: 0.2 },
      });
      if (decision.state === "undecided") continue;
      if (decision.winner !== undefined) count += 1;
      break;
    }
  }
  return { count, jobs, replays: 0 };
}

function figureOf(name: string, { count, jobs, replays }: Accepted, setting: Figure["setting"]): Figure {
  const value = round(count / jobs);
  const upper = wilsonUpper(count, jobs);
  return {
    name: `false-improves-${name}`,
    value,
    upper,
    bar: "<= 0.05, upper <= 0.06",
    holds: value <= 0.05 && upper <= 0.06,
    setting: {
      jobs,
      cap: `${defaultPlan.failingCap} failing, ${defaultPlan.controlCap} working`,
      alpha: defaultPlan.alpha,
      ...(replays === 0 ? {} : { replays: Math.round(replays) }),
      ...setting,
    },
  };
}

/** Share of jobs without real benefit that end in `improves`, stratum by stratum. */
export function falseImproves(jobs: number, say: (line: string) => void): readonly Figure[] {
  const measured = (name: string, result: Accepted, setting: Figure["setting"]): Figure => {
    const figure = figureOf(name, result, setting);
    say(`${figure.name}: ${figure.value}`);
    return figure;
  };
  return [
    ...strata.map(({ churn, name, tested, world }) => measured(name, accepted(world, jobs, name), { K: candidates, churn, tested })),
    measured("completion-order", inCompletionOrder(Math.ceil(jobs / 4)), {
      K: 1,
      churn: "0.3 each way, control 0.02",
      tested: "whole rule, results arriving by outcome, 16 in flight",
    }),
  ];
}
