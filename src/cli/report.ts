import { type Evidence, spentOn } from "../domain/evidence.ts";
import type { Finding } from "../domain/finding.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { Verdict } from "../domain/verdict.ts";
import { errorSentence } from "../report/tables.ts";
import { usageText } from "../report/evidence-markdown.ts";
import { percent, printable, table } from "./table.ts";

/** What a job left, as `run` and `demo` report it. */
export interface Report {
  readonly finding: Finding;
  readonly evidenceFile?: string;
  readonly evidence?: Evidence;
  readonly proposal?: Proposal;
  /** The proposal's change as a unified diff. */
  readonly diff?: string;
}

/** How the reader can look further: the command as it is typed, the flags it needs, and paths as they are shown. */
export interface Look {
  readonly command: string;
  /** With a space before, or empty. */
  readonly flags: string;
  /** The data folder alone as a flag, likewise. */
  readonly data?: string;
  readonly from: (path: string) => string;
}

/** A job's end as a person reads it: the pull request first, then the proof, then where everything lies and what to do next. */
export function describeResult(report: Report, look: Look = { command: "tuneup", flags: "", from: (path) => path }): string {
  const { evidence, finding } = report;
  const sections = [describeEnd(finding)];
  const verdict = verdictOf(finding);
  if (report.proposal !== undefined) sections.push(describeProposal(report.proposal, report.diff));
  if (evidence !== undefined && verdict !== undefined) sections.push(describeVerdict(verdict, evidence));
  sections.push(nextSteps(report, look));
  return `${printable(sections.filter((section) => section !== "").join("\n\n"))}\n`;
}

export const verdictOf = (finding: Finding): Verdict | undefined => ("verdict" in finding ? finding.verdict : undefined);

/** How the job ended, in a line or two. */
export function describeEnd(finding: Finding): string {
  switch (finding.end) {
    case "no-failures":
      return `Nothing to do: ${finding.why}.`;
    case "too-few-sessions":
      return `Too few sessions to prove anything: ${finding.failing} failing and ${finding.control} working ones could be kept for the test, at least ${finding.needed} failing ones are needed. Collect more, or widen the window.`;
    case "refused":
      return [
        `Every drafted edit was refused:`,
        ...finding.refusals.map(
          (refusal) =>
            `  ${refusal.rule} in ${refusal.path}${refusal.line === undefined ? "" : `:${refusal.line}`}: ${refusal.message}\n    → ${refusal.remedy}`,
        ),
      ].join("\n");
    case "decided":
      return `No pull request: ${headline(finding.verdict)}`;
    case "proposed":
      return "A pull request is ready, and was not published (dry run).";
    case "published":
      return `${finding.pull.adopted ? "The pull request is already there" : "Pull request opened"}: ${finding.pull.url}`;
    case "left-alone":
      return `Left alone: ${finding.why}\n→ ${finding.remedy}`;
    case "not-located":
    case "not-replayable":
    case "not-judgeable":
    case "not-a-prompt-problem":
    case "model-not-configured":
    case "no-draft":
      return `${sentences[finding.end]}: ${finding.why}\n→ ${finding.remedy}`;
  }
}

const sentences = {
  "not-located": "The prompt was not found in this repository",
  "not-replayable": "These sessions cannot be replayed",
  "not-judgeable": "The judge model cannot be trusted on this agent",
  "not-a-prompt-problem": "Not a prompt problem",
  "model-not-configured": "Stopped before drafting",
  "no-draft": "No usable edit was drafted",
} as const;

function headline(verdict: Verdict): string {
  const meanings: Readonly<Record<Verdict["result"], string>> = {
    improves: "the edit improves",
    "decision-level": "only decision-level evidence",
    "no-evidence": "no evidence that any drafted edit helps",
    harms: "the edit harms sessions that work today",
    inconclusive: "the test could not decide",
  };
  return `${meanings[verdict.result]}. ${verdict.why}`;
}

function describeProposal(proposal: Proposal, diff: string | undefined): string {
  const indent = (text: string): string =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`.trimEnd())
      .join("\n");
  return [`${proposal.draft ? "Draft: " : ""}${proposal.title}`, ...(diff === undefined ? [] : ["", indent(diff)])].join("\n");
}

/** The evidence table and what it cannot rule out. */
export function describeVerdict(verdict: Verdict, evidence: Evidence): string {
  const row = (name: string, counts: Verdict["failing"]): readonly string[] => [
    name,
    String(counts.pairs),
    counts.pairs === 0 ? "–" : percent(counts.beforePassed / counts.pairs),
    counts.pairs === 0 ? "–" : percent(counts.afterPassed / counts.pairs),
    String(counts.fixed),
    String(counts.broken),
    String(counts.inconclusive),
  ];
  const lines = [
    table([
      ["replayed sessions", "pairs", "pass before", "pass after", "fixed", "broken", "inconclusive"],
      row("failing", verdict.failing),
      row("working (control)", verdict.control),
    ]),
    "",
    `verdict: ${verdict.result}. ${verdict.why}`,
  ];
  if (verdict.result === "improves") {
    lines.push(
      errorSentence(verdict, evidence),
      `Not ruled out: up to ${Math.ceil(verdict.controlBound * 100)} of 100 working sessions may break.`,
    );
  }
  if (evidence.simulated) lines.push("The model is simulated: these figures say nothing about a real agent.");
  return lines.join("\n");
}

function nextSteps(report: Report, look: Look): string {
  const { evidence, evidenceFile, finding, proposal } = report;
  const rows: string[][] = [];
  if (finding.end === "published") rows.push(["page", look.from(finding.pull.url)]);
  if (proposal !== undefined) rows.push(["branch", proposal.branch]);
  if (evidenceFile !== undefined)
    rows.push(
      ["evidence", look.from(evidenceFile)],
      ["recompute it", `${look.command} verify ${look.from(evidenceFile)}`],
      ["read it as a page", `${look.command} report ${look.from(evidenceFile)} --html evidence.html${look.data ?? ""}`],
    );
  const flipped = evidence?.pairs.find(
    (pair) =>
      pair.candidate === evidence.winner && pair.group === "failing" && pair.before.outcome === "failed" && pair.after.outcome === "passed",
  );
  if (flipped !== undefined) rows.push(["a fixed session", `${look.command} show ${flipped.sessionId}${look.flags}`]);
  if (evidence !== undefined) rows.push(["cost", costOf(evidence)]);
  return table(rows);
}

const costOf = (evidence: Evidence): string => `${usageText(spentOn(evidence))}${evidence.simulated ? " of a simulated model" : ""}`;

/** How a job ended, in a word, and why; the second may hold foreign text. */
export function shortEnd(finding: Finding): { readonly end: string; readonly why: string } {
  if (finding.end === "decided") return { end: finding.verdict.result, why: finding.verdict.why };
  if ("why" in finding) return { end: finding.end, why: finding.why };
  return { end: finding.end, why: "verdict" in finding ? finding.verdict.why : describeEnd(finding) };
}
