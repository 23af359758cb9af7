import { describe, expect, test } from "vitest";
import { type GivenReview, independentApprovers } from "../../../src/domain/publishing/approval.ts";

const head = "a".repeat(40);
const earlier = "b".repeat(40);
const by = (login: string, state: string, commit: string | null = head, isPerson = true): GivenReview => ({
  login,
  isPerson,
  state,
  commit,
});

describe("a proposal that Ada asked for is approved by", () => {
  test.each<[string, readonly GivenReview[], readonly string[]]>([
    ["another person", [by("bob", "APPROVED")], ["bob"]],
    ["another person who only comments afterwards", [by("bob", "APPROVED"), by("bob", "COMMENTED", earlier)], ["bob"]],
    ["everybody else, who decided last first", [by("bob", "APPROVED"), by("carol", "APPROVED"), by("bob", "APPROVED")], ["bob", "carol"]],
    ["nobody, when it is herself, however her name is written", [by("ADA", "APPROVED")], []],
    ["nobody, when it is a bot", [by("evil[bot]", "APPROVED", head, false)], []],
    ["nobody, when it is a comment", [by("bob", "COMMENTED")], []],
    ["nobody, when another commit was looked at", [by("bob", "APPROVED", earlier), by("carol", "APPROVED", null)], []],
    ["nobody, when a wish for changes followed", [by("bob", "APPROVED"), by("Bob", "CHANGES_REQUESTED", earlier)], []],
    ["nobody, when the newest approval was dismissed", [by("bob", "APPROVED"), by("bob", "DISMISSED")], []],
  ])("%s", (_who, reviews, approvers) => {
    expect(independentApprovers(reviews, head, ["Ada"])).toEqual(approvers);
  });
});
