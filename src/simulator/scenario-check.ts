import type { ToolDefinition } from "../domain/message.ts";
import { seededRandom } from "../domain/random.ts";
import { understand } from "./agent-brain.ts";
import { readTools } from "./agent-files.ts";
import type { Kind, Scenario, ScenarioDocument, Step } from "./scenario.ts";
import { drawValues } from "./session-plan.ts";
import { fill, slotsInJson, slotsOf } from "./templates.ts";

type Files = Readonly<Record<string, string>>;

/** What a schema cannot say: names that must exist, scripts that fit the user's turns, words that can be understood, edits that fit the files. */
export function scenarioProblems(document: ScenarioDocument, files: Files): readonly string[] {
  const tools = toolsIn(document, files);
  const names = new Set(tools.tools.map((tool) => tool.name));
  return [
    ...Object.keys(files).flatMap((path) => pathProblem(path)),
    ...tools.problems,
    ...variableProblems(document, files),
    ...worldProblems(document, tools.tools),
    ...repeated(document.kinds.map((kind) => kind.name)).map((name) => `kinds: the name ${name} is used twice`),
    ...document.kinds.flatMap((kind, index) => kindProblems(document, kind, `kinds.${index}`, names)),
    ...draftProblems(document, files),
  ];
}

const repeated = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

const pathProblem = (path: string): readonly string[] =>
  path.startsWith("/") || path.includes("\\") || path.split("/").some((part) => part === ".." || part === "." || part === "")
    ? [`repository.files: ${path} is no path inside the repository`]
    : [];

function toolsIn({ agent }: ScenarioDocument, files: Files): { readonly tools: readonly ToolDefinition[]; readonly problems: string[] } {
  const problems = [agent.prompt, agent.tools]
    .filter((file) => !Object.hasOwn(files, file))
    .map((file) => `agent: the repository has no file ${file}`);
  const text = Object.hasOwn(files, agent.tools) ? files[agent.tools] : undefined;
  if (text === undefined) return { tools: [], problems };
  try {
    return { tools: readTools(text), problems };
  } catch (error) {
    return { tools: [], problems: [...problems, `agent.tools: ${error instanceof Error ? error.message : "cannot be read"}`] };
  }
}

function variableProblems({ agent }: ScenarioDocument, files: Files): readonly string[] {
  const template = Object.hasOwn(files, agent.prompt) ? (files[agent.prompt] ?? "") : "";
  const used = new Set([...template.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ""));
  return [...used]
    .filter((name) => !Object.hasOwn(agent.variables, name))
    .map((name) => `agent.variables: ${agent.prompt} has a variable ${name} that is not given`);
}

function worldProblems({ kinds, world }: ScenarioDocument, tools: readonly ToolDefinition[]): readonly string[] {
  const known = new Set(kinds.flatMap((kind) => [...valueNames(kind, world)]));
  return Object.entries(world.tools).flatMap(([name, { answer, by, table }]) => {
    const where = `world.tools.${name}`;
    const problems: string[] = [];
    if (table !== undefined && !Object.hasOwn(world.tables, table)) problems.push(`${where}: there is no table "${table}"`);
    if ((table === undefined) !== (by === undefined)) problems.push(`${where}: \`table\` and \`by\` belong together`);
    if (table !== undefined && answer !== undefined) problems.push(`${where}: it has both an \`answer\` and a \`table\``);
    const inputs = inputNames(tools.find((tool) => tool.name === name));
    for (const slot of slotsInJson(answer ?? {}))
      if (!known.has(slot) && !inputs.has(slot))
        problems.push(`${where}.answer: {${slot}} is no value of a session and no input of the tool`);
    return problems;
  });
}

function inputNames(tool: ToolDefinition | undefined): ReadonlySet<string> {
  const parameters = tool?.parameters;
  if (parameters === null || typeof parameters !== "object" || Array.isArray(parameters)) return new Set();
  const { properties } = parameters as { readonly properties?: unknown };
  return new Set(properties !== null && typeof properties === "object" ? Object.keys(properties) : []);
}

/** The values of a kind, with the fields of the rows they name. */
function valueNames({ values }: Kind, world: ScenarioDocument["world"], only?: readonly string[]): ReadonlySet<string> {
  const names = Object.keys(values).filter((name) => only === undefined || only.includes(name));
  const fields = names.flatMap((name) => {
    const source = values[name];
    return source !== undefined && "record" in source
      ? Object.values(world.tables[source.record] ?? {}).flatMap((row) => Object.keys(row))
      : [];
  });
  return new Set([...names, ...fields]);
}

