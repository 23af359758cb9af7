import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type SourceFile, sourceFiles, violations } from "./architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const planted = (path: string, text: string): string[] => violations([{ path, text }]);

describe("the house", () => {
  test("keeps to its layers, names and sizes", () => {
    expect(violations(sourceFiles(root, "src"))).toEqual([]);
  });

  test("has at most 30 direct runtime dependencies, each at an exact version and with a reason on record", () => {
    const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { dependencies: Record<string, string> };
    const reasons = readFileSync(`${root}/docs/decisions/dependencies.md`, "utf8");
    const names = Object.keys(manifest.dependencies);
    expect(names.length).toBeLessThanOrEqual(30);
    expect(Object.values(manifest.dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(names.filter((name) => !reasons.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the guard notices", () => {
  test.each<[string, string, string, RegExp]>([
    ["a domain file that imports a package", "src/domain/a.ts", 'import { z } from "zod";', /the domain imports zod/],
    [
      "a domain file that imports a port",
      "src/domain/a.ts",
      'import type { Log } from "../ports/runtime.ts";',
      /domain imports src\/ports/,
    ],
    [
      "a port that imports an adapter",
      "src/ports/a.ts",
      'import { x } from "../adapters/github-forge/x.ts";',
      /ports imports src\/adapters/,
    ],
    ["a stage that imports another stage", "src/stages/draft.ts", 'import { vet } from "./vet.ts";', /stages imports src\/stages\/vet/],
    ["a stage that opens files", "src/stages/draft.ts", 'import { readFile } from "node:fs/promises";', /touches the world/],
    ["a stage that imports an SDK", "src/stages/draft.ts", 'import Anthropic from "@anthropic-ai/sdk";', /touches the world/],
    [
      "an adapter that imports another adapter",
      "src/adapters/a/x.ts",
      'import { y } from "../b/y.ts";',
      /adapters imports src\/adapters\/b/,
    ],
    ["an adapter that imports a stage", "src/adapters/a/x.ts", 'import { y } from "../../stages/y.ts";', /adapters imports src\/stages/],
    ["a re-export across layers", "src/ports/a.ts", 'export { x } from "../stages/x.ts";', /ports imports src\/stages/],
    ["a dynamic import across layers", "src/stages/a.ts", 'const x = await import("../adapters/b/x.ts");', /stages imports src\/adapters/],
    ["a file called utils", "src/domain/utils.ts", "", /names nothing/],
    ["a file in camel case", "src/domain/myFile.ts", "", /kebab-case/],
    ["code that reads the environment outside config", "src/stages/a.ts", "const key = process.env.KEY;", /reads the environment/],
    ["code that reads the clock in a stage", "src/stages/a.ts", "const now = Date.now();", /reads the clock/],
    ["an unseeded random number", "src/stages/a.ts", "const x = Math.random();", /unseeded random/],
    ["a file over the cap", "src/domain/a.ts", "const x = 1;\n".repeat(401), /the cap is 400/],
  ])("%s", (_what, path, text, sentence) => {
    expect(planted(path, text).join("\n")).toMatch(sentence);
  });

  test("a crowded folder", () => {
    const files: SourceFile[] = Array.from({ length: 19 }, (_, index) => ({ path: `src/ports/file-${index}.ts`, text: "" }));
    expect(violations(files).join("\n")).toMatch(/19 files, the cap is 18/);
  });

  test("nothing wrong in a comment that names a forbidden thing", () => {
    expect(planted("src/stages/a.ts", "/** never reads process.env or Date.now() */\nexport const a = 1;")).toEqual([]);
  });
});
