import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type Document, isNode, LineCounter, parseDocument, stringify } from "yaml";
import type { z } from "zod";
import { TuneupError } from "../domain/errors.ts";
import type { Json } from "../domain/ids.ts";
import { scenarioProblems } from "./scenario-check.ts";
import { type Scenario, type ScenarioDocument, scenarioSchema, simulatedNames } from "./scenario.ts";

const mebibyte = 1024 * 1024;
const largestScenario = 2 * mebibyte;
const largestFile = mebibyte;
const mostFiles = 500;

/** Reads a scenario file with the files of its agent. Throws `file-unreadable`, or `config-invalid` naming every problem with its place. */
export function readScenario(path: string): Scenario {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new TuneupError("file-unreadable", `There is no scenario at ${path}.`, {
      remedy: "Give a file, or one of missing-step, not-in-the-prompt, harmful-edits.",
      fields: { path },
      cause,
    });
  }
  const document = parseScenario(path, text);
  const folder = document.repository.folder === undefined ? {} : readFolder(resolve(dirname(path), document.repository.folder));
  return completeScenario(path, document, { ...folder, ...document.repository.files });
}

/** Checks a scenario's text against its schema. Throws `config-invalid` naming every problem with its line. */
export function parseScenario(path: string, text: string): ScenarioDocument {
  if (text.length > largestScenario) throw invalid(path, [`the file is larger than ${largestScenario / mebibyte} MiB`]);
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines });
  if (yaml.errors.length > 0)
    throw invalid(
      path,
      yaml.errors.map((error) => error.message.split("\n")[0] ?? "not YAML"),
    );
  const parsed = scenarioSchema.safeParse(plainValue(path, yaml));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue));
  throw invalid(
    path,
    problems.map(({ keys, message }) => `${lineOf(yaml, lines, keys)}${keys.map(String).join(".") || "(top)"}: ${message}`),
  );
}

function plainValue(path: string, yaml: Document): unknown {
  try {
    return yaml.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(path, [error instanceof Error ? error.message : "not YAML"]);
  }
}

interface Problem {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
}

/** An issue as a person reads it: of alternatives, the one that was nearly met speaks. */
function problemsOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): readonly Problem[] {
  const keys = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return [{ keys, message: issue.message }];
  const [nearest = []] = issue.errors.toSorted((left, right) => strangeness(left) - strangeness(right));
  return nearest.length === 0 ? [{ keys, message: issue.message }] : nearest.flatMap((one) => problemsOf(one, keys));
}

const strangeness = (issues: readonly z.core.$ZodIssue[]): number =>
  issues.reduce((sum, issue) => sum + 1 + (issue.code === "unrecognized_keys" ? issue.keys.length : 0), 0);

/** Where a value stands, or the nearest thing around it that does. */
function lineOf(yaml: Document, lines: LineCounter, keys: readonly PropertyKey[]): string {
  for (let length = keys.length; length > 0; length -= 1) {
    const node = yaml.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return `line ${lines.linePos(node.range[0]).line}: `;
  }
  return "";
}

/** Joins a scenario with its files, and checks what the schema cannot. Throws `config-invalid` naming every problem with its place. */
export function completeScenario(path: string, document: ScenarioDocument, files: Readonly<Record<string, string>>): Scenario {
  const problems = scenarioProblems(document, files);
  if (problems.length > 0) throw invalid(path, problems);
  return { ...document, files, operatorFile: stringify(operatorOf(document)) };
}

/** The scenario's operator settings; drafter and judge are the simulated ones unless it says otherwise, so that nothing is taken for a real model. */
function operatorOf({ agent, judge, operator }: ScenarioDocument): Readonly<Record<string, Json>> {
  const { models } = operator;
  const named = models !== null && typeof models === "object" && !Array.isArray(models) ? models : {};
  const role = (model: string): Json => ({ provider: agent.provider, model });
  return {
    ...operator,
    models: {
      drafter: role(simulatedNames.drafter),
      ...(judge === undefined ? {} : { judge: role(simulatedNames.judge) }),
      ...named,
    },
  };
}

const invalid = (path: string, problems: readonly string[]): TuneupError =>
  new TuneupError(
    "config-invalid",
    `The scenario ${path} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  - ${problems.join("\n  - ")}`,
    { remedy: "docs/simulator.md describes every key.", fields: { path, problems } },
  );

const unreadable = (folder: string, message: string, cause?: unknown): TuneupError =>
  new TuneupError("file-unreadable", message, {
    remedy: "Check `repository.folder` in the scenario: it is relative to the scenario file.",
    fields: { folder },
    cause,
  });

/** The text files of a folder by their path in it; git's own folder is left out. */
function readFolder(folder: string): Readonly<Record<string, string>> {
  let paths: readonly string[];
  try {
    paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !relative(folder, file).split(sep).includes(".git"));
  } catch (cause) {
    throw unreadable(folder, `The agent's folder ${folder} cannot be read.`, cause);
  }
  if (paths.length > mostFiles) throw unreadable(folder, `The agent's folder ${folder} holds more than ${mostFiles} files.`);
  const large = paths.find((file) => statSync(file).size > largestFile);
  if (large !== undefined) throw unreadable(folder, `${large} is larger than ${largestFile / mebibyte} MiB.`);
  return Object.fromEntries(paths.map((file) => [relative(folder, file).split(sep).join("/"), readFileSync(file, "utf8")]));
}
