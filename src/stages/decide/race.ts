import type { Digest } from "../../domain/ids.ts";
import type { Pair } from "../../domain/replay.ts";
import type { DecisionPlan } from "../../domain/verdict.ts";
import { BettingProcess, mixtureBets } from "./betting.ts";
import { conditionalPower, signTestBoundary } from "./sign-test.ts";
import { differenceOf } from "./tally.ts";

/** Why a candidate left the race. */
export type Ending =
  | { readonly kind: "crossed"; readonly at: number }
  | { readonly kind: "harmful"; readonly at: number }
  | { readonly kind: "futile"; readonly at: number; readonly rule: string }
  | { readonly kind: "outranked"; readonly at: number }
  /** So few sessions were left that not even fixing all of them could have reached the boundary. */
  | { readonly kind: "short"; readonly left: number };

/** The rules of the race, computed once for a plan. */
export interface RaceRules {
  readonly plan: DecisionPlan;
  readonly boundary: readonly number[];
  readonly power: readonly (readonly number[])[];
}

/** α shared by the candidates: each is tested at α/K (Bonferroni), so the whole job keeps α. */
export const shareOf = (plan: DecisionPlan): number => plan.alpha / Math.max(1, plan.candidates);

export function raceRules(plan: DecisionPlan): RaceRules {
  const boundary = signTestBoundary({ alpha: shareOf(plan), maximumDiscordant: plan.maximumDiscordant, theta0: plan.theta0 });
  return { plan, boundary, power: conditionalPower(boundary, plan.theta1) };
}

/** Stop when the chance of still crossing, at the design alternative, is below this. */
export const leastPower = 0.2;
/** P(stopped | the effect is at least the smallest one worth finding) ≤ 1/10. */
const futilityEvidence = 10;
/** In a race, who is not ahead after so many sessions makes way for the others. */
const leastSessions = 12;

/** One candidate on its way through the failing sessions. */
export class Runner {
  readonly candidate: Digest;
  /** Pairs that entered the test, in index order. */
  readonly pairs: Pair[] = [];
  ending: Ending | undefined;
  readonly #rules: RaceRules;
  readonly #harm: BettingProcess;
  readonly #futility: BettingProcess;
  #fixed = 0;
  #broken = 0;
  #preferred = 0;

  constructor(candidate: Digest, rules: RaceRules) {
    this.candidate = candidate;
    this.#rules = rules;
    this.#harm = new BettingProcess(mixtureBets(0), 0);
    // H0: δ ≥ δ_min, on −d: its mean is at most −δ_min.
    this.#futility = new BettingProcess(
      mixtureBets(-rules.plan.minimumEffect).map((bet) => Math.min(bet, 0.99 / (1 - rules.plan.minimumEffect))),
      -rules.plan.minimumEffect,
    );
  }

  /** Fixed minus broken: the rank in the race. */
  get lead(): number {
    return this.#fixed - this.#broken;
  }

  /** Conversations preferred side by side with the unchanged agent's, minus the opposite: decides between equal ranks. */
  get preferred(): number {
    return this.#preferred;
  }

  /** Takes the pair of the next index; a dropped one moves nothing. */
  take(pair: Pair): void {
    if (pair.dropped !== undefined) return;
    this.pairs.push(pair);
    const difference = differenceOf(pair);
    if (difference === 1) this.#fixed += 1;
    if (difference === -1) this.#broken += 1;
    this.#preferred += pair.pairwise?.preferred ?? 0;
    this.#harm.add(-difference);
    this.#futility.add(-difference);
  }

  get hasCrossed(): boolean {
    const discordant = this.#fixed + this.#broken;
    return discordant > 0 && this.#fixed >= (this.#rules.boundary[discordant - 1] ?? Infinity);
  }

  /**
   * Ends the run when not even fixing each of the sessions that are `left` could reach the boundary: replaying them would be wasted. Cannot raise
   * the error of accepting.
   */
  shorten(left: number): void {
    const { boundary } = this.#rules;
    const discordant = this.#fixed + this.#broken;
    const most = Math.min(left, boundary.length - discordant);
    for (let more = 1; more <= most; more += 1) if (this.#fixed + more >= (boundary[discordant + more - 1] ?? Infinity)) return;
    this.ending = { kind: "short", left };
  }

  /** Ends the run when a futility rule or the harm stop says so. Neither can raise the error of accepting. */
  settle(at: number): void {
    const { boundary, plan, power } = this.#rules;
    const discordant = this.#fixed + this.#broken;
    if (this.#harm.value >= 1 / plan.alpha) this.ending = { kind: "harmful", at };
    else if (discordant >= boundary.length)
      this.ending = { kind: "futile", at, rule: `${discordant} sessions changed without reaching the boundary` };
    else if ((power[discordant]?.[this.#fixed] ?? 0) < leastPower)
      this.ending = { kind: "futile", at, rule: "the boundary had become out of reach" };
    else if (this.#futility.value >= futilityEvidence)
      this.ending = { kind: "futile", at, rule: `an effect of ${Math.round(plan.minimumEffect * 100)} points had become implausible` };
    else if (plan.candidates > 1 && this.pairs.length >= leastSessions && this.#fixed <= this.#broken)
      this.ending = { kind: "futile", at, rule: discordant === 0 ? "it changed no outcome" : "it broke as many sessions as it fixed" };
  }
}

/** Best first: fixed minus broken, then preferred conversations where there were compared, then the drafter's order. */
export const ranked = (runners: readonly Runner[]): readonly Runner[] =>
  runners.toSorted((left, right) => right.lead - left.lead || right.preferred - left.preferred);
