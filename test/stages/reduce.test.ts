import { describe, expect, test } from "vitest";
import { candidateIdOf, type Candidate, type Edit } from "../../src/domain/edit.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { smallerVersions } from "../../src/stages/reduce.ts";

const cause = "refund follows the return policy\nThe agent refunds without reading the return policy.";

const anEdit = (after: string, more: Partial<Edit> = {}): Edit => ({
  path: "prompts/system.md",
  base: digestOf("file"),
  before: "- Tell the customer the amount.",
  after,
  reason: "",
  ...more,
});

const aCandidate = (...edits: readonly Edit[]): Candidate => ({ id: candidateIdOf(edits), kind: "insert", hypothesis: "", edits });

const textsOf = (candidate: Candidate): readonly (readonly string[])[] =>
  smallerVersions(candidate, cause).map((version) => version.candidate.edits.map((edit) => edit.after));

describe("the smaller versions of an edit", () => {
  test("an edit with one sentence has none", () => {
    expect(textsOf(aCandidate(anEdit("- Tell the customer the amount.\n- Read the return policy before a refund.")))).toEqual([]);
  });

  test("a sentence that shares no word with the failure is left out, with its line", () => {
    const edit = anEdit("- Tell the customer the amount.\n- Recommend our premium membership.\n- Read the return policy before a refund.");
    expect(textsOf(aCandidate(edit))).toEqual([["- Tell the customer the amount.\n- Read the return policy before a refund."]]);
  });

  test("such a sentence at the end of a line goes with the space before it", () => {
    const edit = anEdit("- Tell the customer the amount. Read the return policy before a refund. Recommend our premium membership.");
    expect(textsOf(aCandidate(edit))).toEqual([["- Tell the customer the amount. Read the return policy before a refund."]]);
  });

  test("such a sentence at the beginning goes with the space behind it", () => {
    const edit = anEdit("Recommend our premium membership. Read the return policy before a refund.", { before: "Read it." });
    expect(textsOf(aCandidate(edit))).toEqual([["Read the return policy before a refund."]]);
  });

  test("a sentence that the drafter's own reason speaks of is no rider", () => {
    const edit = anEdit("- Tell the customer the amount.\n- Recommend our premium membership.\n- Read the return policy before a refund.", {
      reason: "Members get a premium service.",
    });
    expect(textsOf(aCandidate(edit))).toEqual([]);
  });

  test("an edit of two hunks has a version without each, the last left out first", () => {
    const first = anEdit("- Read the return policy before a refund.");
    const second = anEdit("Refunds an item after its policy was read.", { path: "tools.yaml", before: "Refunds an item." });
    const versions = smallerVersions(aCandidate(first, second), cause);
    expect(versions.map((version) => version.leftOut)).toEqual(["its change in tools.yaml", "its change in prompts/system.md"]);
    expect(versions[0]?.candidate).toEqual(aCandidate(first));
  });

  test("nothing is left out of an edit that has nothing to do with the failure, for nothing would be left", () => {
    expect(textsOf(aCandidate(anEdit("- Tell the customer the amount.\n- Recommend our premium membership.")))).toEqual([]);
  });

  test("a sentence that stands twice stays: it is not clear which one is meant", () => {
    const edit = anEdit("Recommend our premium membership. Read the return policy. Recommend our premium membership.", {
      before: "Read it.",
    });
    expect(textsOf(aCandidate(edit))).toEqual([]);
  });

  test("there are three versions at most", () => {
    const hunks = ["a.md", "b.md", "c.md", "d.md"].map((path) => anEdit("- Read the return policy.", { path }));
    expect(smallerVersions(aCandidate(...hunks), cause)).toHaveLength(3);
  });
});
