import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...pagesUnder("docs")];

function pagesUnder(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

/** Relative links and pictures of a page that lead nowhere. */
function deadLinks(page: string, text: string): readonly string[] {
  const targets = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
    ([, target = ""]) => target,
  );
  return targets.filter((target) => !existsSync(join(root, dirname(page), target)));
}

describe("the documentation", () => {
  test.each(pages)("%s links only to what is there", (page) => {
    expect(deadLinks(page, readFileSync(join(root, page), "utf8"))).toEqual([]);
  });

  test("a dead link is found", () => {
    expect(deadLinks("docs/x.md", "see [this](nowhere.md) and [that](glossary.md)")).toEqual(["nowhere.md"]);
  });

  test("names only commands that exist", () => {
    const commands = new Set(
      [...readFileSync(join(root, "src/cli/app.ts"), "utf8").matchAll(/^ {4,}(?:"([\w-]+)"|(\w+)): \w+Command/gm)].map(
        ([, quoted, plain]) => quoted ?? plain,
      ),
    );
    const named = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/`tuneup ([a-z]+)\b/g)].map(([, name]) => name),
    );
    expect(commands.size).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !commands.has(name))).toEqual([]);
  });
});
