import { digest, type Digest, sessionId } from "../src/domain/ids.ts";
import { noUsage } from "../src/domain/message.ts";
import { type Random, seededRandom } from "../src/domain/random.ts";
import type { ArmRecord, Pair, ReplayOutcome } from "../src/domain/replay.ts";
import { type Decision, type DecisionPlan, defaultPlan, planFor } from "../src/domain/verdict.ts";
import { acceptBoundary, decide } from "../src/stages/decide.ts";
import { beside } from "./evidence/other-gates.ts";
import { sequentialFigures } from "./evidence/sequential.ts";
import { type Bench, type BenchReport, type ContextFigure, type Figure, round, wilsonUpper } from "./report.ts";

/** Chances that a pair turns from failed to passed, and from passed to failed. */
interface Flip {
  readonly plus: number;
  readonly minus: number;
}

interface World {
  /** One a candidate; or drawn anew for each session. */
  readonly failing: readonly (Flip | ((random: Random) => Flip))[];
  readonly control: readonly Flip[];
  readonly plan?: Partial<DecisionPlan>;
}

const arm = (outcome: ReplayOutcome): ArmRecord => ({
  outcome,
  decidedBy: "bench",
  ended: "finished",
  tiers: { exact: 0, canonical: 0, corpus: 0, shape: 0, nearest: 0, simulated: 0, refused: 0 },
  modelCalls: 0,
  usage: noUsage,
  seed: 0,
  config: digest("bench"),
});
const passed = arm("passed");
const failed = arm("failed");

/** Both arms with their own luck: fixed, broken, or the same on both sides. */
function outcomes({ minus, plus }: Flip, random: Random): readonly [ArmRecord, ArmRecord] {
  const luck = random();
  if (luck < plus) return [failed, passed];
  if (luck < plus + minus) return [passed, failed];
  return random() < 0.5 ? [failed, failed] : [passed, passed];
}

const names: readonly Digest[] = ["a", "b", "c", "d"].map((name) => digest(name));

function pairsOf(world: World, plan: DecisionPlan, random: Random): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [group, flips, count] of [
    ["failing", world.failing, plan.failingCap],
    ["control", world.control, plan.controlCap],
  ] as const) {
    for (let index = 0; index < count; index += 1) {
      for (const [position, given] of flips.entries()) {
        const [before, after] = outcomes(typeof given === "function" ? given(random) : given, random);
        pairs.push({ sessionId: sessionId(`${group}-${index}`), index, group, candidate: names[position] ?? digest("e"), before, after });
      }
    }
  }
  return pairs;
}

function planOf(world: World): DecisionPlan {
  return { ...planFor(defaultPlan, world.failing.length), ...world.plan };
}

function run(world: World, plan: DecisionPlan, random: Random): Decision {
  return decide({
    plan,
    candidates: names.slice(0, world.failing.length),
    pairs: pairsOf(world, plan, random),
    available: { failing: plan.failingCap, control: plan.controlCap },
    traffic: { failingShare: 0.2 },
  });
}

/** How many jobs of a world end with an accepted candidate among `counted` (all, if not given). */
function accepted(world: World, jobs: number, name: string, counted?: readonly number[]): number {
  const plan = planOf(world);
  const wanted = new Set((counted ?? world.failing.map((_, index) => index)).map((index) => names[index]));
  let count = 0;
  for (let job = 0; job < jobs; job += 1) {
    const decision = run(world, plan, seededRandom(1, name, String(job)));
    if (decision.state === "decided" && decision.winner !== undefined && wanted.has(decision.winner)) count += 1;
  }
  return count;
}

const times = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);
const calm: Flip = { plus: 0.02, minus: 0.02 };
const good: Flip = { plus: 0.4, minus: 0.05 };
const candidates = 4;

/** Zero in the mean, different for every session: some are luck alone, some always change one way or the other. */
const mixed = (random: Random): Flip => {
  const kind = random();
  if (kind < 0.4) return { plus: 0, minus: 0 };
  if (kind < 0.7) return { plus: 0.3, minus: 0.3 };
  return kind < 0.85 ? { plus: 0.6, minus: 0.1 } : { plus: 0.1, minus: 0.6 };
};

const nullWorlds: readonly (readonly [string, World])[] = [
  ...[0.05, 0.15, 0.3, 0.45].map((share): readonly [string, World] => [
    `no-effect-${share}`,
    { failing: times(candidates, { plus: share, minus: share }), control: times(candidates, calm) },
  ]),
  ["control-at-margin", { failing: times(candidates, good), control: times(candidates, { plus: 0.02, minus: 0.02 + defaultPlan.margin }) }],
  ["control-at-margin-quiet", { failing: times(candidates, good), control: times(candidates, { plus: 0, minus: defaultPlan.margin }) }],
  [
    "half-null-half-at-margin",
    {
      failing: [...times(2, { plus: 0.3, minus: 0.3 }), ...times(2, good)],
      control: [...times(2, calm), ...times(2, { plus: 0, minus: defaultPlan.margin })],
    },
  ],
  ["mixed-zero-mean", { failing: times(candidates, mixed), control: times(candidates, calm) }],
];

