import { describe, expect, test } from "vitest";
import { labelsSection, readLabels } from "../../src/cli/people-labels.ts";
import { anEvidence } from "../builders/evidence-builder.ts";

const evidence = anEvidence();
const line = (group: string, index: number, before: string, after: string): string => JSON.stringify({ group, index, before, after });

describe("people's labels of replayed pairs", () => {
  test("join the judge's verdicts in an estimate once thirty pairs are labelled, and say how many are missing before", () => {
    const text = [
      line("failing", 0, "failed", "passed"),
      ...Array.from({ length: 30 }, (_, index) => line("control", index, "passed", index === 0 ? "failed" : "passed")),
    ].join("\n");
    const views = readLabels("labels.jsonl", text, evidence);
    expect(views).toMatchObject([
      { group: "failing", labelled: 1 },
      { group: "control", labelled: 30, estimate: { labelled: 30, unlabelled: 7, effect: -0.0333 } },
    ]);
    expect(labelsSection(views)).toMatch(
      /1 labelled pairs; 30 are needed[^]*working sessions: -3 \(-10 to \+3\) points, from 30 labelled pairs/,
    );
    const unchanged = Array.from({ length: 30 }, (_, index) => line("control", index, "passed", "passed")).join("\n");
    expect(labelsSection(readLabels("labels.jsonl", unchanged, evidence))).toMatch(/30 labelled pairs that all say the same/);
  });

  test("that are none, stand twice or are of other pairs are named by their lines", () => {
    const text = [
      line("failing", 0, "failed", "passed"),
      "nonsense",
      line("failing", 0, "failed", "failed"),
      line("control", 900, "passed", "passed"),
    ];
    expect(() => readLabels("labels.jsonl", text.join("\n"), evidence)).toThrow(
      /line 2 is not .*\n.*line 3: pair "failing 0" has a label already\n.*line 4: pair "control 900" did not enter the test/,
    );
  });
});
