import { z } from "zod";

const text = z.string().max(20_000);
const digest = z.string().regex(/^[\w:+-]{2,200}$/);
const count = z.number().int().min(0).max(1_000_000_000);
const share = z.number().min(0).max(1);
const difference = z.number().min(-1).max(1);

const usage = z
  .looseObject({
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count.optional(),
    cacheWriteTokens: count.optional(),
    dollars: z.number().min(0).optional(),
  })
  .describe("Tokens as the provider counted them; inputTokens includes the cached ones.");

const arm = z.looseObject({
  outcome: z
    .enum(["passed", "failed", "inconclusive"])
    .describe("An inconclusive `before` counts as passed, an inconclusive `after` as failed."),
  decidedBy: text.describe("What judged it: `rule: <name>`, rules, signature, evaluator, model, ended, nothing."),
  ended: z.enum(["finished", "limit", "loop", "inconclusive", "infrastructure"]),
  tiers: z.record(z.string().max(40), count).describe("How often a tool's answer came from where."),
  divergedAtTurn: count.optional().describe("First user turn at which the tool calls left the recording."),
  modelCalls: count,
  usage,
  seed: z.number(),
  config: digest.describe("Digest of the configuration the arm ran with."),
  replay: digest.optional().describe("Names the replay; the ledger of the machine that measured it keeps its transcript."),
});

const pair = z.looseObject({
  sessionId: z.string().max(1000),
  index: count.describe("0-based place in the committed order of its group."),
  group: z.enum(["failing", "control"]),
  candidate: digest,
  before: arm,
  after: arm,
  pairwise: z
    .looseObject({ preferred: z.union([z.literal(-1), z.literal(0), z.literal(1)]), usage })
    .optional()
    .describe(
      "A model's preference between the two conversations, in both orders: 1 the edited agent's. Breaks ties between candidates only.",
    ),
  dropped: text.optional().describe("Why the pair does not count: lost to infrastructure, or the edit does not apply to the session."),
});

const selfReplays = z.looseObject({ replayed: count, reproduced: count, inconclusive: count });
const judgedClass = z.looseObject({ sessions: count, agreed: count, cannotTell: count });

const counts = z.looseObject({
  pairs: count,
  fixed: count,
  broken: count,
  unchanged: count,
  inconclusive: count,
  diverged: count,
  beforePassed: count,
  afterPassed: count,
});

const verdict = z.looseObject({
  candidate: digest,
  result: z.enum(["improves", "decision-level", "no-evidence", "harms", "inconclusive"]),
  why: text,
  failing: counts,
  control: counts,
  alpha: z.number(),
  candidates: count,
  effect: z.tuple([difference, difference]).describe("95 % confidence sequence of fixed minus broken among the failing sessions."),
  controlBound: share.describe("Up to this share of working sessions may break."),
  netEffect: z.tuple([difference, difference]).optional().describe("Change of the success rate over all traffic, 95 %."),
});

const corrected = z.looseObject({
  candidate: digest,
  group: z.enum(["failing", "control"]),
  pairs: count,
  judgedByModel: count,
  before: z.number(),
  after: z.number(),
  effect: z.number(),
  interval: z.tuple([difference, difference]),
});

const screen = z.looseObject({
  sessions: count,
  candidates: z
    .array(z.looseObject({ candidate: digest, fixed: count, broken: count, result: z.enum(["kept", "dropped", "not-asked"]) }))
    .max(20),
  usage,
});

const plan = z.looseObject({
  alpha: z.number().positive().max(0.05).describe("P(a useless or harmful edit is accepted), all candidates of the job counted."),
  spending: z
    .strictObject({ alpha: z.number().positive().max(0.05), job: z.number().int().min(1).max(10_000) })
    .optional()
    .describe("Present when earlier jobs looked at some of these sessions: alpha is spending.alpha · 6/(π²·job²)."),
  lond: z
    .strictObject({ alpha: z.number().positive().max(0.05), job: z.number().int().min(1).max(1_000_000), accepted: count })
    .optional()
    .describe(
      "Present when the error is bounded over all jobs of the repository (LOND): alpha is at most lond.alpha · 6/(π²·job²) · (accepted + 1), accepted counting earlier jobs.",
    ),
  level: z.literal("decision").optional().describe("Present when single steps were asked for again instead of whole sessions replayed."),
  candidates: z.number().int().min(1).max(60).describe("K: each candidate is tested at alpha/K."),
  theta0: z.number().min(0.5).max(0.99).describe("Null share of fixed among changed pairs."),
  guardBand: z
    .strictObject({ bias: share, basePassRate: share, sensitivity: share, specificity: share })
    .optional()
    .describe("Where only a model judges: what theta0 was computed from."),
  theta1: z.number().min(0.5).max(0.999),
  maximumDiscordant: z.number().int().min(1).max(500).describe("M: horizon of the boundary in changed pairs."),
  failingCap: z.number().int().min(1).max(10_000),
  minimumEffect: share,
  margin: z.number().positive().max(0.5).describe("How many working sessions may break at most, as a share."),
  marginIsChosen: z.boolean().optional(),
  controlCap: z.number().int().min(1).max(10_000),
  halving: z.array(z.strictObject({ after: count, keep: count })).max(20),
  pool: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Small cluster: so many different sessions, drawn with replacement. The evidence is about these sessions only."),
  looks: z.array(count).max(10_000).optional().describe("Stratified order: the test is looked at only after so many failing sessions."),
});

