import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readRepositoryFile, repositorySchema, repositorySettings, withDefaults } from "../../src/config/repository-file.ts";

const problemsOf = (source: string): readonly string[] => {
  const file = readRepositoryFile(source);
  return file.state === "invalid" ? file.problems.map(({ key, line, message }) => `${line ?? "?"} ${key} ${message}`) : [];
};

describe("a repository's own file", () => {
  test("may be missing or empty: the defaults hold", () => {
    expect(repositorySettings(readRepositoryFile(undefined))).toEqual({});
    expect(repositorySettings(readRepositoryFile("# nothing yet\n"))).toEqual({});
  });

  test("says what it wants", () => {
    const source = "pullRequests: draft\nignore: [prompts/legal/**]\nlabels: [agents]\n";
    expect(repositorySettings(readRepositoryFile(source))).toEqual({
      pullRequests: "draft",
      ignore: ["prompts/legal/**"],
      labels: ["agents"],
    });
  });

  test("names every problem at once, with its line", () => {
    expect(problemsOf("pullRequests: later\nignore:\n  - /etc/passwd\n  - ../up\nlabel: x\n")).toEqual([
      expect.stringMatching(/^1 pullRequests /),
      expect.stringMatching(/^3 ignore\.0 paths are relative/),
      expect.stringMatching(/^4 ignore\.1 paths are relative/),
      "5 label there is no such setting",
    ]);
    expect(problemsOf("ignore: [")).toEqual([expect.stringMatching(/^\d \(top\) /)]);
  });

  test.each(["evaluator", "models", "project", "budget", "plan", "rules", "allowedPaths"])(
    "may not set %s: that is for the operator alone",
    (key) => {
      expect(problemsOf(`${key}: {}\n`)).toEqual([expect.stringMatching(new RegExp(`^1 ${key} only the operator may set this`))]);
      expect(() => repositorySettings(readRepositoryFile(`${key}: {}\n`))).toThrow(/tuneup\.operator\.yml/);
    },
  );

  test("counts key by key before its owner's defaults, and what either keeps from edits is kept", () => {
    const defaults = { pullRequests: "draft", labels: ["agents"], ignore: ["legal/**"] } as const;
    const own = { pullRequests: "ready", ignore: ["prompts/a.md"] } as const;
    expect(withDefaults({ ...own, ignore: [...own.ignore] }, { ...defaults, labels: ["agents"], ignore: ["legal/**"] })).toEqual({
      pullRequests: "ready",
      labels: ["agents"],
      ignore: ["legal/**", "prompts/a.md"],
    });
    expect(withDefaults({}, {})).toEqual({});
  });

  test("has a schema for editors that is up to date", async () => {
    const schema = `${JSON.stringify(z.toJSONSchema(repositorySchema), undefined, 2)}\n`;
    await expect(schema).toMatchFileSnapshot("../../docs/tuneup.schema.json");
  });
});
