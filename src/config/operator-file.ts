import { z } from "zod";
import { TuneupError } from "../domain/errors.ts";
import { describeConfigProblems, readYamlConfig } from "./yaml-config.ts";

const text = z.string().min(1).max(500);
const words = z.array(text).min(1).max(50);
const scalar = z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]);

const callPattern = z.strictObject({ tool: text, input: z.record(text, scalar).exactOptional() });
const transcriptPattern = z.strictObject({
  userSays: words.exactOptional(),
  agentSays: words.exactOptional(),
  calls: callPattern.exactOptional(),
  before: callPattern.exactOptional(),
});

const judgeRule = z
  .strictObject({
    name: text.describe("What a reviewer reads when the rule decides."),
    when: transcriptPattern.exactOptional().describe("Where the rule applies; everywhere when left out."),
    require: transcriptPattern.exactOptional(),
    forbid: transcriptPattern.exactOptional(),
  })
  .refine((rule) => rule.require !== undefined || rule.forbid !== undefined, "a rule needs `require` or `forbid`");

/** What may be set of redaction, for all trace projects or for one. */
const redactionKeys = {
  also: z.array(z.enum(["mac-address", "bare-phone", "coordinates"])).exactOptional(),
  patterns: z
    .array(
      z.strictObject({
        kind: z.string().regex(/^[A-Z][A-Z_]{1,29}$/, "a kind is written in capitals, like CUSTOMER_ID"),
        pattern: text,
      }),
    )
    .max(50)
    .exactOptional(),
  keep: z.array(text).max(500).exactOptional(),
} as const;

const price = z.number().min(0).max(10_000);

const modelRole = z.strictObject({
  provider: z.enum(["anthropic", "openai"]).describe("`openai` stands for every OpenAI-compatible endpoint."),
  model: text,
  api: z.enum(["chat", "responses"]).optional().describe("For `openai`: which of its two APIs; default chat."),
  baseUrl: z.url().optional(),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,80}$/)
    .optional()
    .describe("Name of the environment variable that holds the key; never the key itself."),
});

/** The stores of others that are read in place; docs/trace-stores.md. */
const traceStoreKinds = ["langfuse", "phoenix", "langsmith", "mlflow", "jaeger", "tempo", "clickhouse"] as const;
export type TraceStoreKind = (typeof traceStoreKinds)[number];

const traceStore = z.strictObject({
  kind: z.enum(traceStoreKinds),
  url: z.url({ protocol: /^https?$/ }).describe("The store's own address, without a key."),
  project: text.exactOptional().describe("The store's name or id for this project, where its key does not say it."),
  keyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,80}$/)
    .exactOptional()
    .describe("Name of the environment variable that holds the key; never the key itself."),
  pageSize: z.number().int().min(1).max(1000).exactOptional(),
  days: z.number().min(0.01).max(400).exactOptional().describe("How far back is read; default 14."),
  requestsPerSecond: z.number().min(0.05).max(1000).exactOptional(),
  clusterBy: words.exactOptional().describe("Names of scores or annotations whose labels name a kind of failure."),
});
export type TraceStoreSettings = z.infer<typeof traceStore>;

