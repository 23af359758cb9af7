import { describe, expect, test } from "vitest";
import { isEditOf } from "../../../src/domain/publishing/edited-text.ts";

const base = "# Agent\n\n- Do this.\n- Do that.\n- Do this.\n";

describe("a text is another one with its edits in it", () => {
  test.each<[string, readonly (readonly [string, string])[], string]>([
    ["in one place", [["- Do that.", "- Do that, twice."]], base.replace("- Do that.", "- Do that, twice.")],
    ["in the second of two equal places", [["- Do this.", "- Do it."]], "# Agent\n\n- Do this.\n- Do that.\n- Do it.\n"],
    [
      "in two places, whatever their order",
      [
        ["- Do that.", "- Never that."],
        ["# Agent", "# The agent"],
      ],
      base.replace("# Agent", "# The agent").replace("- Do that.", "- Never that."),
    ],
    [
      "by an insertion between equal lines",
      [["- Do that.\n", "- Do that.\n- Do that.\n"]],
      base.replace("- Do that.\n", "- Do that.\n- Do that.\n"),
    ],
    ["by taking something away", [["- Do that.\n", ""]], base.replace("- Do that.\n", "")],
    ["not at all", [["- Do this.", "- Do this."]], base],
  ])("%s", (_where, hunks, text) => {
    expect(
      isEditOf(
        base,
        hunks.map(([before, after]) => ({ before, after })),
        text,
      ),
    ).toBe(true);
  });

  test.each<[string, readonly (readonly [string, string])[], string]>([
    ["something else changes", [["- Do that.", "- Do it."]], base.replace("- Do that.", "- Do it.").replace("# Agent", "# agent")],
    ["something is added at the end", [["- Do that.", "- Do it."]], `${base.replace("- Do that.", "- Do it.")}x`],
    ["an edit is missing", [["- Do that.", "- Do it."]], base],
    ["an edit stands twice", [["- Do this.", "- Do it."]], base.replaceAll("- Do this.", "- Do it.")],
    ["an edit was never there", [["- Do nothing.", "- Do it."]], base],
  ])("but not when %s", (_what, hunks, text) => {
    expect(
      isEditOf(
        base,
        hunks.map(([before, after]) => ({ before, after })),
        text,
      ),
    ).toBe(false);
  });
});