const candidate = z.looseObject({ id: digest, kind: text, hypothesis: text, edits: z.array(z.looseObject({ path: text })).max(50) });

/** The form of an evidence document, version 1. Published as docs/evidence.schema.json; unknown fields are carried along and sealed. */
export const evidenceSchema = z
  .looseObject({
    version: z.literal(1),
    job: digest.describe("The same inputs are the same job."),
    startedAt: z.string().max(40),
    project: text,
    repository: z.looseObject({ owner: text, name: text }),
    commit: text,
    cluster: z.looseObject({ id: text, title: text, members: count, sessionsInWindow: count, failedInWindow: count }),
    plan,
    order: digest.describe("Digest of `orders`, committed before the first replay: sha256 over [failing, control] as JSON."),
    orders: z.strictObject({
      failing: z.array(z.string().max(1000)).max(10_000),
      control: z.array(z.string().max(1000)).max(10_000),
    }),
    rubric: digest.describe("Digest of everything that decides whether a replay is good."),
    seed: z.number(),
    fidelity: z
      .looseObject({
        failing: selfReplays,
        working: selfReplays,
        failedByModel: count.optional(),
        failsAgain: share,
        failsAgainAtLeast: share,
        passesAgain: share,
        chanceCorrected: difference,
      })
      .optional()
      .describe("How true replays of the unchanged agent are to its recordings."),
    calibration: z
      .looseObject({ good: judgedClass, bad: judgedClass, sensitivity: share, specificity: share, youden: difference })
      .optional()
      .describe("How good the model judge is on labelled sessions."),
    headroom: z
      .looseObject({ result: z.enum(["some", "none", "unknown"]), replayed: count, passed: count, needed: count })
      .optional()
      .describe("Whether the failure could be mended by a prompt at all, measured before drafting."),
    screen: screen
      .optional()
      .describe("Candidates tried on single steps of the sessions that the drafter saw; who was dropped is not in the test."),
    available: z.strictObject({ failing: count, control: count }).describe("How far each order may be read."),
    candidates: z.array(candidate).min(1).max(20),
    boundary: z.array(count).max(500).describe("boundary[m - 1]: so many fixed among m changed pairs accept; m + 1 where no count does."),
    pairs: z.array(pair).max(200_000),
    verdicts: z.array(verdict).max(20),
    winner: digest.optional(),
    corrected: z
      .array(corrected)
      .max(60)
      .optional()
      .describe("Effects freed of the model judge's error rates (Rogan and Gladen), plain 95 % intervals; no verdict rests on them."),
    models: z.looseObject({ agent: text, drafter: text, judge: text.optional(), user: text.optional(), tools: text.optional() }),
    simulated: z.boolean().describe("True: the model was Tuneup's simulator, and the figures say nothing about a real agent."),
    drafting: usage,
    reduction: z
      .looseObject({ of: digest, job: digest, leftOut: text, tests: z.number().int().min(1).max(60), usage })
      .optional()
      .describe("The candidate is one that passed the test of an earlier part of the job, with a part left out; `tests` share the level."),
    usage: usage.describe("Drafting, and every arm of the document once."),
    seals: z
      .strictObject({ pairs: z.array(z.string().max(64)).max(200_000), fields: z.record(z.string().max(100), z.string().max(64)) })
      .describe("First 16 hex digits of the SHA-256 of each part's JSON with sorted keys: they say which part of an edited file differs."),
  })
  .describe("Everything that Tuneup's verdict on one job follows from. `tuneup verify` recomputes it.");
