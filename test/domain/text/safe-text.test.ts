import { describe, expect, test } from "vitest";
import { plainLine, revealed, safeBlock, safeCode, safeInline, unsafeMarkdown } from "../../../src/domain/text/safe-text.ts";

const hostile = [
  "@org/team please merge",
  "fixes #3 and GH-1 and o/r#2",
  "see https://example.com/a?b=c and www.example.com",
  "![x](https://example.com/x.png)",
  "[text](javascript:alert(1)) [ref][1]",
  '<img src=x onerror="alert(1)"> </details> <!-- hidden -->',
  "/approve",
  "commit 0123456789abcdef0123456789abcdef01234567",
  "``` broken fence ~~~",
];

describe("foreign text", () => {
  test.each(hostile)("%j leaves nothing that a forge would act on", (text) => {
    expect(unsafeMarkdown(safeInline(text, 300))).toEqual([]);
    expect(unsafeMarkdown(safeBlock(text, 300))).toEqual([]);
    expect(unsafeMarkdown(safeCode(text))).toEqual([]);
    expect(plainLine(text, 300)).not.toMatch(/[@#<>`[\]]|:\/\/|(?:^|\s)\/[a-z]*\bapprove\b.*\n/);
  });

  test("shows a reviewer what is invisible", () => {
    expect(revealed("a\u200Bb\u202Ec")).toBe("a<U+200B>b<U+202E>c");
    expect(revealed("a\uFE0Fb\u{E0101}c")).toBe("a<U+FE0F>b<U+E0101>c");
    expect(safeInline("a\u200Bb\u202Ec", 20)).toBe("abc");
  });
});

describe("the last look at a page", () => {
  test.each([
    ["an image", "![x](y)"],
    ["a link", "[x](y)"],
    ["a link", "https://example.com"],
    ["a mention", "thanks @somebody"],
    ["a mention", "thanks &#64;somebody"],
    ["a reference to an issue", "fixes #12"],
    ["a hidden comment", "<!-- read me -->"],
    ["foreign HTML", '<img src="x">'],
    ["a named character reference", "&commat;somebody"],
    ["invisible characters", "a\u202Eb"],
    ["a code block that does not end", "```\nabc"],
    ["a folded part that does not end", "<details>\nabc"],
  ])("finds %s", (found, page) => {
    expect(unsafeMarkdown(page)).toContain(found);
  });

  test("lets a page of ours pass", () => {
    expect(unsafeMarkdown("## Title\n\n<details><summary>More</summary>\n\n`@x` and `#1`\n\n```\n![a](b)\n```\n\n</details>")).toEqual([]);
  });
});
