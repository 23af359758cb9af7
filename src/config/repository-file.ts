import { z } from "zod";
import { TuneupError } from "../domain/errors.ts";
import { repositoryFilePath } from "../domain/publishing/setup.ts";
import { type ConfigProblem, describeConfigProblems, readYamlConfig } from "./yaml-config.ts";

export { repositoryFilePath };

/** Keys that only the operator may set, and why a repository may not: whoever can push could read others' traces or spend their money. */
const operatorOnly: readonly string[] = [
  "project",
  "repositories",
  "models",
  "rules",
  "evaluator",
  "tools",
  "toolDefinitions",
  "maxTurns",
  "allowedPaths",
  "countBy",
  "plan",
  "budget",
  "traces",
  "redaction",
  "retention",
  "limits",
  "stopLabel",
  "approval",
  "onboarding",
  "canary",
  "prices",
  "receiver",
];

const glob = z
  .string()
  .min(1)
  .max(300)
  .refine(
    (pattern) => !pattern.startsWith("/") && !pattern.split("/").includes("..") && !/[\p{Cc}\\]/u.test(pattern),
    "paths are relative, with forward slashes",
  );

const settingsSchema = z.strictObject({
  pullRequests: z
    .enum(["ready", "draft", "report-only"])
    .optional()
    .describe("What a proven edit becomes: a pull request that is ready for review (default), a draft, or a report without one."),
  prompts: z.array(glob).max(20).optional().describe("Files that hold the agent's prompt, where Tuneup cannot tell by itself."),
  ignore: z.array(glob).max(100).optional().describe("Paths that no edit may touch, as globs."),
  dashboard: z
    .boolean()
    .optional()
    .describe("One issue that shows what Tuneup proposes, does and leaves alone here, with boxes to give commands; none by default."),
  labels: z
    .array(
      z
        .string()
        .min(1)
        .max(50)
        .regex(/^[^\p{Cc},]+$/u),
    )
    .max(10)
    .optional()
    .describe("Labels of pull requests besides `tuneup`; set once."),
  reviewers: z
    .array(
      z
        .string()
        .max(100)
        .regex(/^[A-Za-z\d][A-Za-z\d-]{0,38}(?:\/[A-Za-z\d][\w.-]{0,60})?$/, "a reviewer is a login, or org/team"),
    )
    .max(10)
    .optional()
    .describe("Whom to ask for a review when a pull request is opened: logins, or org/team. Code owners are asked by GitHub itself."),
});

/** The schema of `.github/tuneup.yml`, for editors. */
export const repositorySchema = settingsSchema;

/** What a repository wants. Every setting can only narrow what the operator allows. */
export type RepositorySettings = z.infer<typeof settingsSchema>;

export type RepositoryFile =
  | { readonly state: "absent" }
  | { readonly state: "read"; readonly settings: RepositorySettings }
  | { readonly state: "invalid"; readonly problems: readonly ConfigProblem[] };

/** Reads the file's text; `undefined` is a repository without one. Names every problem, and says of operator settings that they do not belong here. */
export function readRepositoryFile(source: string | undefined): RepositoryFile {
  if (source === undefined) return { state: "absent" };
  const read = readYamlConfig(source, settingsSchema);
  if (read.ok) return { state: "read", settings: read.value };
  return {
    state: "invalid",
    problems: read.problems.map((problem) =>
      operatorOnly.includes(problem.key)
        ? {
            ...problem,
            message:
              "only the operator may set this, in tuneup.operator.yml: who can push here must not choose models, judges, traces or budgets",
          }
        : problem,
    ),
  };
}

/**
 * The settings of a file that is in order; a repository without one wants the defaults. Throws `config-invalid` with every problem; `where` is how
 * people find the file.
 */
export function repositorySettings(file: RepositoryFile, where = repositoryFilePath): RepositorySettings {
  if (file.state === "absent") return {};
  if (file.state === "read") return file.settings;
  const problems = describeConfigProblems(file.problems);
  throw new TuneupError(
    "config-invalid",
    `${where} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  - ${problems.join("\n  - ")}`,
    {
      remedy: "Correct it on the default branch; until then nothing is proposed. docs/repository-file.md describes every key.",
      fields: { problems: [...problems] },
    },
  );
}

/**
 * What a repository wants where its owner has defaults for all of theirs: key by key its own file counts, else the defaults. What either keeps from
 * edits is kept.
 */
export function withDefaults(own: RepositorySettings, defaults: RepositorySettings): RepositorySettings {
  const ignore = [...new Set([...(defaults.ignore ?? []), ...(own.ignore ?? [])])];
  return { ...defaults, ...own, ...(ignore.length === 0 ? {} : { ignore }) };
}
