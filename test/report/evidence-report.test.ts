import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/domain/evidence.ts";
import { digest, sessionId } from "../../src/domain/ids.ts";
import { type Message, textMessage } from "../../src/domain/message.ts";
import { costRows, evidenceMarkdown } from "../../src/report/evidence-markdown.ts";
import { evidencePage } from "../../src/report/evidence-page.ts";
import { errorSentence, flipTable } from "../../src/report/tables.ts";
import type { Transcripts } from "../../src/report/transcript-columns.ts";
import { walksOf } from "../../src/stages/decide.ts";
import { anEvidence } from "../builders/evidence-builder.ts";

const pageOf = (evidence: Evidence, transcripts: Transcripts = new Map()): string =>
  evidencePage({ evidence, walks: walksOf(evidence), transcripts });

/** Evidence whose first pair names its two replays. */
function withReplays(evidence: Evidence): Evidence {
  const pairs = evidence.pairs.map((pair, index) =>
    index === 0
      ? { ...pair, before: { ...pair.before, replay: digest("sha256:b0") }, after: { ...pair.after, replay: digest("sha256:a0") } }
      : pair,
  );
  return { ...evidence, pairs };
}

const attack = `<script>alert(1)</script><img src=x onerror=alert(1)>"'&</p></style></svg>\u202Egnol`;
const conversation: readonly Message[] = [
  textMessage("user", attack),
  { role: "assistant", parts: [{ kind: "tool-request", id: "1", tool: attack, input: { text: attack } }] },
  { role: "tool", parts: [{ kind: "tool-result", id: "1", output: attack, isError: true }] },
];

describe("the report as Markdown", () => {
  test("reads as it should, word for word", async () => {
    await expect(evidenceMarkdown(anEvidence(), "private")).toMatchFileSnapshot("../golden/evidence-report.md");
  });

  test("shows digests instead of session ids in a public repository", () => {
    const page = evidenceMarkdown(anEvidence(), "public");
    expect(page).not.toContain("failing-0");
    expect(page).toContain("Digests of session ids");
  });

  test("defuses a title that mentions, links or closes", () => {
    const evidence = anEvidence();
    const page = evidenceMarkdown({ ...evidence, cluster: { ...evidence.cluster, title: "@admin fixes #1 <img src=x>" } }, "private");
    expect(page).not.toMatch(/@admin|#1\b|<img/);
  });

  test("counts doubtful replays in the flip table as the test counted them, at their worst", () => {
    const evidence = anEvidence();
    const [verdict] = evidence.verdicts;
    if (verdict === undefined) throw new Error("no verdict");
    expect(flipTable(evidence, verdict, "failing")).toEqual({ passedTwice: 1, broken: 0, fixed: 7, failedTwice: 1 });
    const doubtful = evidence.pairs.map((pair, index) =>
      index < 2 ? { ...pair, before: { ...pair.before, outcome: "inconclusive" as const } } : pair,
    );
    expect(flipTable({ ...evidence, pairs: doubtful }, verdict, "failing")).toEqual({
      passedTwice: 2,
      broken: 1,
      fixed: 6,
      failedTwice: 0,
    });
  });

  test("adds to what may break what a model judge may not see", () => {
    const evidence = anEvidence();
    const judged = { ...evidence, plan: { ...evidence.plan, theta0: 0.57 } };
    expect(evidenceMarkdown(evidence, "private")).toContain("Up to **10 of 100** sessions that work today may break.");
    expect(evidenceMarkdown(judged, "private")).toContain("Up to **15 of 100** sessions that work today may break (5 of them unseen");
  });

  test("counts every arm once in what it cost", () => {
    const evidence = anEvidence();
    const rows = costRows(evidence);
    expect(rows.map((row) => row.replays)).toEqual([0, evidence.pairs.length, evidence.pairs.length]);
    expect(rows.reduce((sum, row) => sum + row.usage.inputTokens, 0)).toBe(evidence.usage.inputTokens);
  });

  test.each([
    [0.05, "Of 100 useless edits at most 5 "],
    [0.01, "Of 100 useless edits at most 1 "],
    [0.0076, "Of 10,000 useless edits at most 76 "],
  ])("says a level of %d in whole edits", (alpha, text) => {
    expect(errorSentence({ alpha, candidates: 1 }, anEvidence())).toContain(text);
  });
});

describe("the report as a page", () => {
  test("shows the walk, the changed sessions and the cost, and needs nothing from anywhere", () => {
    const page = pageOf(anEvidence());
    expect(page).toContain("<svg");
    expect(page).toContain("Candidate 1 ended with 7 fixed of 7 changed sessions; 7 accept.");
    expect(page).toContain("<code>failing-0</code>");
    expect(page).toContain("replays without an edit, shared by all candidates");
    expect(page).not.toMatch(/<script|<link|<iframe|\bsrc=|\bstyle=|\bon\w+=|https?:/);
  });

  test("allows nothing but its own style sheet", () => {
    const page = pageOf(anEvidence());
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const source = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${source}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
  });

  test("puts the two conversations of a changed session side by side where the ledger has them", () => {
    const transcripts: Transcripts = new Map([
      [digest("sha256:b0"), [textMessage("user", "hello"), textMessage("assistant", "no")]],
      [digest("sha256:a0"), [textMessage("user", "hello"), textMessage("assistant", "yes")]],
    ]);
    const page = pageOf(withReplays(anEvidence()), transcripts);
    expect(page).toContain('<a href="#session-1">');
    expect(page.match(/class="message user "/g)).toHaveLength(2);
    expect(page.match(/class="message assistant differs"/g)).toHaveLength(2);
    expect(pageOf(withReplays(anEvidence()))).not.toContain("Conversations, before and after");
  });

  test("shows hostile text as text, wherever it stands", () => {
    const evidence = withReplays(anEvidence());
    const hostile: Evidence = {
      ...evidence,
      cluster: { ...evidence.cluster, title: attack },
      models: { agent: attack, drafter: attack, judge: attack },
      candidates: evidence.candidates.map((one) => ({ ...one, hypothesis: attack })),
      verdicts: evidence.verdicts.map((one) => ({ ...one, why: attack })),
      repository: { owner: attack, name: attack },
      pairs: evidence.pairs.map((pair) => ({
        ...pair,
        sessionId: sessionId(attack),
        after: { ...pair.after, decidedBy: attack },
      })),
    };
    const page = pageOf(hostile, new Map([[digest("sha256:b0"), conversation]]));
    expect(page).not.toMatch(/<script|<img|onerror=alert\(1\)>|\u202E/);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  test("holds for every verdict", () => {
    for (const signs of [
      { failing: "+++++++", control: "-".repeat(60) },
      { failing: ".".repeat(60), control: "=" },
      { failing: "+++++++", control: "==" },
    ])
      expect(pageOf(anEvidence(signs))).toContain("</html>");
  });
});
