import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const files = globSync("test/**/*.test.ts", { exclude: ["test/**/*.slow.test.ts", "test/engines/node_modules/**"] }).sort();

/** Tests of the whole App, its commands and its contracts: each sets up repositories, servers and a world around them. */
const isWhole = (file: string): boolean => /^test[\\/](?:app|cli|contracts|end-to-end|simulator|world)[\\/]/.test(file);

/** Nock patches the network of the whole process as soon as it is imported: whoever uses it, or a double that does, needs modules of its own. */
const isApart = (file: string): boolean => /from "(nock|.*\/(github-double|remote-traces)\.ts)"/.test(readFileSync(file, "utf8"));

// Two files at once on two cores already wait for each other: a limit must mean "hangs", never "the machine is busy".
const limits = { testTimeout: 30_000, hookTimeout: 30_000, maxWorkers: "100%" };

/** Files that share their imported modules, which halves their time, so no test may leave a trace in one; and those that patch the process. */
const sharing = (name: string, include: readonly string[]): readonly { readonly test: object }[] => [
  { test: { name, include: include.filter((file) => !isApart(file)), isolate: false, ...limits } },
  { test: { name: `${name}-apart`, include: include.filter((file) => isApart(file)), ...limits } },
];

/**
 * `fast` runs before every commit, in a quarter of a minute: rules, formats, statistics, adapters. `whole` runs the App, the command line and the
 * contracts around them. `slow` holds the end-to-end, engine, kill and fuzz suites.
 */
export default defineConfig({
  test: {
    projects: [
      ...sharing(
        "fast",
        files.filter((file) => !isWhole(file)),
      ),
      ...sharing(
        "whole",
        files.filter((file) => isWhole(file)),
      ),
      {
        test: {
          name: "slow",
          include: ["test/**/*.slow.test.ts"],
          exclude: ["test/engines/node_modules/**"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: "100%",
        },
      },
    ],
  },
});