function kindProblems(document: ScenarioDocument, kind: Kind, where: string, tools: ReadonlySet<string>): readonly string[] {
  const missing = ["pass", "fail", ...kind.rules.flatMap((rule) => rule.script ?? [])]
    .filter((script) => !Object.hasOwn(kind.scripts, script))
    .map((script) => `${where}.scripts: there is no script "${script}"`);
  const idle = kind.rules
    .filter((rule) => rule.effect === undefined && rule.script === undefined)
    .map((rule) => `${where}.rules: ${rule.name} has neither an effect nor a script`);
  const tables = Object.values(kind.values).flatMap((source) =>
    "record" in source && !Object.hasOwn(document.world.tables, source.record)
      ? [`${where}.values: there is no table "${source.record}"`]
      : [],
  );
  return [
    ...missing,
    ...idle,
    ...tables,
    ...Object.entries(kind.scripts).flatMap(([name, steps]) =>
      scriptProblems(document, kind, { name, steps, where: `${where}.scripts.${name}` }, tools),
    ),
    ...(tables.length > 0 ? [] : openingProblems(document, kind, where)),
  ];
}

interface PlacedScript {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly where: string;
}

function scriptProblems(
  document: ScenarioDocument,
  kind: Kind,
  { steps, where }: PlacedScript,
  tools: ReadonlySet<string>,
): readonly string[] {
  const problems: string[] = [];
  const turns = kind.followUps.length + 1;
  const says = steps.filter((step) => "say" in step).length;
  if (says !== turns) problems.push(`${where}: it answers ${says} times, but the user speaks ${turns} times`);
  const last = steps.at(-1);
  if (last !== undefined && "call" in last) problems.push(`${where}: it ends with a tool call`);
  const called = new Set<string>();
  const readable = kind.opening.map((opening) => valueNames(kind, document.world, slotsOf(opening)));
  for (const step of steps) {
    for (const slot of "say" in step ? slotsOf(step.say) : slotsInJson(step.input)) {
      const [tool = "", field] = slot.split(".");
      if (field === undefined ? !readable.every((names) => names.has(slot)) : !called.has(tool))
        problems.push(`${where}: {${slot}} is ${field === undefined ? "not in every opening" : "used before the tool was called"}`);
    }
    if (!("call" in step)) continue;
    if (!Object.hasOwn(document.world.tools, step.call) || !tools.has(step.call))
      problems.push(`${where}: the tool ${step.call} is not in world.tools and in ${document.agent.tools}`);
    called.add(step.call);
  }
  return problems;
}

const tries = 5;

/** Openings must be understood as their own kind with their own values: the agent knows nothing but these words. */
function openingProblems(document: ScenarioDocument, kind: Kind, where: string): readonly string[] {
  const names = valueNames(kind, document.world);
  const unknown = [...kind.opening, ...kind.followUps].flatMap((text) =>
    slotsOf(text).flatMap((slot) => (names.has(slot) ? [] : [`${where}: {${slot}} is no value of this kind`])),
  );
  if (unknown.length > 0) return unknown;
  const scenario: Scenario = { ...document, files: {}, operatorFile: "" };
  return kind.opening.flatMap((opening, index) => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const values = drawValues(kind, document, seededRandom(attempt, document.name, kind.name, "check"));
      const understood = understand(scenario, fill(opening, values));
      if (understood?.kind.name !== kind.name)
        return [`${where}.opening.${index}: these words are understood as ${understood?.kind.name ?? "no kind at all"}`];
      const wrong = slotsOf(opening).find((slot) => String(understood.values[slot]) !== String(values[slot]));
      if (wrong !== undefined)
        return [`${where}.opening.${index}: {${wrong}} cannot be read back from these words; put other words around it`];
    }
    return [];
  });
}

function draftProblems({ drafter }: ScenarioDocument, files: Files): readonly string[] {
  const twice = repeated(drafter.candidates.map((candidate) => candidate.name)).map(
    (name) => `drafter.candidates: the name ${name} is used twice`,
  );
  const unfit = drafter.candidates.flatMap((candidate, index) =>
    candidate.neverFits
      ? []
      : candidate.edits.flatMap(({ path, search }) => {
          const where = `drafter.candidates.${index} (${candidate.name})`;
          if (!Object.hasOwn(files, path)) return [`${where}: the repository has no file ${path}`];
          const places = (files[path] ?? "").split(search).length - 1;
          return places === 1 ? [] : [`${where}: the search text stands ${places === 0 ? "nowhere" : `${places} times`} in ${path}`];
        }),
  );
  return [...twice, ...unfit];
}