/** The schema of `tuneup.operator.yml`. Keys mean what docs/operator-file.md says; unknown keys are errors. */
export const operatorSchema = z.strictObject({
  project: text.optional().describe("Trace project that this repository's agent reports to."),
  repositories: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, "a repository is written owner/name"),
      z.strictObject({
        project: text,
        traces: traceStore.exactOptional(),
        schedule: z
          .enum(["daily", "weekly"])
          .exactOptional()
          .describe("A run without anybody asking, at the beginning of each day or week (UTC); none by default."),
      }),
    )
    .optional()
    .describe("For the GitHub App: which trace project belongs to which repository. A repository that is not listed gets no runs."),
  traces: traceStore.optional().describe("Where this project's traces are read in place; Tuneup's own store when left out."),
  store: z
    .strictObject({
      kind: z.literal("clickhouse"),
      url: z.url({ protocol: /^https?$/ }).describe("ClickHouse's HTTP interface, without user and password."),
      database: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "a database is named with letters, digits and underscores")
        .exactOptional()
        .describe("It must exist; default `default`."),
      keyEnv: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{0,80}$/)
        .exactOptional()
        .describe("Name of the environment variable that holds user:password; default CLICKHOUSE_KEY."),
    })
    .optional()
    .describe("Where Tuneup keeps the sessions that it receives and ingests; a SQLite file in the data folder when left out."),
  models: z
    .strictObject({
      agent: modelRole.optional().describe("What the agent itself runs on; default: provider and model as recorded."),
      drafter: modelRole.optional(),
      judge: modelRole.optional(),
      user: modelRole
        .optional()
        .describe("Speaks for recorded users where their recorded words do not fit; without it they are given all the same."),
      tools: modelRole
        .optional()
        .describe("Plays tools that read, where no recording answers; without it such calls are refused. Never asked for a write."),
    })
    .optional(),
  replay: z
    .strictObject({
      nearest: z
        .boolean()
        .exactOptional()
        .describe("Searches without a recorded answer may get that of nearly the same search; default false."),
    })
    .optional(),
  rules: z.array(judgeRule).max(100).optional().describe("Deterministic rules that say what a good session is."),
  evaluator: z
    .strictObject({ command: z.array(text).min(1).max(20), timeoutSeconds: z.number().positive().max(600).optional() })
    .optional()
    .describe("Your own evaluator: reads a conversation on stdin, exits 0 (good), 1 (bad) or 2 (cannot tell)."),
  tools: z
    .record(text, z.enum(["read", "write", "pure"]))
    .optional()
    .describe("What a tool does, where its name misleads."),
  toolDefinitions: z
    .array(z.strictObject({ name: text, description: z.string().max(20_000), parameters: z.record(z.string(), z.json()) }))
    .max(500)
    .optional()
    .describe("Tool definitions, where the traces carry none."),
  maxTurns: z.number().int().positive().max(200).optional().describe("The agent's own loop limit: model calls per user turn."),
  allowedPaths: z
    .array(text)
    .max(50)
    .optional()
    .describe("Exact paths of protected agent files (CLAUDE.md, AGENTS.md, skills) that edits may touch."),
  countBy: z.enum(["user", "session"]).optional().describe("Who is one vote; default user."),
  plan: z
    .strictObject({
      alpha: z.number().min(0.001).max(0.05).optional(),
      margin: z.number().min(0.01).max(0.2).optional(),
      failingCap: z.number().int().min(9).max(1000).optional(),
      controlCap: z.number().int().min(30).max(2000).optional(),
      candidates: z.number().int().min(1).max(8).optional(),
      order: z.enum(["random", "stratified"]).optional(),
      headroom: z.number().int().min(0).max(200).optional(),
      pairwise: z
        .boolean()
        .optional()
        .describe(
          "Candidates of equal rank are told apart by a judge that compares conversations side by side, in both orders; default false.",
        ),
      screen: z
        .boolean()
        .optional()
        .describe(
          "Candidates are tried on single steps of the shown sessions first, one call each, and those that change nothing are dropped; default false.",
        ),
      decisionLevel: z
        .boolean()
        .optional()
        .describe("Where whole sessions cannot be replayed truly, test single steps instead: a draft pull request at most; default false."),
      errorOver: z
        .enum(["job", "repository"])
        .optional()
        .describe(
          "What alpha holds for: each job by itself (default), or the share of useless edits among all that the repository accepts.",
        ),
    })
    .optional(),
  batches: z
    .boolean()
    .optional()
    .describe(
      "Where nobody waits for single answers (measuring the judge, trying candidates on steps), requests go through the provider's batch API: half the price, an answer within a day. Default false.",
    ),
  receiver: z
    .strictObject({
      largestMegabytes: z.number().min(1).max(256).exactOptional(),
      megabytesInFlight: z.number().min(1).max(4096).exactOptional(),
      megabytesPerSecond: z.number().min(0.1).max(10_000).exactOptional(),
    })
    .optional()
    .describe("Limits of receiving traces: one unpacked body, all that wait to be written, and what one project may send in the long run."),
  prices: z
    .record(
      text,
      z.strictObject({
        input: price,
        output: price,
        cacheRead: price.exactOptional(),
        cacheWrite: price.exactOptional(),
        batch: z.number().min(0).max(1).exactOptional(),
      }),
    )
    .optional()
    .describe("US dollars per million tokens, where prices/models.yaml has none or yours differ."),
  retention: z
    .strictObject({
      days: z.number().positive().max(36_500).describe("Sessions are removed so many days after they ended."),
      tellingDays: z.number().positive().max(36_500).exactOptional().describe("For failures and outliers; default as `days`."),
    })
    .optional()
    .describe(
      "How long sessions stay in the embedded trace store, applied once a day by `tuneup serve` and `tuneup receive`, and by `tuneup retention`; without it they stay.",
    ),
  redaction: z
    .union([
      z.literal("off"),
      z.strictObject({
        ...redactionKeys,
        projects: z.record(text, z.union([z.literal("off"), z.strictObject(redactionKeys)])).exactOptional(),
      }),
    ])
    .optional()
    .describe(
      "Secrets and personal data are replaced before anything is stored. Further kinds, your own patterns (RE2), values that stay; or off. Under `projects` a trace project has settings of its own, or off, in the place of the general ones.",
    ),
  canary: z
    .enum(["never", "sometimes", "always"])
    .optional()
    .describe("Whether an edit without meaning is run through the test too, as a check of it; default sometimes: one job of twenty."),
  onboarding: z
    .enum(["pull-request", "none"])
    .optional()
    .describe(
      "For the GitHub App: whether a repository without .github/tuneup.yml gets a pull request that adds it and no run before it is merged (default), or neither.",
    ),
  linkHosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(
          /^(?!xn--)[a-z0-9-]+(?:\.(?!xn--)[a-z0-9-]+)*\.[a-z]{2,}$/,
          "a host is written like docs.acme.example: small letters, no scheme, no path",
        ),
    )
    .max(20)
    .optional()
    .describe("Hosts besides the forge's own that links on Tuneup's pages may lead to; none by default."),
  approval: z
    .enum(["another-person", "anyone"])
    .optional()
    .describe(
      "For the GitHub App: whether a check on each proposal wants the approval of a person who neither asked for it nor committed to it (default); anyone: no such check.",
    ),
  limits: z
    .strictObject({
      openPullRequests: z.number().int().min(1).max(100).exactOptional(),
      openPerFile: z.number().int().min(1).max(20).exactOptional(),
      newPerDay: z.number().int().min(1).max(100).exactOptional(),
      cooldownDays: z.number().min(0).max(365).exactOptional(),
      dollarsPerDay: z.number().positive().exactOptional(),
      expireDays: z.number().min(0).max(3650).exactOptional(),
      vanishedScans: z.number().int().min(0).max(100).exactOptional(),
      evidenceDays: z.number().min(0).max(3650).exactOptional(),
    })
    .optional()
    .describe(
      "For the GitHub App: how many pull requests it may put before people, how long one stays that nobody looks at, and what it may spend a day.",
    ),
  stopLabel: text.optional().describe("Label that stops all updates of a pull request; default `tuneup:stop`."),
  budget: z.strictObject({ dollars: z.number().positive().optional(), tokens: z.number().int().positive().optional() }).optional(),
});

/** The operator's settings: trusted, and never read from the repository under test. */
export type OperatorSettings = z.infer<typeof operatorSchema>;

/** Parses an operator file. Throws `config-invalid` that names every problem at once with its place. */
export function parseOperatorFile(path: string, source: string): OperatorSettings {
  const read = readYamlConfig(source, operatorSchema);
  if (read.ok) return read.value;
  const problems = describeConfigProblems(read.problems);
  throw new TuneupError(
    "config-invalid",
    `${path} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  - ${problems.join("\n  - ")}`,
    {
      remedy: "Correct them and run `tuneup doctor`; docs/operator-file.md describes every key.",
      fields: { path, problems: [...problems] },
    },
  );
}
