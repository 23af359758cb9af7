import type { FailureCluster } from "../../domain/cluster.ts";
import type { ClusterId } from "../../domain/ids.ts";
import { similarity } from "./profile.ts";

const leastOverlap = 0.3;
const leastSimilarity = 0.6;

/**
 * Carries ids over from the last run: by shared members (Jaccard ≥ .3) first, then by profile (cosine ≥ .6). Each old id goes to one cluster
 * at most, so of a split the closest child keeps it.
 */
export function withStableIds(clusters: readonly FailureCluster[], previous: readonly FailureCluster[]): readonly FailureCluster[] {
  const ids = new Map<FailureCluster, ClusterId>();
  const taken = new Set<ClusterId>();
  const matches = clusters.flatMap((cluster) =>
    previous.map((old) => ({
      cluster,
      old,
      overlap: jaccard(cluster.members, old.members),
      likeness: similarity(cluster.profile, old.profile),
    })),
  );
  const assign = (candidates: typeof matches): void => {
    for (const { cluster, old } of candidates) {
      if (ids.has(cluster) || taken.has(old.id)) continue;
      ids.set(cluster, old.id);
      taken.add(old.id);
    }
  };
  assign(matches.filter((match) => match.overlap >= leastOverlap).toSorted((left, right) => right.overlap - left.overlap));
  assign(matches.filter((match) => match.likeness >= leastSimilarity).toSorted((left, right) => right.likeness - left.likeness));
  return clusters.map((cluster) => ({ ...cluster, id: ids.get(cluster) ?? fresh(cluster.id, taken) }));
}

/** A new cluster's own id, unless an old cluster that lives on has it. */
function fresh(id: ClusterId, taken: Set<ClusterId>): ClusterId {
  let candidate = id;
  for (let count = 2; taken.has(candidate); count += 1) candidate = `${id}-${count}` as ClusterId;
  taken.add(candidate);
  return candidate;
}

function jaccard(left: readonly string[], right: readonly string[]): number {
  const other = new Set(right);
  const common = left.filter((item) => other.has(item)).length;
  return left.length + right.length === 0 ? 0 : common / (left.length + right.length - common);
}
