import type { FailureCluster } from "../domain/cluster.ts";
import type { ProjectId } from "../domain/ids.ts";
import { isObeyedPath, isPlainPath } from "../domain/publishing/protected-path.ts";
import type { Survey, SurveyPlace } from "../domain/publishing/setup.ts";
import type { AgentSource, Located } from "../domain/source.ts";
import type { Checkout } from "../ports/workspace.ts";

export interface SurveyInput {
  readonly checkout: Checkout;
  /** What `locate` found; absent without sessions. */
  readonly located?: Located;
  readonly scan?: {
    readonly project: ProjectId;
    readonly sessions: number;
    readonly failed: number;
    readonly unclear: number;
    readonly clusters: readonly FailureCluster[];
  };
}

const mostPlaces = 60;
const mostClusters = 5;

/** Names by which a file looks like a part of an agent, the first that fits. Hints for a person, never grounds for an edit. */
const looksLike: readonly (readonly [what: string, name: RegExp])[] = [
  ["Weights & Biases file", /(?:^|\/)(?:wandb\/[^/]+|sweep[^/]*|config-defaults)\.ya?ml$/i],
  ["tool definitions", /(?:^|\/)tools?(?:[._-](?:schema|definitions?))?\.(?:ya?ml|json)$/i],
  ["agent configuration", /(?:^|\/)(?:agents?|crew|tasks|promptfooconfig|langgraph)\.(?:ya?ml|json|toml)$/i],
  ["prompt file", /(?:^|\/)(?:prompts?\/[^/]+|[^/]*(?:system[-_ ]?prompt|instructions)[^/]*)\.(?:md|txt|ya?ml|json|toml|j2|jinja2?)$/i],
  ["prompt file", /\.(?:prompty|prompt)$/i],
];

/** Places where such names mean something else. */
const elsewhere = /(?:^|\/)(?:node_modules|vendor|dist|build|tests?|__tests__|fixtures|docs?|\.[^/]+)\//i;

/**
 * In: a commit, and what is known of the agent's sessions. Out: what Tuneup sees of the agent: places that sessions prove, files that look
 * like parts of it, and its failures. Asks no model and writes nothing.
 */
export async function survey({ checkout, located, scan }: SurveyInput): Promise<Survey> {
  const sources = located?.result === "found" ? located.sources : [];
  const proven = new Set(sources.map((source) => source.path));
  const entries = await checkout.entries();
  const paths = entries.filter((entry) => entry.kind === "file").map((entry) => entry.path);
  const named = paths.filter((path) => !proven.has(path)).flatMap((path) => placeNamed(path) ?? []);
  const notLocated = located === undefined || located.result === "found" ? undefined : located.why;
  return {
    kind: "survey",
    version: 1,
    repository: checkout.repository,
    commit: checkout.commit,
    located: sources.slice(0, mostPlaces).map((source) => placeOf(source)),
    ...(notLocated === undefined ? {} : { notLocated }),
    files: named.slice(0, mostPlaces),
    ...(scan === undefined
      ? {}
      : { traces: { ...scan, clusters: scan.clusters.slice(0, mostClusters).map((cluster) => clusterOf(cluster)) } }),
  };
}

function placeNamed(path: string): SurveyPlace | undefined {
  if (!isPlainPath(path)) return undefined;
  if (isObeyedPath(path)) return { path, what: "instructions that other tools obey too" };
  if (elsewhere.test(path)) return undefined;
  const [what] = looksLike.find(([, name]) => name.test(path)) ?? [];
  return what === undefined ? undefined : { path, what };
}

const kinds: Readonly<Record<AgentSource["kind"], string>> = {
  "system-prompt": "system prompt",
  "tool-description": "tool description",
  skill: "skill",
  parameter: "model parameter",
  "loop-limit": "loop limit",
  "few-shot": "example",
  "wandb-config": "Weights & Biases setting",
};

const placeOf = ({ kind, lines, part, path, subject }: AgentSource): SurveyPlace => ({
  path,
  lines,
  what: part === undefined ? kinds[kind] : "parameter description",
  ...(subject === undefined ? {} : { subject: part === undefined ? subject : `${subject} ${part}` }),
});

const clusterOf = ({ id, members, nature, title }: FailureCluster): NonNullable<Survey["traces"]>["clusters"][number] => ({
  id,
  title,
  members: members.length,
  nature: nature === "cause" ? "cause" : "other",
});
