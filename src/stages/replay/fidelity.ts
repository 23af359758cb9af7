import type { Fidelity, FidelityGate, SelfReplays } from "../../domain/replaying/fidelity.ts";
import { addUsage, noUsage, type Usage } from "../../domain/message.ts";
import type { ArmRecord, ReplayOutcome, Tier } from "../../domain/replay.ts";
import { wilsonLower } from "../../domain/replaying/wilson.ts";

export interface SelfReplayed {
  readonly failing: readonly ArmRecord[];
  readonly working: readonly ArmRecord[];
  /** Pairs of samples of one decision; `total` 0 where none was taken. */
  readonly decisions: { readonly same: number; readonly total: number; readonly usage: Usage };
}

const leastChanceCorrected = 0.4;
const leastFailsAgain = 0.35;
const mostInconclusive = 0.2;
const leastGrounded = 0.8;
const mostGenerated = 0.3;
const grounded: readonly Tier[] = ["exact", "canonical", "corpus"];

/** What self-replays say of replaying. Arms lost to infrastructure are left out: they say nothing about the agent. */
export function fidelityOf({ decisions, failing, working }: SelfReplayed): Fidelity {
  const kept = { failing: failing.filter(wasPlayed), working: working.filter(wasPlayed) };
  const arms = [...kept.failing, ...kept.working];
  const failed = count(kept.failing, "failed");
  const passed = count(kept.working, "passed");
  const failsAgain = share(failed.reproduced, failed.replayed);
  const passesAgain = share(passed.reproduced, passed.replayed);
  const answers = arms.flatMap((arm) => Object.entries(arm.tiers));
  const sum = (tiers: readonly string[]): number => answers.reduce((all, [tier, value]) => all + (tiers.includes(tier) ? value : 0), 0);
  const all = answers.reduce((total, [, value]) => total + value, 0);
  const turns = turnsOf(arms);
  const figures = {
    failing: failed,
    working: passed,
    failedByModel: kept.failing.filter((arm) => arm.outcome === "failed" && arm.decidedBy === "model").length,
    failsAgain,
    failsAgainAtLeast: wilsonLower(failed.reproduced, failed.replayed),
    passesAgain,
    chanceCorrected: failsAgain + passesAgain - 1,
    inconclusive: share(failed.inconclusive + passed.inconclusive, arms.length),
    ...likenessOf(arms),
    grounded: all === 0 ? 1 : sum(grounded) / all,
    ...turns,
    ...(decisions.total === 0 ? {} : { sameDecision: decisions.same / decisions.total }),
  };
  return {
    version: 1,
    ...figures,
    world: figures.grounded >= leastGrounded && turns.generatedTurns <= mostGenerated ? "recorded" : "simulated",
    gate: gateOf(figures, arms),
    usage: [...failing, ...working].reduce((total, arm) => addUsage(total, arm.usage), addUsage(noUsage, decisions.usage)),
  };
}

const wasPlayed = (arm: ArmRecord): boolean => arm.ended !== "infrastructure";
const share = (part: number, all: number): number => (all === 0 ? 0 : part / all);
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;

function count(arms: readonly ArmRecord[], outcome: ReplayOutcome): SelfReplays {
  const of = (wanted: ReplayOutcome): number => arms.filter((arm) => arm.outcome === wanted).length;
  return { replayed: arms.length, reproduced: of(outcome), inconclusive: of("inconclusive") };
}

function likenessOf(arms: readonly ArmRecord[]): Pick<Fidelity, "sameTools" | "sameCalls" | "heldTurns"> {
  const known = arms.flatMap((arm) => (arm.trajectory === undefined ? [] : [arm.trajectory]));
  const calls = known.reduce((sum, one) => sum + one.same + one.input + one.tool + one.extra + one.missing, 0);
  return {
    sameTools: mean(known.map((one) => one.sameTools)),
    sameCalls: calls === 0 ? 1 : known.reduce((sum, one) => sum + one.same, 0) / calls,
    heldTurns: mean(known.map((one) => one.heldTurns)),
  };
}

function turnsOf(arms: readonly ArmRecord[]): Pick<Fidelity, "generatedTurns" | "unfitTurns" | "userErrors"> {
  const known = arms.flatMap((arm) => (arm.users === undefined ? [] : [arm.users]));
  const all = known.reduce((sum, one) => sum + one.recorded + one.generated, 0);
  const errors: Record<string, number> = {};
  for (const one of known) for (const [kind, value] of Object.entries(one.errors)) errors[kind] = (errors[kind] ?? 0) + value;
  return {
    generatedTurns: share(
      known.reduce((sum, one) => sum + one.generated, 0),
      all,
    ),
    unfitTurns: share(
      known.reduce((sum, one) => sum + one.unfit, 0),
      all,
    ),
    userErrors: errors,
  };
}

type Gated = Pick<Fidelity, "failing" | "working" | "failsAgainAtLeast" | "chanceCorrected" | "inconclusive">;

function gateOf(figures: Gated, arms: readonly ArmRecord[]): FidelityGate {
  const { failing, working } = figures;
  if (figures.inconclusive > mostInconclusive) return inconclusiveGate(arms);
  if (figures.failsAgainAtLeast < leastFailsAgain) {
    return {
      result: "failed",
      why: `run again unchanged, only ${failing.reproduced} of ${failing.replayed} failing sessions fail, too few to see an edit mend them`,
      remedy:
        "The failure may depend on what a replay does not repeat (another model version, the time of day), or nothing that judges can see it: a rule or an evaluator in tuneup.operator.yml that says what is wrong helps most.",
    };
  }
  if (working.replayed > 0 && figures.chanceCorrected < leastChanceCorrected) {
    return {
      result: "failed",
      why: `run again unchanged, ${failing.reproduced} of ${failing.replayed} failing sessions fail but only ${working.reproduced} of ${working.replayed} working ones pass: that hardly tells them apart`,
      remedy:
        "Look at what the working sessions fail on (`tuneup show`); a rule that is too strict, or tools without recorded answers, are the usual causes.",
    };
  }
  return { result: "passed" };
}

function inconclusiveGate(arms: readonly ArmRecord[]): FidelityGate {
  const open = arms.filter((arm) => arm.outcome === "inconclusive");
  const unjudged = open.filter((arm) => arm.ended !== "inconclusive").length;
  const why = `${open.length} of ${arms.length} replays of the unchanged agent ended without a result`;
  if (unjudged * 2 > open.length) {
    return {
      result: "failed",
      why: `${why}, ${unjudged} of them because nothing could judge them`,
      remedy: "Say in tuneup.operator.yml what a good session is: rules, an evaluator, or a judge model under `models.judge`.",
    };
  }
  return {
    result: "failed",
    why: `${why}, most of them because the agent asked its tools what no recording answers`,
    remedy: "Name tools that only read or compute under `tools` in tuneup.operator.yml, or record more sessions of the same kind.",
  };
}
