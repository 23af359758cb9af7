import { expect, test } from "vitest";
import { isPlainPath, isProtectedPath } from "../../../src/domain/publishing/protected-path.ts";

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
])("no edit may touch %s", (path) => {
  expect(isProtectedPath(path)).toBe(true);
});

test.each(["prompts/system.md", "src/agent/tools.ts", "config/agent.yaml", "docs/locking.md"])("an edit may touch %s", (path) => {
  expect(isProtectedPath(path)).toBe(false);
  expect(isPlainPath(path)).toBe(true);
});

test.each(["", "/etc/passwd", "C:/x", "a/../b", "a//b", "a\\b", "a\u200Bb", "cafe\u0301.md"])("%j is not a plain path", (path) => {
  expect(isPlainPath(path)).toBe(false);
});
