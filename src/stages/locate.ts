import type { Session } from "../domain/session.ts";
import type { AgentSource, Located, MappedFile, SourceCandidate } from "../domain/source.ts";
import type { LiteralReader } from "../ports/literal-reader.ts";
import type { Checkout, TreeEntry } from "../ports/workspace.ts";
import { type FileFacts, isOnlyRecorded, saysGenerated } from "./locate/files/candidate-files.ts";
import { type Chosen, cover } from "./locate/cover.ts";
import { exampleTexts } from "./locate/examples.ts";
import { fragmentsOf, likelyFiles, type ReadFile } from "./locate/fragments.ts";
import { mappedSource, mappingLine } from "./locate/mapped-sources.ts";
import { parameterPlaces } from "./locate/parameters/parameter-sources.ts";
import { documentsTool, explainedShare, isHome, residueOf, type Telling } from "./locate/home.ts";
import { linesOf, overlaps, sourceMaker } from "./locate/places.ts";
import { isNamed } from "./locate/preference.ts";
import { candidateOf, isConvincing, type PromptScope, type PromptSources, promptSources } from "./locate/prompt-sources.ts";
import { type Query, queryOf } from "./locate/query.ts";
import { agentsOf, commonRenderings, distinctTools, identitiesOf, recordedParameters } from "./locate/renderings.ts";
import { type IndexedCommit, RepositoryIndex } from "./locate/files/repository-index.ts";
import { spreadOf } from "./locate/spread.ts";
import { filesOfSettings, filesOfTools } from "./locate/files/nearby-files.ts";
import { toolPlaces } from "./locate/tools/tool-sources.ts";

export { RepositoryIndex } from "./locate/files/repository-index.ts";

export interface LocateInput {
  readonly sessions: readonly Session[];
  readonly checkout: Checkout;
  /** Files that the repository names as the prompt's places: they settle it. */
  readonly mapped?: readonly MappedFile[];
}

export interface LocateTools {
  /** Reads programs as their language does; without it their strings are found by their quotes. */
  readonly literals?: LiteralReader;
  /** What was read of repositories before; without it every call reads the whole commit. */
  readonly index?: RepositoryIndex;
}

const largeResidue = 0.3;
const mostAlternatives = 40;
const mostCandidates = 10;
/** Of the recorded tools, what must be found for them to be this repository's where no prompt says so. */
const toolsOfItsOwn = { fewest: 2, share: 0.5 } as const;
/** An example is sent as it is written: so much of it stands there. */
const exampleShare = 0.8;

/**
 * In: recorded sessions and a commit. Out: the places in the repository that the recorded system prompt, tool descriptions, parameters and
 * examples come from, `unsure` with candidates and the line of configuration that settles it, or `absent` with what was looked for. Words are
 * compared in runs of five, chained in order inside one string or document, and a prompt may be put together from several. Claims nothing
 * below its thresholds: a wrong place is worse than none. Reads the commit, runs nothing.
 */
export async function locate(input: LocateInput, tools: LocateTools = {}): Promise<Located> {
  const renderings = commonRenderings(input.sessions);
  const [recorded] = renderings;
  if (recorded === undefined) return nothingRecorded;
  const search = await searchIn(input, tools);
  const query = queryOf(renderings);
  const prompts = await findText(query, recorded, "system-prompt", search);
  const mapped = mappedSources(prompts, search);
  if (typeof mapped === "string") return brokenMapping(mapped);
  const sources = [...prompts.sources, ...mapped];
  if (sources.length === 0) {
    const nothing = nothingClaimed(prompts, { query, recorded, filesRead: search.words.size });
    return nothing.result === "absent" ? ((await toolsAlone(search, nothing.why)) ?? nothing) : nothing;
  }
  const explained = explainedShare(query, prompts.claimed);
  const residue = residueOf(query, prompts.claimed);
  const isSettled = search.mapped.length > 0 || prompts.sources.some(({ path }) => search.isNamed(path));
  if (!isSettled && !isHome(query, await telling(prompts.claimed, search), residue)) return tooLittle(sources, explained);
  const cut = prompts.claimed.find(({ rivals }) => rivals > 0);
  if (!isSettled && cut !== undefined && cut === prompts.claimed[0]) return cutOff(cut, { query, texts: prompts.texts });
  const besides = await besidesPrompt(sources, search);
  const examples = await exampleSources(search, [...sources, ...besides.sources]);
  return found(prompts, mapped, { ...besides, sources: [...besides.sources, ...examples] }, residue);
}

