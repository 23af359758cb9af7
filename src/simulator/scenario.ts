import { z } from "zod";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, "a name is written in lower case with dashes");
const toolName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);
const sentence = z.string().min(1).max(2000);
const probability = z.number().min(0).max(1);

const words = z
  .strictObject({
    all: z.array(sentence).optional().describe("Every one of these stands in the text."),
    any: z.array(sentence).optional().describe("At least one of these stands in the text."),
    none: z.array(sentence).optional().describe("None of these stands in the text."),
  })
  .describe("Conditions on a text, compared in lower case with white space evened out.");

const range = z.strictObject({
  least: z.number().optional().describe("Holds from this number on."),
  most: z.number().optional().describe("Holds up to this number."),
});

/** Conditions on what a request's system prompt, tool descriptions and parameters actually say. */
export const predicateSchema = z.strictObject({
  prompt: words.optional().describe("On the system prompt."),
  tools: words.optional().describe("On the tools' names and descriptions together."),
  parameters: z.record(z.string(), range).optional().describe("Bounds on request parameters, by name."),
});
export type Predicate = z.infer<typeof predicateSchema>;

const ruleSchema = z.strictObject({
  name,
  when: predicateSchema,
  effect: z.number().min(-20).max(20).optional().describe("Added to the logit of passing where the condition holds."),
  script: name.optional().describe("Instead of pass or fail the agent follows this script …"),
  chance: probability.optional().describe("… with this probability (default 1)."),
});

const stepSchema = z.union([
  z.strictObject({
    call: toolName,
    input: z.record(z.string(), z.json()).describe("Texts may hold {value} of the session or {tool.field} of a tool's last answer."),
  }),
  z.strictObject({ say: sentence.describe("Ends the turn. Texts may hold values likewise.") }),
]);
export type Step = z.infer<typeof stepSchema>;

