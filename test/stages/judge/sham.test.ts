import { describe, expect, test } from "vitest";
import { shamOf } from "../../../src/stages/judge.ts";

describe("an edit without meaning", () => {
  test.each([
    ["Do not promise dates.", "Don't promise dates.", 1],
    ["You can't refund twice. Make sure that you read the policy.", "You cannot refund twice. Ensure that you read the policy.", 2],
    ["Read the policy prior to a refund.", "Read the policy before a refund.", 1],
  ])("of %j is %j", (text, expected, rephrased) => {
    expect(shamOf(text)).toEqual({ text: expected, rephrased });
  });

  test("changes at most three phrases, keeps case and length, and is the same every time", () => {
    const text = "You cannot do it. Do not try. It is late. You are done. Make sure that it ends.";
    const sham = shamOf(text);
    expect(sham?.rephrased).toBe(3);
    expect(Math.abs((sham?.text.length ?? 0) - text.length)).toBeLessThan(12);
    expect(shamOf(text)).toEqual(sham);
  });

  test("touches no template variable and no part of a word, and is none where no phrase is known", () => {
    expect(shamOf("Say {cannot} and undo nothing.")).toBeUndefined();
    expect(shamOf("Refund within 14 days.")).toBeUndefined();
  });
});
