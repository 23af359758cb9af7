import { asJson, canonicalJson, digestOfJson } from "../../domain/digest.ts";
import { type Evidence, usageOfPairs } from "../../domain/evidence.ts";
import type { Json } from "../../domain/ids.ts";
import { addUsage } from "../../domain/message.ts";
import type { Decision } from "../../domain/verdict.ts";
import { correctedEffects } from "./corrected-effects.ts";
import { evidenceSchema } from "./evidence-schema.ts";
import { guardedNull } from "./guard-band.ts";
import { derivedFigures } from "./measured-first.ts";
import { bestLead, isBehind } from "./screened.ts";
import { sealsOf } from "./seal.ts";
import { levelLeft } from "./spending.ts";

/** One place of an evidence document that is not as it must be. */
export interface EvidenceProblem {
  /** Keys and indices down to the place, as in JSON. */
  readonly path: readonly (string | number)[];
  /** What stands there and what should. */
  readonly message: string;
}

export type Recomputed = { readonly ok: true } | { readonly ok: false; readonly problems: readonly EvidenceProblem[] };

/** The parts of the test that recomputing runs again; given in, because the stage itself imports this file. */
export interface Test {
  readonly decide: (evidence: Evidence) => Decision;
  readonly boundary: (evidence: Evidence) => readonly number[];
}

const mostFormProblems = 20;

/**
 * Checks an evidence document against itself: every part is as it was sealed; order digest, level, null share, boundary and cost follow from what
 * they are made of; every pair stands once, at its committed place; candidates of a session share one `before`; verdicts, figures and
 * winner follow from the pairs alone. Names each place that differs.
 */
export function recomputeWith(test: Test, document: unknown): Recomputed {
  if (isDeeper(document, deepest)) return { ok: false, problems: [{ path: [], message: `is nested deeper than ${deepest} levels` }] };
  const parsed = evidenceSchema.safeParse(document);
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, mostFormProblems).map((issue) => ({
      path: issue.path.map((step) => (typeof step === "number" ? step : String(step))),
      message: issue.message,
    }));
    return { ok: false, problems };
  }
  // The schema has looked at every field that is used from here on.
  const evidence = document as Evidence;
  const problems = [
    ...sealProblems(evidence),
    ...planProblems(evidence),
    ...derivedProblems(evidence),
    ...structure(evidence),
    ...boundaryProblems(test, evidence),
    ...costProblems(evidence),
    ...verdictProblems(test, evidence),
    ...correctedProblems(evidence),
    ...screenProblems(evidence),
  ];
  return problems.length === 0 ? { ok: true } : { ok: false, problems };
}

/** No field that we write lies deeper; reading deeper ones would exhaust the stack. */
const deepest = 40;

