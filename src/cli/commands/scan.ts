import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type { FailureCluster } from "../../domain/cluster.ts";
import type { ScanDocument } from "../../domain/documents.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { scanOrRecall, scanProject } from "../scan-project.ts";
import { plural, printable, table } from "../table.ts";

interface ScanFlags extends CommonFlags {
  readonly clusters?: string;
  readonly to?: string;
  readonly model?: boolean;
}

/** Clusters as a table: id, sessions, users, title. */
export function clusterTable(clusters: readonly FailureCluster[]): string {
  if (clusters.length === 0) return "no clusters\n";
  const rows = clusters.map((cluster) => [
    cluster.id,
    String(cluster.members.length),
    String(cluster.users),
    cluster.nature === "cause" ? cluster.cause : cluster.nature,
    printable(cluster.title),
  ]);
  return `${table([["cluster", "sessions", "users", "cause", "title"], ...rows])}\n`;
}

/** The scan in one line and its clusters. */
export function describeScan(document: ScanDocument): string {
  const unread = document.notUnderstood.reduce((sum, one) => sum + one.count, 0);
  const lines = [
    `${plural(document.sessions, "session")}: ${document.succeeded} succeeded, ${document.failed} failed, ${document.unclear} unclear`,
  ];
  if (unread > 0) {
    lines.push(`${plural(unread, "span")} not understood and kept as they are:`);
    for (const one of document.notUnderstood.slice(0, 10))
      lines.push(`  ${one.count} × ${printable(one.spanName)} (scope ${printable(one.scope)}): ${one.why}`);
  }
  return `${lines.join("\n")}\n\n${clusterTable(document.clusters)}`;
}

export const scanCommand = buildCommand<ScanFlags, [], CliContext>({
  docs: {
    brief: "Say how every session ended and group the failures",
    fullDescription: [
      "Assembles sessions from the trace store, labels each outcome (labels in the traces first, then deterministic rules, then, with --model,",
      "the configured model), and groups the failed ones into clusters whose ids stay the same over runs. Labelled clusters from --clusters are taken as they are.",
      "",
      "  tuneup scan",
      "  tuneup scan --clusters labelled.json --to scan.json",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      clusters: flag.text("Labelled clusters, a JSON file: [{title, members: [session ids], …}]", "file"),
      to: flag.text("Also write the scan document to this file", "file"),
      model: flag.toggle("Let the configured model label what rules cannot decide (costs tokens)"),
    },
  },
  async func(flags) {
    const { document } = await withHouse(this, flags, (house, project) =>
      scanProject(this, house, project, {
        labelWithModel: flags.model === true,
        ...(flags.clusters === undefined ? {} : { clusters: flags.clusters }),
      }),
    );
    if (flags.to !== undefined) writeFileSync(resolve(this.cwd, flags.to), `${JSON.stringify(document, undefined, 2)}\n`);
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(document)}\n` : describeScan(document));
  },
});

export const clustersCommand = buildCommand<CommonFlags, [], CliContext>({
  docs: {
    brief: "List the failure clusters of the last scan",
    fullDescription: "Lists the clusters of the last scan, most users first; scans if there was none.\n\n  tuneup clusters --json",
  },
  parameters: { flags: { ...commonFlags } },
  async func(flags) {
    const document = await withHouse(this, flags, (house, project) => scanOrRecall(this, house, project));
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(document.clusters)}\n` : clusterTable(document.clusters));
  },
});
