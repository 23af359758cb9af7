import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const fast = globSync("test/**/*.test.ts", { exclude: ["test/**/*.slow.test.ts", "test/engines/node_modules/**"] }).sort();

/** Nock patches the network of the whole process as soon as it is imported: whoever uses it, or a double that does, needs modules of its own. */
const apart = fast.filter((file) => /from "(nock|.*\/(github-double|remote-traces)\.ts)"/.test(readFileSync(file, "utf8")));

// Two files at once on two cores already wait for each other: a limit must mean "hangs", never "the machine is busy".
const limits = { testTimeout: 30_000, hookTimeout: 30_000, maxWorkers: "100%" };

/**
 * Three projects. `fast` runs before every commit; its files share their imported modules, which halves its time, so no test may leave a trace in
 * one. `fast-apart` is the same for files that patch the process. `slow` holds the end-to-end, engine, kill and fuzz suites.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "fast", include: fast.filter((file) => !apart.includes(file)), isolate: false, ...limits } },
      { test: { name: "fast-apart", include: apart, ...limits } },
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
