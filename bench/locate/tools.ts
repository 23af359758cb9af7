import { seededRandom } from "../../src/domain/random.ts";
import type { AgentSource, Located } from "../../src/domain/source.ts";
import { locate, RepositoryIndex } from "../../src/stages/locate.ts";
import { type BenchReport, round } from "../report.ts";
import type { Repository } from "./corpus.ts";
import type { Settings } from "./placement.ts";
import { sessionWith } from "./scoring.ts";
import { type DefinedTool, definedToolsOf, schemaOf } from "./tool-definitions.ts";

/** Tools that one agent is given: of a folder, or of one file where a folder has two of a name. */
type Kit = readonly DefinedTool[];

interface Counts {
  /** Descriptions of tools, and of parameters. */
  readonly own: Tally;
  readonly parts: Tally;
  /** Tools with the same text elsewhere, and nothing in their kit that tells which one runs. */
  undecidable: number;
  milliseconds: number;
  kits: number;
}

interface Tally {
  all: number;
  right: number;
  wrong: number;
  missed: number;
  readOnly: number;
}

const mostToolsInKit = 40;

/** Searches the tools of real repositories, as their own languages' parsers read them, beside a prompt that is known. */
export async function toolFigures(repositories: readonly Repository[], settings: Settings): Promise<BenchReport> {
  const all = new Map<string, Counts>();
  for (const repository of repositories) {
    const prompt = await promptOf(repository);
    const defined = prompt === undefined ? [] : await definedToolsOf(repository);
    if (prompt === undefined || defined.length === 0) continue;
    const counts = await searched(repository, { prompt, defined, settings });
    if (counts.own.all > 0) all.set(repository.name, counts);
    settings.say(
      `${repository.name}: ${said("tools", counts.own)}; ${said("parameters", counts.parts)}; ${counts.undecidable} undecidable`,
    );
  }
  return reportOf(all);
}

const said = (what: string, { all, missed, readOnly, right, wrong }: Tally): string =>
  `${what} ${right} of ${all} right, ${wrong} wrong, ${missed} missed, ${readOnly} only named`;

interface RootPrompt {
  readonly path: string;
  readonly text: string;
}

/** A text at the root stands for the agent's prompt: it says nothing about which folder's tools are meant. */
async function promptOf({ checkout }: Repository): Promise<RootPrompt | undefined> {
  const [entry] = (await checkout.entries())
    .filter(({ kind, path, size }) => kind === "file" && /^[^/]+\.md$/i.test(path) && size > 500 && size < 200_000)
    .toSorted((left, right) => Number(/^readme/i.test(right.path)) - Number(/^readme/i.test(left.path)));
  if (entry === undefined) return undefined;
  const text = (await checkout.read([entry.path])).get(entry.path);
  return text === undefined ? undefined : { path: entry.path, text };
}

interface Trial {
  readonly prompt: RootPrompt;
  readonly defined: readonly DefinedTool[];
  readonly settings: Settings;
}

async function searched(repository: Repository, { defined, prompt, settings }: Trial): Promise<Counts> {
  const counts: Counts = { own: tally(), parts: tally(), undecidable: 0, milliseconds: 0, kits: 0 };
  const random = seededRandom(1, `tools ${repository.name}`);
  const kits = kitsOf(defined)
    .map((kit) => ({ kit, draw: random() }))
    .toSorted((left, right) => left.draw - right.draw)
    .slice(0, settings.promptsEach * 2);
  const index = new RepositoryIndex();
  for (const { kit } of kits) {
    if (kit.every((tool) => hasTwin(tool, defined))) {
      counts.undecidable += kit.length;
      continue;
    }
    const sent = kit.map((tool) => (tool.whole !== undefined && tool.wholeLines !== undefined && random() < 0.3 ? wholeOf(tool) : tool));
    const tools = sent.map(({ description, name, parts }) => ({ name, description, parameters: schemaOf(parts) }));
    const start = performance.now();
    const located = await locate(
      { sessions: [sessionWith(prompt.text, { tools })], checkout: repository.checkout, mapped: [{ path: prompt.path }] },
      { literals: settings.literals, index },
    );
    counts.milliseconds += performance.now() - start;
    counts.kits += 1;
    for (const tool of sent) score(located, tool, { counts, settings, repository: repository.name });
  }
  return counts;
}

