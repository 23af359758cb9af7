import { z } from "zod";
import type { FailureCluster } from "../../domain/cluster.ts";
import { digestOf, shortDigest } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import { clusterId, digest, instant, type ProjectId, sessionId } from "../../domain/ids.ts";

const causes = [
  "ignored-instruction",
  "missing-instruction",
  "conflicting-instructions",
  "wrong-tool",
  "wrong-tool-input",
  "unhandled-tool-error",
  "loop",
  "gave-up",
  "false-claim",
  "wrong-format",
  "outside-the-harness",
  "unknown",
] as const;
const text = z.string().min(1).max(200);
const entry = z.looseObject({
  id: text.optional(),
  title: text,
  description: z.string().max(5000).optional(),
  cause: z.enum(causes, { error: `must be one of ${causes.join(", ")}` }).optional(),
  nature: z.enum(["cause", "no-visible-error", "infrastructure"]).optional(),
  members: z.array(text).min(1).max(1_000_000),
  exemplars: z.array(text).max(50).optional(),
  users: z.number().int().min(0).optional(),
  sessionsInWindow: z.number().int().min(0).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  instructions: z.array(text).max(100).optional(),
});
const file = z.union([z.array(entry).max(10_000), z.object({ clusters: z.array(entry).max(10_000) }).transform((one) => one.clusters)]);

const largest = 64 * 1024 * 1024;
const epoch = "1970-01-01T00:00:00.000Z";

/**
 * Labelled clusters from a JSON file: `[{title, members: [session ids], id?, cause?, …}]`, or the same under `clusters`. They are taken as they
 * are. Throws `file-malformed` naming every problem at once.
 */
export function readClusterFile(path: string, content: string, project: ProjectId): readonly FailureCluster[] {
  if (content.length > largest) throw malformed(path, [`the file is larger than ${largest / 1024 / 1024} MiB`]);
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw malformed(path, [error instanceof Error ? error.message : "not JSON"]);
  }
  const parsed = file.safeParse(value);
  if (!parsed.success) throw malformed(path, problemsOf(parsed.error));
  const clusters = parsed.data.map((one) => toCluster(one, project));
  const twice = clusters.filter((cluster, index) => clusters.findIndex((other) => other.id === cluster.id) !== index);
  if (twice.length > 0)
    throw malformed(
      path,
      twice.map((cluster) => `two clusters have the id ${cluster.id}`),
    );
  return clusters;
}

function problemsOf(error: z.ZodError): readonly string[] {
  // A union reports one list of problems for each of its forms; the longest path is of the form that was meant.
  const issues = error.issues.flatMap((issue) =>
    issue.code === "invalid_union" ? (issue.errors.toSorted((left, right) => depth(right) - depth(left))[0] ?? []) : [issue],
  );
  return issues.slice(0, 20).map((issue) => `${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`);
}

const depth = (issues: readonly { readonly path: readonly PropertyKey[] }[]): number =>
  Math.max(0, ...issues.map((issue) => issue.path.length));

function toCluster(one: z.infer<typeof entry>, project: ProjectId): FailureCluster {
  return {
    id: clusterId(one.id ?? `c-${shortDigest(digestOf(`${project} labelled ${one.title}`), 8)}`),
    project,
    cause: one.cause ?? "unknown",
    title: one.title,
    description: one.description ?? "",
    origin: "labelled",
    nature: one.nature ?? "cause",
    profile: [],
    members: [...new Set(one.members)].map((id) => sessionId(id)).toSorted(),
    exemplars: (one.exemplars ?? one.members.slice(0, 8)).map((id) => sessionId(id)),
    users: one.users ?? 0,
    sessionsInWindow: one.sessionsInWindow ?? 0,
    from: instant(one.from ?? epoch),
    to: instant(one.to ?? epoch),
    instructions: (one.instructions ?? []).map((id) => digest(id)),
  };
}

const malformed = (path: string, problems: readonly string[]): TuneupError =>
  new TuneupError(
    "file-malformed",
    `The cluster file ${path} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  - ${problems.join("\n  - ")}`,
    {
      remedy: 'It holds a list of {"title": …, "members": [session ids]}; docs/clusters.md shows one.',
      fields: { path },
    },
  );
