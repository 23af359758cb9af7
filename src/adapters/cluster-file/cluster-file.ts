import { z } from "zod";
import type { FailureCluster } from "../../domain/cluster.ts";
import { digestOf, shortDigest } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { clusterId, digest, instant, type ProjectId, sessionId } from "../../domain/ids.ts";
import { failureCauses } from "../../domain/outcome.ts";

const natures = ["cause", "no-visible-error", "infrastructure"] as const;
const oneOf = (names: readonly string[]): string => `must be one of ${names.join(", ")}`;

const name = z.string().trim().min(1).max(300);
const entry = z.object({
  id: name.optional(),
  title: name,
  description: z.string().max(5000).optional(),
  cause: z.enum(failureCauses, { error: oneOf(failureCauses) }).optional(),
  nature: z.enum(natures, { error: oneOf(natures) }).optional(),
  members: z.array(name).min(1, "must name at least one session").max(1_000_000),
  exemplars: z.array(name).max(50).optional(),
  users: z.number().int().min(0).optional(),
  sessionsInWindow: z.number().int().min(0).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  instructions: z.array(name).max(100).optional(),
});
type Entry = z.infer<typeof entry>;
const list = z.array(entry).max(10_000);

const largest = 64 * 1024 * 1024;
const mostProblems = 20;
const epoch = "1970-01-01T00:00:00.000Z";

/**
 * Labelled clusters from the text of a JSON file: `[{title, members: [session ids], id?, cause?, …}]`, or the same under `clusters`, in the order
 * of the file. Nothing is grouped, renamed or left out. Throws `file-malformed` naming every problem at once (the first 20), never a
 * session's text.
 */
export function readClusterFile(path: string, text: string, project: ProjectId): readonly FailureCluster[] {
  if (text.length > largest) throw malformed(path, [`the file is larger than ${largest / 1024 / 1024} MiB`]);
  const parsed = list.safeParse(entriesIn(path, text));
  if (!parsed.success) throw malformed(path, parsed.error.issues.map(problemOf));
  const problems = parsed.data.flatMap((one, index) => membershipProblems(one, index));
  const clusters = parsed.data.map((one) => toCluster(one, project));
  const doubled = repeated(clusters.map((cluster) => cluster.id)).map((id) => {
    const titles = clusters.filter((cluster) => cluster.id === id).map((cluster) => `"${cluster.title}"`);
    return `${titles.length} clusters have one id, ${id}: ${titles.join(", ")}; give each an id or a title of its own`;
  });
  if (problems.length + doubled.length > 0) throw malformed(path, [...problems, ...doubled]);
  return clusters;
}

/** The list in the file: the whole value, or its `clusters`. */
function entriesIn(path: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw malformed(path, ["it is not JSON: it ends or breaks off in the middle, or holds something else"], cause);
  }
  return typeof value === "object" && value !== null && "clusters" in value ? value.clusters : value;
}

/** `clusters[3].cause: must be one of …` */
function problemOf(issue: z.core.$ZodIssue): string {
  const [index, ...rest] = issue.path.map(String);
  const place =
    index === undefined ? "the file" : `clusters[${index}]${rest.map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`)).join("")}`;
  return `${place}: ${issue.message}`;
}

function membershipProblems(one: Entry, index: number): readonly string[] {
  const place = `clusters[${index}]`;
  const members = new Set(one.members);
  return [
    ...repeated(one.members).map((id) => `${place}.members: ${id} is listed more than once`),
    ...(one.exemplars ?? []).filter((id) => !members.has(id)).map((id) => `${place}.exemplars: ${id} is not among the members`),
  ];
}

function repeated(items: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const item of items) (seen.has(item) ? twice : seen).add(item);
  return [...twice];
}

const mostExemplars = 8;

function toCluster(one: Entry, project: ProjectId): FailureCluster {
  const time = (given: string | undefined): string => (given === undefined ? epoch : new Date(given).toISOString());
  return {
    id: clusterId(one.id ?? `c-${shortDigest(digestOf(`${project} labelled ${one.title}`), 8)}`),
    project,
    cause: one.cause ?? "unknown",
    title: one.title,
    description: one.description ?? "",
    origin: "labelled",
    nature: one.nature ?? "cause",
    profile: [],
    members: one.members.map((id) => sessionId(id)).toSorted(),
    exemplars: (one.exemplars ?? one.members).slice(0, mostExemplars).map((id) => sessionId(id)),
    users: one.users ?? 0,
    sessionsInWindow: one.sessionsInWindow ?? 0,
    from: instant(time(one.from)),
    to: instant(time(one.to)),
    instructions: (one.instructions ?? []).map((id) => digest(id)),
  };
}

function malformed(path: string, problems: readonly string[], cause?: unknown): TuneupError {
  const shown = problems.slice(0, mostProblems);
  const more = problems.length - shown.length;
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const lines = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((problem) => `\n  - ${problem}`);
  return new TuneupError("file-malformed", `The cluster file ${path} has ${count}:${lines.join("")}`, {
    remedy: 'It holds a list of {"title": …, "members": [session ids]}; docs/clusters.md shows one.',
    fields: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
