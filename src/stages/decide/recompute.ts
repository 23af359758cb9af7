import { z } from "zod";
import { canonicalJson } from "../../domain/digest.ts";
import type { Evidence } from "../../domain/evidence.ts";
import type { Json } from "../../domain/ids.ts";
import type { Decision } from "../../domain/verdict.ts";

export type Recomputed = { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] };

const count = z.number().int().min(0).max(1_000_000);
const arm = z.looseObject({ outcome: z.enum(["passed", "failed", "inconclusive"]), config: z.string(), seed: z.number() });
const pair = z.looseObject({
  sessionId: z.string(),
  index: count,
  group: z.enum(["failing", "control"]),
  candidate: z.string(),
  before: arm,
  after: arm,
  dropped: z.string().optional(),
});
const share = z.number().min(0).max(1);

/** What recomputing needs of an evidence document; everything else is carried along unchecked. */
const evidenceSchema = z.looseObject({
  version: z.literal(1),
  plan: z.looseObject({
    alpha: z.number().positive().max(0.05),
    candidates: z.number().int().min(1).max(20),
    theta0: z.number().min(0.5).max(0.95),
    theta1: z.number().min(0.5).max(0.99),
    maximumDiscordant: z.number().int().min(1).max(500),
    failingCap: z.number().int().min(1).max(10_000),
    minimumEffect: share,
    margin: z.number().positive().max(0.5),
    controlCap: z.number().int().min(1).max(10_000),
    halving: z.array(z.object({ after: count, keep: count })).max(20),
  }),
  cluster: z.looseObject({ members: count, sessionsInWindow: count }),
  available: z.object({ failing: count, control: count }),
  candidates: z.array(z.looseObject({ id: z.string() })).max(20),
  boundary: z.array(count).max(500),
  pairs: z.array(pair).max(200_000),
  verdicts: z.array(z.looseObject({ candidate: z.string(), result: z.string() })).max(20),
  winner: z.string().optional(),
});

/** The parts of the test that recomputing runs again; given in, because the stage itself imports this file. */
export interface Test {
  readonly decide: (evidence: Evidence) => Decision;
  readonly boundary: (evidence: Evidence) => readonly number[];
}

/**
 * Checks an evidence document against itself: the boundary follows from the plan, every pair stands once at its place, both candidates of
 * a session share one `before`, and verdicts, figures and winner follow from the pairs alone. Names each difference.
 */
export function recomputeWith(test: Test, document: unknown): Recomputed {
  const parsed = evidenceSchema.safeParse(document);
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.error.issues.slice(0, 20).map((issue) => `${issue.path.map(String).join(".") || "document"}: ${issue.message}`),
    };
  }
  // The schema has looked at every field that is used from here on.
  const evidence = document as Evidence;
  const problems = [...structure(evidence), ...boundaryProblems(test, evidence), ...verdictProblems(test, evidence)];
  return problems.length === 0 ? { ok: true } : { ok: false, problems };
}

function structure(evidence: Evidence): readonly string[] {
  const problems: string[] = [];
  const known = new Set<string>(evidence.candidates.map((candidate) => candidate.id));
  if (known.size !== evidence.candidates.length) problems.push("candidates: one stands twice");
  if (evidence.plan.candidates !== evidence.candidates.length)
    problems.push(`plan.candidates is ${evidence.plan.candidates}, but ${evidence.candidates.length} candidates were tested`);
  const places = new Set<string>();
  const sessions = new Map<string, string>();
  const befores = new Map<string, string>();
  for (const [position, one] of evidence.pairs.entries()) {
    const where = `pairs[${position}]`;
    if (!known.has(one.candidate)) problems.push(`${where} is of a candidate that is not in the document`);
    const place = `${one.group} ${one.index}`;
    if (places.has(`${place} ${one.candidate}`)) problems.push(`${where}: ${place} stands twice for one candidate`);
    places.add(`${place} ${one.candidate}`);
    if (one.index >= evidence.available[one.group])
      problems.push(`${where}: index ${one.index} is beyond the ${evidence.available[one.group]} sessions of its group`);
    if ((sessions.get(place) ?? one.sessionId) !== one.sessionId)
      problems.push(`${where}: ${place} is session ${one.sessionId} here and another elsewhere`);
    sessions.set(place, one.sessionId);
    const before = canonicalJson([one.before.outcome, one.before.config, one.before.seed]);
    if ((befores.get(place) ?? before) !== before) problems.push(`${where}: candidates of one session must share its \`before\``);
    befores.set(place, before);
  }
  if (new Set(sessions.values()).size !== sessions.size) problems.push("one session stands at two places of the order");
  return problems;
}

function boundaryProblems(test: Test, evidence: Evidence): readonly string[] {
  const expected = test.boundary(evidence);
  const at = expected.findIndex((value, index) => value !== evidence.boundary[index]);
  if (at >= 0) return [`boundary[${at}] is ${String(evidence.boundary[at])}, the plan gives ${String(expected[at])}`];
  return expected.length === evidence.boundary.length
    ? []
    : [`boundary has ${evidence.boundary.length} entries, the plan gives ${expected.length}`];
}

function verdictProblems(test: Test, evidence: Evidence): readonly string[] {
  const decision = test.decide(evidence);
  if (decision.state === "undecided") return [`the pairs end at ${decision.group} ${decision.index}, before the test had decided`];
  const problems: string[] = [];
  if (decision.winner !== evidence.winner)
    problems.push(`winner is ${evidence.winner ?? "nobody"}, the pairs give ${decision.winner ?? "nobody"}`);
  for (const expected of decision.verdicts) {
    const given = evidence.verdicts.find((verdict) => verdict.candidate === expected.candidate);
    if (given === undefined) problems.push(`the verdict of candidate ${expected.candidate} is missing`);
    else
      problems.push(
        ...differences(asRecord(given), asRecord(expected)).map(
          (difference) => `verdict of ${expected.candidate.slice(0, 19)}: ${difference}`,
        ),
      );
  }
  if (evidence.verdicts.length > decision.verdicts.length) problems.push("there are more verdicts than candidates");
  return problems;
}

type JsonRecord = { readonly [key: string]: Json | undefined };
const asRecord = (value: object): JsonRecord => JSON.parse(JSON.stringify(value)) as JsonRecord;

function differences(given: JsonRecord, expected: JsonRecord): readonly string[] {
  return [...new Set([...Object.keys(given), ...Object.keys(expected)])].flatMap((key) => {
    const left = given[key] ?? null;
    const right = expected[key] ?? null;
    return canonicalJson(left) === canonicalJson(right)
      ? []
      : [`${key} is ${canonicalJson(left).slice(0, 120)}, the pairs give ${canonicalJson(right).slice(0, 120)}`];
  });
}
