import type { FailureCluster } from "../../domain/cluster.ts";
import { digestOf, shortDigest } from "../../domain/digest.ts";
import { evaluationEvent, evaluationOf } from "../../domain/evaluation.ts";
import { clusterId, type ProjectId, type SessionId, sessionId } from "../../domain/ids.ts";
import { userIdOf } from "../../domain/session-key.ts";
import type { Feedback, Trace } from "../../domain/span.ts";
import type { NativeCluster, Window } from "./store-source.ts";

/** What clusters are made from. */
export interface ClusterGround {
  readonly project: ProjectId;
  readonly traces: readonly Trace[];
  /** Sessions that the store names, as they are called here. */
  readonly known: ReadonlyMap<string, SessionId>;
  readonly window: Window;
}

const mostExemplars = 8;

/** Words for a label that names no failure, as evaluators write them. */
const harmless: ReadonlySet<string> = new Set(["none", "no", "ok", "pass", "passed", "good", "correct", "success", "n/a", "false", "0"]);

/** The store's own clusters as they are; one without a single member is left out. Members outside the time window keep the store's name. */
export function clustersOf(native: readonly NativeCluster[], ground: ClusterGround): readonly FailureCluster[] {
  const sessionOf = new Map(ground.traces.flatMap((trace) => trace.spans.map((span) => [span.traceId, trace.key] as const)));
  return native.flatMap((one) => {
    const members = [
      ...one.traces.map((trace) => sessionOf.get(trace) ?? sessionId(trace)),
      ...one.sessions.map((session) => ground.known.get(session) ?? sessionId(session)),
    ];
    return members.length === 0 ? [] : [clusterOf(one, members, ground)];
  });
}

/** Sessions whose scores or annotations of these names carry the same label, one cluster a label; labels that say "no failure" make none. */
export function clustersByLabel(names: readonly string[], ground: ClusterGround): readonly FailureCluster[] {
  const groups = new Map<string, { readonly name: string; readonly label: string; readonly members: SessionId[] }>();
  for (const trace of ground.traces) {
    for (const { label, name } of judgementsIn(trace)) {
      if (label === undefined || !names.includes(name) || harmless.has(label.trim().toLowerCase())) continue;
      const key = JSON.stringify([name, label]);
      const group = groups.get(key) ?? { name, label, members: [] };
      group.members.push(trace.key);
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ label, members, name }) =>
    clusterOf(
      {
        id: `c-${shortDigest(digestOf(JSON.stringify([ground.project, name, label])), 8)}`,
        title: label.slice(0, 300),
        description: `Sessions labelled "${label}" under ${name}.`,
      },
      members,
      ground,
    ),
  );
}

/** Judgements beside the spans, and those that only name the session. */
const judgementsIn = (trace: Trace): readonly Feedback[] => [
  ...trace.feedback,
  ...trace.logs.flatMap((log) => (log.name === evaluationEvent ? (evaluationOf(log.attributes, log.spanId ?? "") ?? []) : [])),
];

function clusterOf(
  { description, id, title }: Pick<NativeCluster, "id" | "title" | "description">,
  all: readonly SessionId[],
  { project, traces, window }: ClusterGround,
): FailureCluster {
  const members = [...new Set(all)].toSorted();
  const inside = new Set<string>(members);
  const held = traces.filter((trace) => inside.has(trace.key));
  const users = new Set(held.flatMap((trace) => trace.spans.flatMap((span) => userIdOf(span) ?? [])));
  return {
    id: clusterId(id),
    project,
    cause: "unknown",
    title,
    description,
    origin: "labelled",
    nature: "cause",
    profile: [],
    members,
    exemplars: held.slice(0, mostExemplars).map((trace) => trace.key),
    users: users.size,
    sessionsInWindow: traces.length,
    from: window.from,
    to: window.to,
    instructions: [],
  };
}