function isDeeper(document: unknown, most: number): boolean {
  let level: readonly unknown[] = [document];
  for (let depth = 0; depth <= most; depth += 1) {
    level = level.flatMap((value) => (value !== null && typeof value === "object" ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}

type JsonRecord = { readonly [key: string]: Json | undefined };
const asRecord = (value: object): JsonRecord => JSON.parse(JSON.stringify(value)) as JsonRecord;

function sealProblems(evidence: Evidence): readonly EvidenceProblem[] {
  const document = asRecord(evidence);
  const expected = sealsOf(document);
  const names = new Set([...Object.keys(expected.fields), ...Object.keys(evidence.seals.fields)]);
  const fields = [...names]
    .filter((name) => !Object.hasOwn(evidence.seals.fields, name) || evidence.seals.fields[name] !== expected.fields[name])
    .map((name) => ({ path: [name], message: "is not what was sealed" }));
  const pairs = expected.pairs.flatMap((one, index) =>
    one === evidence.seals.pairs[index] ? [] : [{ path: ["pairs", index], message: "is not what was sealed" }],
  );
  const missing = evidence.seals.pairs.length - expected.pairs.length;
  return [...fields, ...pairs, ...(missing > 0 ? [{ path: ["pairs"], message: `${missing} of the sealed pairs are missing` }] : [])];
}

function planProblems({ candidates, order, orders, plan, reduction }: Evidence): readonly EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  const tests = reduction?.tests ?? candidates.length;
  if (plan.candidates !== tests)
    problems.push({
      path: ["plan", "candidates"],
      message: `is ${plan.candidates}, but ${tests} ${reduction === undefined ? "candidates were tested" : "tests share the level"}`,
    });
  const committed = digestOfJson([orders.failing, orders.control]);
  if (order !== committed) problems.push({ path: ["order"], message: `is ${order}, the orders give ${committed}` });
  const left = levelLeft(plan);
  if (left !== undefined && plan.alpha !== left)
    problems.push({ path: ["plan", "alpha"], message: `is ${plan.alpha}, ${levelNames(plan)} leaves ${left}` });
  if (plan.lond !== undefined && plan.lond.accepted >= plan.lond.job)
    problems.push({ path: ["plan", "lond"], message: `counts ${plan.lond.accepted} accepted edits before job ${plan.lond.job}` });
  if (plan.guardBand !== undefined && plan.theta0 !== guardedNull(plan.guardBand))
    problems.push({ path: ["plan", "theta0"], message: `is ${plan.theta0}, the guard band gives ${guardedNull(plan.guardBand)}` });
  if (plan.pool !== undefined && new Set(orders.failing).size > plan.pool)
    problems.push({ path: ["plan", "pool"], message: `is ${plan.pool}, but more sessions were drawn` });
  return problems;
}

const levelNames = ({ lond, spending }: Evidence["plan"]): string =>
  [
    ...(spending === undefined ? [] : [`job ${spending.job} on these sessions`]),
    ...(lond === undefined ? [] : [`job ${lond.job} of the repository`]),
  ].join(", ");

const derivedProblems = (evidence: Evidence): readonly EvidenceProblem[] =>
  derivedFigures(evidence).flatMap(({ expected, given, path }) =>
    given !== undefined && Math.abs(given - expected) < 1e-9
      ? []
      : [{ path, message: `is ${String(given)}, the counts beside it give ${expected}` }],
  );

function structure(evidence: Evidence): readonly EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  const known = new Set<string>(evidence.candidates.map((candidate) => candidate.id));
  if (known.size !== evidence.candidates.length) problems.push({ path: ["candidates"], message: "one stands twice" });
  for (const group of ["failing", "control"] as const) {
    const order = evidence.orders[group];
    if (evidence.available[group] > order.length)
      problems.push({
        path: ["available", group],
        message: `is ${evidence.available[group]}, but the order has ${order.length} sessions`,
      });
    const mayRepeat = group === "failing" && evidence.plan.pool !== undefined;
    if (!mayRepeat && new Set(order).size !== order.length)
      problems.push({ path: ["orders", group], message: "one session stands at two places" });
  }
  return [...problems, ...pairProblems(evidence, known)];
}

function pairProblems(evidence: Evidence, known: ReadonlySet<string>): readonly EvidenceProblem[] {
  const places = new Set<string>();
  const befores = new Map<string, string>();
  return evidence.pairs.flatMap((one, position) => {
    const path = ["pairs", position];
    const found: EvidenceProblem[] = [];
    const place = `${one.group} ${one.index}`;
    if (!known.has(one.candidate)) found.push({ path, message: "is of a candidate that is not in the document" });
    if (places.has(`${place} ${one.candidate}`)) found.push({ path, message: `${place} stands twice for one candidate` });
    places.add(`${place} ${one.candidate}`);
    if (evidence.orders[one.group][one.index] !== one.sessionId)
      found.push({ path: [...path, "sessionId"], message: `session ${one.sessionId} is not at ${place} of the committed order` });
    // An edit that does not apply to a session replays nothing of it.
    if (one.dropped !== undefined) return found;
    const before = canonicalJson([one.before.outcome, one.before.config, one.before.seed]);
    if ((befores.get(place) ?? before) !== before)
      found.push({ path: [...path, "before"], message: "candidates of one session must share their `before`" });
    befores.set(place, before);
    return found;
  });
}

function boundaryProblems(test: Test, evidence: Evidence): readonly EvidenceProblem[] {
  const expected = test.boundary(evidence);
  const at = expected.findIndex((value, index) => value !== evidence.boundary[index]);
  if (at >= 0) return [{ path: ["boundary", at], message: `is ${String(evidence.boundary[at])}, the plan gives ${String(expected[at])}` }];
  return expected.length === evidence.boundary.length
    ? []
    : [{ path: ["boundary"], message: `has ${evidence.boundary.length} entries, the plan gives ${expected.length}` }];
}

function costProblems(evidence: Evidence): readonly EvidenceProblem[] {
  const expected = asJson(addUsage(usageOfPairs(evidence.pairs), evidence.drafting));
  const given = asJson(evidence.usage);
  return canonicalJson(given) === canonicalJson(expected)
    ? []
    : [{ path: ["usage"], message: `is ${canonicalJson(given)}, drafting and the arms give ${canonicalJson(expected)}` }];
}

function verdictProblems(test: Test, evidence: Evidence): readonly EvidenceProblem[] {
  const decision = test.decide(evidence);
  if (decision.state === "undecided")
    return [{ path: ["pairs"], message: `end at ${decision.group} ${decision.index}, before the test had decided` }];
  const problems: EvidenceProblem[] = [];
  if (decision.winner !== evidence.winner)
    problems.push({ path: ["winner"], message: `is ${evidence.winner ?? "nobody"}, the pairs give ${decision.winner ?? "nobody"}` });
  for (const expected of decision.verdicts) {
    const at = evidence.verdicts.findIndex((verdict) => verdict.candidate === expected.candidate);
    const given = evidence.verdicts[at];
    if (given === undefined) problems.push({ path: ["verdicts"], message: `the one of candidate ${expected.candidate} is missing` });
    else problems.push(...differences(["verdicts", at], asRecord(given), asRecord(expected)));
  }
  if (evidence.verdicts.length > decision.verdicts.length)
    problems.push({ path: ["verdicts"], message: "there are more of them than candidates" });
  return problems;
}

/** Who was dropped before the test must have led to no better steps while somebody else did, and stands in no test. */
function screenProblems({ candidates, reduction, screen }: Evidence): readonly EvidenceProblem[] {
  if (screen === undefined || reduction !== undefined) return [];
  const best = bestLead(screen.candidates);
  const tested = new Set<string>(candidates.map((one) => one.id));
  return screen.candidates.flatMap((one, index) => {
    const path = ["screen", "candidates", index];
    if (one.result !== "not-asked" && (one.result === "dropped") !== isBehind(one, best))
      return [{ path, message: `is ${one.result}, its steps and the best one's say otherwise` }];
    if ((one.result === "dropped") === tested.has(one.candidate))
      return [
        { path, message: one.result === "dropped" ? "was dropped and stands in the test" : "was not dropped and is not in the test" },
      ];
    return [];
  });
}

function correctedProblems(evidence: Evidence): readonly EvidenceProblem[] {
  const { corrected } = evidence;
  // Evidence of earlier versions has none, and leaving it out claims nothing.
  if (corrected === undefined) return [];
  const expected = correctedEffects(evidence);
  if (corrected.length !== expected.length)
    return [{ path: ["corrected"], message: `has ${corrected.length} entries, the pairs and the calibration give ${expected.length}` }];
  return expected.flatMap((one, index) => {
    const given = corrected[index];
    return given === undefined ? [] : differences(["corrected", index], asRecord(given), asRecord(one));
  });
}

/** The innermost places at which two JSON objects differ. */
function differences(path: EvidenceProblem["path"], given: JsonRecord, expected: JsonRecord): readonly EvidenceProblem[] {
  return [...new Set([...Object.keys(given), ...Object.keys(expected)])].flatMap((key) => {
    const left = given[key] ?? null;
    const right = expected[key] ?? null;
    if (canonicalJson(left) === canonicalJson(right)) return [];
    const place = [...path, key];
    if (isRecord(left) && isRecord(right)) return differences(place, left, right);
    const excerpt = (value: Json): string => canonicalJson(value).slice(0, 120);
    return [{ path: place, message: `is ${excerpt(left)}, the pairs give ${excerpt(right)}` }];
  });
}

const isRecord = (value: Json): value is { readonly [key: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);