/** One commit, ready to be searched. */
interface Search extends LocateInput, IndexedCommit {
  readonly mapped: readonly MappedFile[];
  /** Whether the repository or the instrumentation names a file. */
  readonly isNamed: (path: string) => boolean;
  readonly read: (paths: readonly string[], depth: "strings" | "names") => Promise<readonly ReadFile[]>;
  readonly texts: (paths: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly source: ReturnType<typeof sourceMaker>;
  readonly literals?: LiteralReader;
}

async function searchIn(input: LocateInput, { index = new RepositoryIndex(), literals }: LocateTools): Promise<Search> {
  const { checkout } = input;
  const byPath = new Map((await checkout.entries()).map((entry) => [entry.path, entry]));
  const entriesOf = (paths: readonly string[]): readonly TreeEntry[] => paths.flatMap((path) => byPath.get(path) ?? []);
  const named = new Set(input.mapped?.map((file) => file.path));
  const identities = identitiesOf(input.sessions);
  return {
    ...input,
    mapped: input.mapped ?? [],
    ...(await index.commit(checkout)),
    isNamed: (path) => named.has(path) || identities.some((identity) => identity.file !== undefined && isNamed(path, identity)),
    read: (paths, depth) => index.files(checkout, entriesOf(paths), depth, literals),
    texts: (paths) => index.texts(checkout, entriesOf(paths)),
    source: sourceMaker(checkout),
    ...(literals === undefined ? {} : { literals: index.remembering(literals) }),
  };
}

interface FoundText extends PromptSources {
  readonly texts: ReadonlyMap<string, string>;
}

/** The places that one recorded text is put together from. */
async function findText(query: Query, recorded: string, kind: PromptScope["kind"], search: Search): Promise<FoundText> {
  const { mapped, mentions, sessions, source, words } = search;
  const named = mapped.map((file) => file.path);
  const spread = spreadOf(query, words);
  const files = await search.read(named.length > 0 ? named : likelyFiles(spread), "strings");
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const fragments = files.flatMap((file) => fragmentsOf(file, { query, spread }));
  const identities = identitiesOf(sessions);
  const generated = new Set(
    files.filter(({ path, text }) => search.facts.isGenerated(path) || saysGenerated(text)).map(({ path }) => path),
  );
  const facts: FileFacts = { isGenerated: (path) => generated.has(path) };
  const chosen = cover(query, fragments, { identities, agents: agentsOf(sessions), facts, mentions });
  const scope: PromptScope = { chosen, query, fileCount: words.size, texts, recorded, kind, source, isNamed: search.isNamed };
  return { ...promptSources(scope), texts };
}

/** Places of mapped files in which the recorded text was not seen; a sentence where a mapping means no place. */
function mappedSources(prompts: FoundText, search: Search): readonly AgentSource[] | string {
  const { literals, mapped, source } = search;
  const { texts } = prompts;
  const sources: AgentSource[] = [];
  for (const file of mapped) {
    if (prompts.sources.some((one) => one.path === file.path)) continue;
    const one = mappedSource(file, { texts, source, ...(literals === undefined ? {} : { literals }) });
    if (typeof one === "string") return one;
    sources.push(one);
  }
  return sources;
}

/** The places of the tools and settings that came with the recorded prompt. */
async function besidesPrompt(prompts: readonly AgentSource[], search: Search): Promise<Besides> {
  const { facts, sessions, source, words } = search;
  const tools = distinctTools(sessions);
  const described = await search.read(filesOfTools(tools, words), "names");
  const places = toolPlaces(tools, described, { located: prompts.map(({ path }) => path), facts });
  const texts = new Map(described.map(({ path, text }) => [path, text]));
  const textOf = (path: string): string => texts.get(path) ?? "";
  const toolSources = places.claimed.map(({ match, part, path, range, readOnly, tool }) =>
    source({
      kind: "tool-description",
      path,
      text: textOf(path),
      range,
      subject: tool,
      ...(part === undefined ? {} : { part }),
      match,
      ...(readOnly === undefined ? {} : { readOnly }),
    }),
  );
  const located = [...new Set([...prompts, ...toolSources].map(({ path }) => path))];
  const settings = await search.texts(filesOfSettings(located, words));
  const recorded = recordedParameters(sessions);
  const parameters = parameterPlaces({ recorded, located }, settings, search.literals).map(({ key, kind, path, range, readOnly }) =>
    source({
      kind,
      path,
      text: settings.get(path) ?? "",
      range,
      subject: key,
      match: { method: "exact", score: 1 },
      ...(readOnly === undefined ? {} : { readOnly }),
    }),
  );
  const others = places.others.map(({ match, path, range, why }) => ({
    path,
    lines: linesOf(textOf(path), range),
    score: match.score,
    why,
  }));
  return { sources: [...toolSources, ...parameters], others };
}

/**
 * The agent's tools where its prompt stands in no file: a hub, a database or a framework may hold that. Claimed only where most of the recorded
 * tools are found, because no prompt says that this is their agent's repository.
 */
async function toolsAlone(search: Search, why: string): Promise<Located | undefined> {
  const tools = distinctTools(search.sessions).filter(({ description }) => description.trim() !== "");
  if (tools.length < toolsOfItsOwn.fewest) return undefined;
  const { others, sources } = await besidesPrompt([], search);
  const described = new Set(
    sources.flatMap((source) => (source.kind === "tool-description" && source.part === undefined ? [source.subject] : [])),
  );
  if (described.size < Math.max(toolsOfItsOwn.fewest, tools.length * toolsOfItsOwn.share)) return undefined;
  return {
    result: "found",
    sources,
    alternatives: others.slice(0, mostAlternatives),
    residue: 1,
    notes: [`only tools and settings were found: ${why}. A framework, a prompt hub or a database may hold the prompt`],
  };
}

/** The places of the examples that the program sends as messages. */
async function exampleSources(search: Search, located: readonly AgentSource[]): Promise<readonly AgentSource[]> {
  const examples: AgentSource[] = [];
  for (const text of exampleTexts(search.sessions)) {
    const query = queryOf([text]);
    const { claimed, sources } = await findText(query, text, "few-shot", { ...search, mapped: [] });
    if (explainedShare(query, claimed) < exampleShare) continue;
    const fresh = sources.filter(
      (one) => ![...located, ...examples].some((other) => other.path === one.path && overlaps(other.range, one.range)),
    );
    examples.push(...fresh.map((source) => ({ ...source, readOnly: sentAsMessage })));
  }
  return examples;
}

const sentAsMessage =
  "it is an example among the messages, and replays begin with the messages as they were recorded: no edit of it can be tested";

/** The claimed passages, with which of them document a tool: its documentation goes with the tool into many projects. */
async function telling(claimed: readonly Chosen[], search: Search): Promise<readonly Telling[]> {
  const long = claimed.filter(({ fragment }) => isConvincing(fragment));
  const read = await search.read([...new Set(long.map(({ fragment }) => fragment.path))], "names");
  const units = new Map(read.map((file) => [file.path, file.units]));
  return claimed.map(({ fragment }) => ({ fragment, isToolDocumentation: documentsTool(fragment, units.get(fragment.path) ?? []) }));
}

interface Besides {
  readonly sources: readonly AgentSource[];
  readonly others: readonly SourceCandidate[];
}

function found(prompts: FoundText, mapped: readonly AgentSource[], besides: Besides, residue: number): Located {
  return {
    result: "found",
    sources: [...prompts.sources, ...mapped, ...besides.sources],
    alternatives: [...prompts.copies, ...prompts.rejected, ...besides.others].slice(0, mostAlternatives),
    residue,
    notes: [...residueNotes(residue), ...tieNotes(prompts)],
  };
}

const residueNotes = (residue: number): readonly string[] =>
  residue > largeResidue
    ? [
        `part of this prompt is not in this repository: ${Math.round(residue * 100)} % of it. A framework, a prompt hub or a database may add it`,
      ]
    : [];

const tieNotes = ({ undecided }: FoundText): readonly string[] =>
  undecided.slice(0, 3).map(({ fragment, ties }) => {
    const others = ties === 1 ? "one other place holds" : `${ties} other places hold`;
    return `${others} the same text as ${fragment.path}, and nothing says which one runs; to settle it: ${mappingLine([fragment.path])}`;
  });

const nothingRecorded: Located = {
  result: "absent",
  why: "the traces carry no system prompt; turn its capture on in your instrumentation (`tuneup doctor` says how)",
  lookedFor: "a recorded system prompt",
  filesRead: 0,
};

const brokenMapping = (why: string): Located => ({
  result: "unsure",
  why: `.github/tuneup.yml names the prompt's files, but ${why}`,
  candidates: [],
  remedy: "Correct `prompts` in .github/tuneup.yml.",
});

/** Several files begin with all that was recorded, and go on differently. */
function cutOff({ copies, fragment }: Chosen, seen: Parameters<typeof candidateOf>[1]): Located {
  const places = [fragment, ...copies];
  return {
    result: "unsure",
    why: `the recorded system prompt ends early, and ${places.length} places hold it so far: nothing says which one runs`,
    candidates: places.slice(0, mostCandidates).map((place) => candidateOf(place, seen, "holds all that was recorded, and more")),
    remedy: `${settle([fragment.path])} Or record prompts whole: \`tuneup doctor\` says how.`,
  };
}

/** A sentence or two that also stand elsewhere do not make that place the prompt's home. */
const tooLittle = (sources: readonly AgentSource[], explained: number): Located => ({
  result: "unsure",
  why: sources.every(({ path }) => isOnlyRecorded(path))
    ? "only files that programs wrote (recordings, results, logs) hold the recorded system prompt: no edit there changes it"
    : `only ${Math.round(explained * 100)} % of the recorded system prompt stand in this repository`,
  candidates: sources.map(({ lines, match, path }) => ({ path, lines, score: match.score, why: "holds a small part of the prompt" })),
  remedy: settle(sources.map((source) => source.path)),
});

function nothingClaimed(
  prompts: FoundText,
  seen: { readonly query: Query; readonly recorded: string; readonly filesRead: number },
): Located {
  const candidates: readonly SourceCandidate[] = prompts.rejected.slice(0, mostCandidates);
  if (candidates.length === 0) {
    const words = seen.recorded.trim().split(/\s+/);
    return {
      result: "absent",
      why: "no file of this commit holds enough of the recorded system prompt",
      lookedFor: `a system prompt of ${words.length} words that begins "${words.slice(0, 8).join(" ").slice(0, 80)}"`,
      filesRead: seen.filesRead,
    };
  }
  return {
    result: "unsure",
    why: "files hold some of the recorded system prompt, none of them enough to edit it there",
    candidates,
    remedy: settle(candidates.map((one) => one.path)),
  };
}

/** The one line that ends the doubt, if the first candidate is the right one. */
const settle = (paths: readonly string[]): string =>
  `If the prompt is written there, add this line to .github/tuneup.yml: ${mappingLine(paths.slice(0, 1))}`;
