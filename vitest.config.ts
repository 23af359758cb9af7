import { defineConfig } from "vitest/config";

/** Two projects: `fast` runs before every commit; `slow` holds the end-to-end, engine, kill and fuzz suites. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "fast", include: ["test/**/*.test.ts"], exclude: ["test/**/*.slow.test.ts", "test/engines/node_modules/**"] } },
      {
        test: {
          name: "slow",
          include: ["test/**/*.slow.test.ts"],
          exclude: ["test/engines/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