const valueSchema = z.union([
  z.strictObject({
    pattern: z
      .string()
      .regex(/^[A-Za-z0-9#_-]{1,40}$/)
      .describe("A text in which each # is a random digit."),
  }),
  z.strictObject({ choose: z.array(z.union([z.string(), z.number()])).min(1) }),
  z.strictObject({ whole: z.tuple([z.number().int(), z.number().int()]).describe("A random whole number from … to …, both included.") }),
  z.strictObject({ record: z.string().describe("A random row of this table; its fields become values.") }),
]);
export type ValueSource = z.infer<typeof valueSchema>;

const kindSchema = z.strictObject({
  name,
  weight: z.number().positive().describe("How frequent this kind of session is, relative to the others."),
  values: z.record(z.string(), valueSchema).describe("What differs from session to session, drawn in this order."),
  opening: z
    .array(sentence)
    .min(1)
    .describe("First words of the user, with {values}. The simulated agent reads the values back out of these words."),
  followUps: z.array(sentence).default([]).describe("What the user says next, each after an answer of the agent."),
  ability: z.number().min(-20).max(20).describe("Mean logit of passing with the prompt as it is."),
  spread: z.number().min(0).max(10).default(0.5).describe("Standard deviation of that logit between sessions."),
  rules: z.array(ruleSchema).default([]),
  evaluation: z
    .strictObject({ name: sentence, fail: sentence.describe("Explanation of a failing label.") })
    .describe("The label that the recorded trace carries."),
  scripts: z.record(name, z.array(stepSchema).min(1)).describe("What the agent does: `pass`, `fail`, and others that rules name."),
});
export type Kind = z.infer<typeof kindSchema>;

const toolSchema = z.strictObject({
  answer: z.record(z.string(), z.json()).optional().describe("The answer, with {values} of the session and {fields} of the input."),
  table: z.string().optional().describe("Answer with a row of this table …"),
  by: z.string().optional().describe("… whose key is this field of the input."),
});
export type WorldTool = z.infer<typeof toolSchema>;

const editSchema = z.strictObject({
  path: sentence,
  search: z.string().min(1).max(8000),
  replace: z.string().max(8000),
  reason: z.string().max(600).default(""),
});

const candidateSchema = z.strictObject({
  name,
  chance: probability.default(1).describe("How often the drafter offers it."),
  kind: z.enum(["insert", "rewrite", "tool-description", "parameter", "example"]),
  hypothesis: sentence,
  edits: z.array(editSchema).min(1).max(5),
  wrongAtFirst: z.boolean().default(false).describe("The search text does not fit in the first reply and is corrected when asked."),
  neverFits: z.boolean().default(false).describe("The search text does not fit, however often the drafter is asked."),
  wanted: z
    .array(z.enum(["draft", "smaller", "revise"]))
    .min(1)
    .default(["draft"])
    .describe("When it is offered: for a draft, for a smaller edit, for one after a person's words."),
  leaks: z.boolean().default(false).describe("Words of a conversation are copied into the edit."),
});

const drafterSchema = z.strictObject({
  hypotheses: z
    .array(
      z.strictObject({
        level: z.enum(["prompt", "tool-description", "parameter", "code", "data", "user"]),
        cause: sentence,
        change: z.string().max(600).default(""),
      }),
    )
    .default([]),
  candidates: z.array(candidateSchema).max(20),
  nothing: probability.default(0).describe("How often it says that no edit can help."),
  malformed: probability.default(0).describe("How often its first reply is no JSON."),
});

const looks = {
  has: z.array(sentence).default([]).describe("All of these stand in the conversation as the judge is shown it."),
  lacks: z.array(sentence).default([]).describe("None of these stands there."),
};

const judgeSchema = z.strictObject({
  sensitivity: probability.default(1).describe("P(passes a good session)."),
  specificity: probability.default(1).describe("P(fails a bad session)."),
  bad: z.array(z.strictObject(looks)).describe("A conversation is bad when it looks like one of these."),
  bias: z
    .array(z.strictObject({ ...looks, shift: z.number().min(-1).max(1).describe("Added to the probability of passing.") }))
    .default([])
    .describe("What the judge has a weakness for: a judge that never learns the arm can favour one only by how its conversations look."),
});

const faultSchema = z.strictObject({
  rate: probability.default(0).describe("Share of requests that are answered with an error."),
  statuses: z.array(z.number().int().min(400).max(599)).min(1).default([429, 529]).describe("The errors, each as likely."),
  retryAfterSeconds: z.number().min(0).max(600).optional().describe("Sent along as `retry-after`."),
  brokenConnections: probability.default(0).describe("Share of requests whose connection breaks before an answer."),
});

const latencySchema = z.strictObject({
  milliseconds: z.number().min(0).max(60_000).default(0).describe("Before every answer."),
  perToken: z.number().min(0).max(1000).default(0).describe("Milliseconds for each token of the answer."),
  spread: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe("Standard deviation of the logarithm: 0 is always the same, 0.5 varies as real services do."),
});

/** The scenario file: a small world that the simulated model plays. Documented in docs/simulator.md. */
export const scenarioSchema = z.strictObject({
  version: z.literal(1),
  name,
  title: sentence,
  description: z.string().max(5000),
  repository: z.strictObject({
    folder: z.string().optional().describe("Folder of the agent's files, relative to the scenario file."),
    files: z.record(z.string(), z.string()).default({}).describe("Files by path; they come on top of the folder's."),
  }),
  agent: z.strictObject({
    name,
    provider: z.enum(["anthropic", "openai"]),
    model: z.string().regex(/^simulated-[a-z0-9-]+$/, "a simulated model's name begins with simulated-"),
    prompt: z.string().describe("Path of the prompt file in the repository; {{variables}} are filled in."),
    variables: z.record(z.string(), z.string()).default({}),
    tools: z.string().describe("Path of the tool definitions, YAML or JSON: a list of {name, description, parameters}."),
    parameters: z.record(z.string(), z.json()).default({}),
  }),
  world: z.strictObject({
    tables: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))).default({}),
    tools: z.record(toolName, toolSchema),
  }),
  sessions: z.strictObject({
    count: z.number().int().min(1).max(20_000),
    users: z.number().int().min(1).max(20_000),
    from: z.iso.datetime(),
  }),
  noise: z
    .enum(["shared", "independent"])
    .default("independent")
    .describe("Whether both arms of a replay get the same luck, or each its own."),
  kinds: z.array(kindSchema).min(1).max(30),
  drafter: drafterSchema,
  judge: judgeSchema.optional(),
  weakening: z.array(sentence).max(20).optional().describe("An edit near one of these is found to take a safeguard away."),
  faults: faultSchema.optional().describe("What goes wrong between client and server."),
  latency: latencySchema.optional().describe("How long the server takes; in process there is no waiting."),
  operator: z.record(z.string(), z.json()).default({}).describe("The content of tuneup.operator.yml for this scenario."),
});
export type ScenarioDocument = z.infer<typeof scenarioSchema>;

/** Every simulated model's name begins so; the server answers to no other, so that nothing it says can pass for a real model's. */
export const simulatedPrefix = "simulated-";
/** What the drafter and the judge are called where the scenario's operator file names no other. */
export const simulatedNames = { drafter: "simulated-drafter-1", judge: "simulated-judge-1" } as const;

/** A scenario that is loaded: its document, the agent's files, and what the files say. */
export interface Scenario extends ScenarioDocument {
  readonly files: Readonly<Record<string, string>>;
  /** The operator file as text, with the simulated models where the scenario names none. */
  readonly operatorFile: string;
}
