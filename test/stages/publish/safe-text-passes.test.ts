import { expect, test } from "vitest";
import { safeInline } from "../../../src/domain/text/safe-text.ts";
import { defaultLookRules, outgoingProblems } from "../../../src/stages/publish/last-look.ts";

test.each([
  "&commat;octocat &num;1 &#64;octocat &#x40octocat &amp;commat;octocat",
  "fixes #1, closes GH-2, resolves acme/x#3",
  "[a](https://evil.example) ![b](c) <img src=x> <!-- --> </details>",
  "@octocat ＠octocat 0123456789abcdef www.evil.example javascript:alert(1)",
  "R&D says 5 < 6 && 7 > 6 | `code` _a_ **b** ~~c~~ $d$ \\e",
  "invalid data: missing id; data:text/html,x",
  "/approve\n/lgtm\n# heading\n- item\n1. item\n> quote\n```",
])("foreign text that was made harmless never holds back a page: %s", async (text) => {
  const write = {
    what: "pull request",
    repository: "acme/x",
    texts: [{ place: "body", text: `A failure: ${safeInline(text, 300)} was seen.` }],
  } as const;
  expect(await outgoingProblems(write, defaultLookRules, async () => [])).toEqual([]);
});