const tally = (): Tally => ({ all: 0, right: 0, wrong: 0, missed: 0, readOnly: 0 });

/** A framework that sends the whole docstring takes its parameters from elsewhere. */
const wholeOf = (tool: DefinedTool): DefinedTool => ({
  ...tool,
  description: tool.whole ?? tool.description,
  lines: tool.wholeLines ?? tool.lines,
  parts: [],
});

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

function kitsOf(defined: readonly DefinedTool[]): readonly Kit[] {
  const groups = Map.groupBy(defined, (tool) => folderOf(tool.path));
  return [...groups.values()].flatMap((group): readonly Kit[] => {
    const isOne = new Set(group.map((tool) => tool.name)).size === group.length && group.length <= mostToolsInKit;
    if (isOne) return [group];
    return [...Map.groupBy(group, (tool) => tool.path).values()].map((tools) => {
      const names = Map.groupBy(tools, (tool) => tool.name);
      return tools.filter((tool) => names.get(tool.name)?.length === 1).slice(0, mostToolsInKit);
    });
  });
}

const even = (text: string): string => text.replace(/\s+/g, "");
const hasTwin = (tool: DefinedTool, defined: readonly DefinedTool[]): boolean =>
  defined.some((other) => other.path !== tool.path && other.name === tool.name && even(other.description) === even(tool.description));

interface Scored {
  readonly counts: Counts;
  readonly settings: Settings;
  readonly repository: string;
}

function score(located: Located, tool: DefinedTool, { counts, repository, settings }: Scored): void {
  const sources =
    located.result === "found" ? located.sources.filter((one) => one.kind === "tool-description" && one.subject === tool.name) : [];
  const wanted = [{ part: undefined, description: tool.description, lines: tool.lines }, ...tool.parts];
  for (const { description, lines, part } of wanted) {
    // Nothing can be told from a word or two.
    if (even(description).length < 4) continue;
    const own = part === undefined ? counts.own : counts.parts;
    const source = sources.find((one) => one.part === part);
    own.all += 1;
    const ending = source === undefined ? "missed" : isThere(source, tool.path, lines) ? "right" : "wrong";
    own[ending] += 1;
    if (source?.readOnly !== undefined) own.readOnly += 1;
    if (ending !== "right") {
      const claimed = source === undefined ? "" : ` claimed ${source.path}:${source.lines.first}-${source.lines.last}`;
      settings.say(`${ending}: ${repository} ${tool.path}:${lines[0]} ${tool.name} ${part ?? ""}${claimed}`);
    }
  }
}

const isThere = ({ lines, path }: AgentSource, wanted: string, [first, last]: readonly [number, number]): boolean =>
  path === wanted && lines.first >= first && lines.last <= last;

function reportOf(all: ReadonlyMap<string, Counts>): BenchReport {
  const sum = (of: (counts: Counts) => number): number => [...all.values()].reduce((total, counts) => total + of(counts), 0);
  const shareOf = (of: (tally: Tally) => number, kind: "own" | "parts"): number =>
    round(
      sum((counts) => of(counts[kind])) /
        Math.max(
          1,
          sum((counts) => counts[kind].all),
        ),
    );
  const figures = (["own", "parts"] as const).flatMap((kind) => {
    const what = kind === "own" ? "tool-descriptions" : "tool-parameters";
    const trials = sum((counts) => counts[kind].all);
    if (trials === 0) return [];
    const [right, wrong] = [shareOf((one) => one.right, kind), shareOf((one) => one.wrong, kind)];
    const setting = { trials };
    return [
      { name: `${what}-right`, value: right, bar: ">= 0.95", holds: right >= 0.95, setting },
      { name: `${what}-wrong`, value: wrong, bar: "<= 0.01", holds: wrong <= 0.01, setting },
    ];
  });
  const context = [...all].map(([name, { kits, milliseconds, own, parts, undecidable }]) => ({
    name: `tools-right ${name}`,
    value: round((own.right + parts.right) / Math.max(1, own.all + parts.all)),
    setting: {
      descriptions: own.all,
      parameters: parts.all,
      undecidable,
      "milliseconds-a-search": Math.round(milliseconds / Math.max(1, kits)),
    },
  }));
  return { figures, context };
}
