import { describe, expect, test } from "vitest";
import { findHunk } from "../../../src/domain/text/apply-hunk.ts";

const found = (text: string, search: string, replace: string): string => {
  const hunk = findHunk(text, { start: 0, end: text.length }, search, replace);
  return hunk.result === "found" ? text.slice(0, hunk.range.start) + hunk.replacement + text.slice(hunk.range.end) : hunk.result;
};

describe("a hunk whose lines are parts of a one-line string", () => {
  const text = String.raw`"Don't guess.\nAsk for the number.\nSay goodbye."`;

  test("is found although the model put white space behind it", () => {
    expect(found(text, "Ask for the number.  ", String.raw`Ask for the number.\nBe kind.  `)).toBe(
      String.raw`"Don't guess.\nAsk for the number.\nBe kind.\nSay goodbye."`,
    );
  });

  test("is found under typographic quotes, and keeps the quotes of the file", () => {
    expect(found(text, "Don’t guess.", "Don’t guess. Look it up.")).toBe(
      String.raw`"Don't guess. Look it up.\nAsk for the number.\nSay goodbye."`,
    );
  });

  test("is not guessed between two places", () => {
    expect(found(String.raw`"Ask.\nWait.\nAsk."`, "Ask. ", "Tell.")).toBe("ambiguous");
  });
});
