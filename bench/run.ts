import { arch, cpus, platform, totalmem } from "node:os";
import { attacks } from "./attacks.ts";
import { edit } from "./edit.ts";
import { evidence } from "./evidence.ts";
import { faults } from "./faults.ts";
import { load } from "./load.ts";
import { locate } from "./locate.ts";
import { ingest } from "./ingest.ts";
import { queue } from "./queue.ts";
import { replay } from "./replay.ts";
import type { Bench } from "./report.ts";
import { scenarios } from "./scenarios.ts";
import { store } from "./store.ts";

/** All benches, by name. */
const benches: readonly Bench[] = [attacks, edit, evidence, faults, ingest, load, locate, queue, replay, scenarios, store];

const [name, ...flags] = process.argv.slice(2);
const bench = benches.find((one) => one.name === name);
if (bench === undefined) {
  process.stderr.write(
    `${name === undefined ? "Which bench?" : `There is no bench "${name}".`} Known:\n${benches.map((one) => `  ${one.name.padEnd(12)} ${one.description}`).join("\n")}\n\n  npm run bench -- <name> [--json] [--full] [--corpus <folder>]\n`,
  );
  process.exit(2);
}

const full = flags.includes("--full");
const corpus = flags.includes("--corpus") ? flags[flags.indexOf("--corpus") + 1] : undefined;
const report = await bench.run({ full, ...(corpus === undefined ? {} : { corpus }), say: (line) => process.stderr.write(`${line}\n`) });
const machine = {
  platform: platform(),
  arch: arch(),
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
};
process.stdout.write(
  `${JSON.stringify({ bench: bench.name, full, machine, ...report }, undefined, flags.includes("--json") ? undefined : 2)}\n`,
);
for (const figure of report.figures)
  process.stderr.write(
    `${figure.holds ? "✓" : "✗"} ${figure.name} = ${figure.value}${figure.upper === undefined ? "" : ` (upper ${figure.upper})`}, bar ${figure.bar}\n`,
  );
process.exitCode = report.figures.every((figure) => figure.holds) ? 0 : 1;
