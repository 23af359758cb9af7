import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseDocument, stringify } from "yaml";
import { TuneupError } from "../domain/errors.ts";
import type { ToolDefinition } from "../domain/message.ts";
import { readTools } from "./agent-files.ts";
import { type Scenario, type ScenarioDocument, scenarioSchema } from "./scenario.ts";

const largest = 2 * 1024 * 1024;

/** Reads a scenario file with the files of its agent. Throws `config-invalid` naming every problem with its place. */
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

/** Checks a scenario's text against its schema. */
export function parseScenario(path: string, text: string): ScenarioDocument {
  if (text.length > largest) throw invalid(path, [`the file is larger than ${largest / 1024 / 1024} MiB`]);
  const yaml = parseDocument(text, { prettyErrors: true });
  if (yaml.errors.length > 0)
    throw invalid(
      path,
      yaml.errors.map((error) => error.message.split("\n")[0] ?? "not YAML"),
    );
  const parsed = scenarioSchema.safeParse(yaml.toJS({ maxAliasCount: 50 }));
  if (!parsed.success)
    throw invalid(
      path,
      parsed.error.issues.map((issue) => `${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`),
    );
  return parsed.data;
}

/** Joins a scenario with its files, and checks what the schema cannot: names that must exist, scripts that must fit the user's turns. */
export function completeScenario(path: string, document: ScenarioDocument, files: Readonly<Record<string, string>>): Scenario {
  const problems: string[] = [];
  for (const file of [document.agent.prompt, document.agent.tools])
    if (!Object.hasOwn(files, file)) problems.push(`agent: the repository has no file ${file}`);
  let tools: readonly ToolDefinition[] = [];
  if (problems.length === 0) {
    try {
      tools = readTools(files[document.agent.tools] ?? "");
    } catch (error) {
      problems.push(`agent.tools: ${error instanceof Error ? error.message : "cannot be read"}`);
    }
  }
  problems.push(
    ...document.kinds.flatMap((kind, index) => kindProblems(document, kind, `kinds.${index}`, new Set(tools.map((tool) => tool.name)))),
  );
  if (problems.length > 0) throw invalid(path, problems);
  return { ...document, files, operatorFile: stringify(document.operator) };
}

function kindProblems(
  document: ScenarioDocument,
  kind: ScenarioDocument["kinds"][number],
  where: string,
  tools: ReadonlySet<string>,
): readonly string[] {
  const problems: string[] = [];
  for (const script of ["pass", "fail", ...kind.rules.flatMap((rule) => rule.script ?? [])]) {
    if (!Object.hasOwn(kind.scripts, script)) problems.push(`${where}.scripts: there is no script "${script}"`);
  }
  const turns = kind.followUps.length + 1;
  for (const [name, steps] of Object.entries(kind.scripts)) {
    const says = steps.filter((step) => "say" in step).length;
    if (says !== turns) problems.push(`${where}.scripts.${name}: it answers ${says} times, but the user speaks ${turns} times`);
    for (const step of steps)
      if ("call" in step && (!Object.hasOwn(document.world.tools, step.call) || !tools.has(step.call)))
        problems.push(`${where}.scripts.${name}: the tool ${step.call} is not in world.tools and in ${document.agent.tools}`);
  }
  for (const source of Object.values(kind.values))
    if ("record" in source && !Object.hasOwn(document.world.tables, source.record))
      problems.push(`${where}.values: there is no table "${source.record}"`);
  return problems;
}

const invalid = (path: string, problems: readonly string[]): TuneupError =>
  new TuneupError(
    "config-invalid",
    `The scenario ${path} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  - ${problems.join("\n  - ")}`,
    { remedy: "docs/simulator.md describes every key.", fields: { path, problems } },
  );

function readFolder(folder: string): Readonly<Record<string, string>> {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
      entries
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [relative(folder, file).split(sep).join("/"), readFileSync(file, "utf8")]),
    );
  } catch (cause) {
    throw new TuneupError("file-unreadable", `The agent's folder ${folder} cannot be read.`, {
      remedy: "Check `repository.folder` in the scenario.",
      fields: { folder },
      cause,
    });
  }
}
