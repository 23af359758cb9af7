import type { FailureCluster } from "../../domain/cluster.ts";
import { asJson, canonicalJson } from "../../domain/digest.ts";
import { type ClusterId, clusterId } from "../../domain/ids.ts";
import { similarity } from "./profile.ts";

const leastOverlap = 0.3;
const leastSimilarity = 0.6;

interface Match {
  readonly cluster: FailureCluster;
  readonly old: FailureCluster;
  readonly weight: number;
}

/**
 * Carries ids over from the last run: to the cluster of the same mark, else by shared members (Jaccard ≥ .3), else by profile (cosine ≥ .6).
 * Each old id goes to one cluster at most, the best match first, so of a split the largest child keeps it; a group of another nature never
 * inherits one. Ids that nobody inherits are not used again for something else.
 */
export function withStableIds(clusters: readonly FailureCluster[], previous: readonly FailureCluster[]): readonly FailureCluster[] {
  const earlier = previous.filter((old) => old.origin === "found");
  const ids = new Map<FailureCluster, ClusterId>();
  const inherited = new Set<ClusterId>();
  const inherit = (matches: readonly Match[]): void => {
    for (const { cluster, old } of matches.toSorted(byWeight)) {
      if (ids.has(cluster) || inherited.has(old.id)) continue;
      ids.set(cluster, old.id);
      inherited.add(old.id);
    }
  };
  inherit(sameMark(clusters, earlier));
  inherit(sharedMembers(clusters, earlier));
  const left = clusters.filter((cluster) => !ids.has(cluster));
  inherit(
    left.flatMap((cluster) =>
      earlier.flatMap((old) => {
        const weight = old.nature === cluster.nature && !inherited.has(old.id) ? similarity(cluster.profile, old.profile) : 0;
        return weight >= leastSimilarity ? [{ cluster, old, weight }] : [];
      }),
    ),
  );
  const taken = new Set(earlier.map((old) => old.id));
  return clusters.map((cluster) => ({ ...cluster, id: ids.get(cluster) ?? fresh(cluster.id, taken) }));
}

const byWeight = (left: Match, right: Match): number => right.weight - left.weight || (left.cluster.id < right.cluster.id ? -1 : 1);

/** Clusters whose own id, made of what they show, the last run gave to the same mark. */
function sameMark(clusters: readonly FailureCluster[], previous: readonly FailureCluster[]): readonly Match[] {
  const old = new Map(previous.map((one) => [one.id, one]));
  const markOf = ({ nature, signature }: FailureCluster): string => (signature === undefined ? nature : canonicalJson(asJson(signature)));
  return clusters.flatMap((cluster) => {
    const same = old.get(cluster.id);
    return same !== undefined && markOf(same) === markOf(cluster) ? [{ cluster, old: same, weight: cluster.members.length }] : [];
  });
}

function sharedMembers(clusters: readonly FailureCluster[], previous: readonly FailureCluster[]): readonly Match[] {
  const holders = new Map<string, FailureCluster[]>();
  for (const old of previous) for (const member of old.members) holders.set(member, [...(holders.get(member) ?? []), old]);
  return clusters.flatMap((cluster) => {
    const common = new Map<FailureCluster, number>();
    for (const member of cluster.members) for (const old of holders.get(member) ?? []) common.set(old, (common.get(old) ?? 0) + 1);
    return [...common].flatMap(([old, count]) => {
      const weight = count / (cluster.members.length + old.members.length - count);
      return old.nature === cluster.nature && weight >= leastOverlap ? [{ cluster, old, weight }] : [];
    });
  });
}

/** A new cluster's own id, unless an earlier cluster had it. */
function fresh(id: ClusterId, taken: Set<ClusterId>): ClusterId {
  let candidate = id;
  for (let count = 2; taken.has(candidate); count += 1) candidate = clusterId(`${id}-${count}`);
  taken.add(candidate);
  return candidate;
}
