import type { Evidence } from "../../domain/evidence.ts";
import type { Digest } from "../../domain/ids.ts";
import type { Pair } from "../../domain/replay.ts";
import type { Walk, Walks } from "../../domain/walk.ts";
import { BettingProcess, controlBets } from "./betting.ts";
import { leastPower, raceRules, shareOf } from "./race.ts";
import { differenceOf } from "./tally.ts";

/** The walks behind the verdicts of a document; only pairs that entered a test are in them. */
export function walksOf(evidence: Evidence): Walks {
  const { plan } = evidence;
  const rules = raceRules(plan);
  const futile = rules.power.map((row) =>
    row.findLastIndex((power, s) => power < leastPower && row.slice(0, s).every((one) => one < leastPower)),
  );
  const walks = evidence.verdicts.map((verdict): Walk => {
    const changes = entered(evidence, verdict.candidate, "failing", verdict.failing.pairs).flatMap((pair) => {
      const difference = differenceOf(pair);
      return difference === 0 ? [] : [difference];
    });
    const process = new BettingProcess(controlBets(plan.margin), -plan.margin);
    const wealth = entered(evidence, verdict.candidate, "control", verdict.control.pairs).map((pair) => {
      process.add(differenceOf(pair));
      return process.value;
    });
    return { candidate: verdict.candidate, changes, wealth };
  });
  return { limits: { accept: rules.boundary, futile, wealth: 1 / shareOf(plan) }, walks };
}

const entered = (evidence: Evidence, candidate: Digest, group: Pair["group"], count: number): readonly Pair[] =>
  evidence.pairs
    .filter((pair) => pair.candidate === candidate && pair.group === group && pair.dropped === undefined)
    .toSorted((left, right) => left.index - right.index)
    .slice(0, count);
