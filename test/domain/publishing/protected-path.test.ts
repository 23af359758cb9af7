import { expect, test } from "vitest";
import { isNeverPublished, isObeyedPath, isPlainPath, isProtectedPath } from "../../../src/domain/publishing/protected-path.ts";

test.each([
  ".git/config",
  ".github/workflows/ci.yml",
  ".GitHub/CODEOWNERS",
  "docs/CODEOWNERS",
  "package.json",
  "app/package-lock.json",
  "deploy/Dockerfile.prod",
  ".env.local",
  "scripts/run.sh",
  ".vscode/settings.json",
  ".github/dependabot.yml",
  ".github/tuneup.yml",
  "infra/main.tf",
  "hooks/hooks.json",
])("no edit may touch %s", (path) => {
  expect(isProtectedPath(path)).toBe(true);
});

test.each(["prompts/system.md", "src/agent/tools.ts", "config/agent.yaml", "docs/locking.md"])("an edit may touch %s", (path) => {
  expect(isProtectedPath(path)).toBe(false);
  expect(isPlainPath(path)).toBe(true);
});

test.each([".github/copilot-instructions.md", ".github/agents/reviewer.md", "CLAUDE.md", "skills/refund/SKILL.md"])(
  "%s can be opened by its exact path, and by nothing else",
  (path) => {
    expect([isProtectedPath(path), isObeyedPath(path), isPlainPath(path)]).toEqual([false, true, true]);
  },
);

test("nothing below .github is published, opened or not", () => {
  expect([".github/copilot-instructions.md", ".github/workflows/ci.yml", "CLAUDE.md"].map((path) => isNeverPublished(path))).toEqual([
    true,
    true,
    false,
  ]);
});

test.each(["", "/etc/passwd", "C:/x", "a/../b", "a//b", "a\\b", "a\u200Bb", "cafe\u0301.md"])("%j is not a plain path", (path) => {
  expect(isPlainPath(path)).toBe(false);
});