/** Pairs arrive as they complete, failures late, and the test is asked after each: what a scheduler with 16 in flight does. */
function acceptedInCompletionOrder(jobs: number): number {
  const world: World = { failing: [{ plus: 0.3, minus: 0.3 }], control: [calm] };
  const plan = planOf(world);
  let count = 0;
  for (let job = 0; job < jobs; job += 1) {
    const random = seededRandom(2, "completion", String(job));
    const arriving = pairsOf(world, plan, random)
      .map((pair) => ({ pair, at: Math.floor(pair.index / 16) * 16 + (pair.after.outcome === "passed" ? 0 : 20) + random() * 4 }))
      .toSorted((left, right) => left.at - right.at);
    const seen: Pair[] = [];
    for (const { pair } of arriving) {
      seen.push(pair);
      const decision = decide({
        plan,
        candidates: names.slice(0, 1),
        pairs: seen,
        available: { failing: plan.failingCap, control: plan.controlCap },
        traffic: { failingShare: 0.2 },
      });
      if (decision.state === "undecided") continue;
      if (decision.winner !== undefined) count += 1;
      break;
    }
  }
  return count;
}

function falseImproves(jobs: number, say: (line: string) => void): readonly Figure[] {
  const figure = (name: string, count: number, trials: number): Figure => {
    const value = round(count / trials);
    const upper = wilsonUpper(count, trials);
    say(`false-improves-${name}: ${value}`);
    return {
      name: `false-improves-${name}`,
      value,
      upper,
      bar: "<= 0.05, upper <= 0.06",
      holds: value <= 0.05 && upper <= 0.06,
      setting: { jobs: trials, candidates: name === "completion-order" ? 1 : candidates, alpha: defaultPlan.alpha },
    };
  };
  const late = Math.ceil(jobs / 4);
  return [
    ...nullWorlds.map(([name, world]) => figure(name, accepted(world, jobs, name), jobs)),
    figure("completion-order", acceptedInCompletionOrder(late), late),
  ];
}

const weak: Flip = { plus: 0.3, minus: 0.05 };
const useless: Flip = { plus: 0.08, minus: 0.08 };

/** The improvement test alone: a control test that cannot fail is the same as none. */
const alone = (flip: Flip): World => ({ failing: [flip], control: [{ plus: 0, minus: 0 }] });
const wholeJob = (flip: Flip): World => ({ failing: [flip, ...times(3, useless)], control: times(candidates, calm) });

function power(jobs: number): { readonly figures: readonly Figure[]; readonly context: readonly ContextFigure[] } {
  const share = (world: World, name: string, counted?: readonly number[]): number => round(accepted(world, jobs, name, counted) / jobs);
  const bar = (name: string, value: number, least: number, setting: Figure["setting"]): Figure => ({
    name,
    value,
    bar: `>= ${least}`,
    holds: value >= least,
    ...(setting === undefined ? {} : { setting: { ...setting, jobs } }),
  });
  const harmful: World = { failing: times(candidates, good), control: times(candidates, { plus: 0.02, minus: 0.07 }) };
  return {
    figures: [
      bar("power-40-5", share(alone(good), "power-40-5"), 0.95, { candidates: 1, tested: "improvement alone" }),
      bar("power-30-5", share(alone(weak), "power-30-5"), 0.9, { candidates: 1, tested: "improvement alone" }),
      bar("job-power-40-5", share(wholeJob(good), "job-40", [0]), 0.8, {
        candidates,
        controlChurn: calm.plus,
        controlCap: defaultPlan.controlCap,
        tested: "whole rule, one good candidate",
      }),
    ],
    context: [
      { name: "job-power-30-5", value: share(wholeJob(weak), "job-30", [0]), setting: { candidates, jobs } },
      {
        name: "harmful-5-accepted",
        value: share(harmful, "harmful"),
        setting: {
          candidates,
          jobs,
          meaning: "all candidates help the cluster and break 5 of 100 working sessions, which the margin of 10 allows",
        },
      },
    ],
  };
}

/** The error and the power of `decide`, and what they cost, beside the gates that others use. */
export const evidence: Bench = {
  name: "evidence",
  description: "error, power and cost of the decision rule, stratum by stratum, beside other gates",
  async run({ full, say }): Promise<BenchReport> {
    const jobs = full ? 20_000 : 8_000;
    const errors = falseImproves(jobs, say);
    const { context, figures } = power(full ? 20_000 : 4_000);
    return {
      figures: [...errors, ...figures, ...sequentialFigures(acceptBoundary)],
      context: [...context, ...beside(full ? 20_000 : 5_000)],
    };
  },
};
