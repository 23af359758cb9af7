import { html, raw } from "hono/html";
import { asJson, digestOf, digestOfJson, shortDigest } from "../domain/digest.ts";
import { decisiveVerdict, type Evidence, spentOn } from "../domain/evidence.ts";
import type { Usage } from "../domain/message.ts";
import { type Pair, tiers } from "../domain/replay.ts";
import { visible } from "../domain/text/safe-text.ts";
import type { Counts, Verdict } from "../domain/verdict.ts";
import type { Walks } from "../domain/walk.ts";
import { costRows, correctedFacts, measuredFirst, standIns } from "./evidence-markdown.ts";
import { pageStyle } from "./page-style.ts";
import { errorSentence, flips, flipTable, notRuledOut, percent, tierShares } from "./tables.ts";
import { hasTranscript, transcriptColumns, type Transcripts } from "./transcript-columns.ts";
import { controlWalkPicture, signWalkPicture } from "./walk-picture.ts";

type Markup = ReturnType<typeof html>;

export interface PageInput {
  readonly evidence: Evidence;
  readonly walks: Walks;
  /** Empty where the ledger of the job is not at hand. */
  readonly transcripts: Transcripts;
}

/** Flipped sessions shown with their conversations, at most. */
const mostConversations = 40;

/**
 * The evidence as one HTML page for reading on one's own machine: proof, walks, changed sessions, cost, conversations. It needs nothing else: no
 * script, no font, no network, and its content security policy allows none. Every foreign text is escaped. Unlike the Markdown it
 * may show conversations, so it is not for publishing.
 */
export function evidencePage({ evidence, transcripts, walks }: PageInput): string {
  const verdict = decisiveVerdict(evidence);
  const changed = changedPairs(evidence, verdict);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${visible(evidence.cluster.title)}: ${verdict.result} · Tuneup</title>
        ${raw(`<style>${pageStyle}</style>`)}
      </head>
      <body>
        ${opening(evidence, verdict)} ${proof(evidence, verdict)} ${walkSection(evidence, walks, verdict)} ${flipSection(evidence, verdict)}
        ${changedSection(changed, transcripts)} ${costSection(evidence)} ${conversations(changed, transcripts)} ${facts(evidence, verdict)}
      </body>
    </html>`;
  if (page instanceof Promise) throw new TypeError("a page is put together from values, not from promises");
  return `${page.toString()}\n`;
}

const base64OfHex = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

/** Nothing but this page's own style sheet, by its digest. */
const policy = `default-src 'none'; style-src 'sha256-${base64OfHex(digestOf(pageStyle).slice("sha256:".length))}'; base-uri 'none'; form-action 'none'`;

function opening(evidence: Evidence, verdict: Verdict): Markup {
  const candidate = evidence.candidates.find((one) => one.id === verdict.candidate);
  return html`<span class="badge ${verdict.result}">${verdict.result}</span>
    <h1>${visible(evidence.cluster.title)}</h1>
    <p>${visible(verdict.why)}</p>
    <p class="soft">
      ${evidence.cluster.members} of ${evidence.cluster.sessionsInWindow} recorded sessions show this failure.
      ${visible(evidence.repository.owner)}/${visible(evidence.repository.name)} at
      <code>${visible(evidence.commit.slice(0, 12))}</code>, ${visible(evidence.startedAt)}.
    </p>
    ${evidence.simulated ? html`<p class="notice"><strong>Simulated model.</strong> These figures show how Tuneup works. They say nothing about a real agent.</p>` : ""}
    ${candidate === undefined ? "" : html`<p>The edit bets on: <em>${visible(candidate.hypothesis)}</em></p>`}`;
}

function proof(evidence: Evidence, verdict: Verdict): Markup {
  const row = (name: string, counts: Counts): Markup => {
    const share = (passed: number): string => (counts.pairs === 0 ? "–" : `${passed} (${percent(passed / counts.pairs)})`);
    return html`<tr>
      <td>${name}</td>
      ${[counts.pairs, share(counts.beforePassed), share(counts.afterPassed)].map((one) => html`<td class="figure">${one}</td>`)}
      <td class="figure good">${counts.fixed}</td>
      <td class="figure bad">${counts.broken}</td>
      <td class="figure">${counts.inconclusive}</td>
    </tr>`;
  };
  return html`<h2>Replayed before and after</h2>
    <div class="scroll">
      <table>
        <tr>
          <th>replayed sessions</th>
          ${["pairs", "pass before", "pass after", "fixed", "broken", "inconclusive"].map((name) => html`<th class="figure">${name}</th>`)}
        </tr>
        ${row("of this failure", verdict.failing)} ${row("that work today", verdict.control)}
      </table>
    </div>
    ${verdict.result === "improves" ? html`<p>${errorSentence(verdict, evidence)}</p>` : ""}
    <p><strong>Not ruled out:</strong></p>
    <ul>
      ${notRuledOut(verdict, evidence).map((line) => html`<li>${line.replaceAll("**", "")}</li>`)}
    </ul>`;
}

function walkSection(evidence: Evidence, walks: Walks, lead: Verdict): Markup {
  const hypothesis = (verdict: Verdict): string =>
    evidence.candidates.find((one) => one.id === verdict.candidate)?.hypothesis ?? verdict.candidate;
  return html`<h2>The walk of each candidate</h2>
    ${signWalkPicture(walks, lead.candidate)} ${controlWalkPicture(walks, lead.candidate)}
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          <th>candidate</th>
          <th>verdict</th>
          <th>why</th>
        </tr>
        ${evidence.verdicts.map(
          (verdict, index) =>
            html`<tr>
              <td class="figure">${index + 1}</td>
              <td class="wide">${visible(hypothesis(verdict))}</td>
              <td>${verdict.result}</td>
              <td class="wide">${visible(verdict.why)}</td>
            </tr>`,
        )}
      </table>
    </div>`;
}

interface ChangedPair {
  readonly pair: Pair;
  readonly change: "fixed" | "broken";
  readonly anchor: string;
}

function changedPairs(evidence: Evidence, verdict: Verdict): readonly ChangedPair[] {
  const all = (["failing", "control"] as const).flatMap((group) => {
    const { broken, fixed } = flips(evidence, verdict, group);
    return [...fixed.map((pair) => ({ pair, change: "fixed" as const })), ...broken.map((pair) => ({ pair, change: "broken" as const }))];
  });
  return all.map((one, index) => ({ ...one, anchor: `session-${index + 1}` }));
}

function flipSection(evidence: Evidence, verdict: Verdict): Markup {
  const rows = (["failing", "control"] as const).map((group) => {
    const { broken, failedTwice, fixed, passedTwice } = flipTable(evidence, verdict, group);
    const name = group === "failing" ? "of this failure" : "that work today";
    return html`<tr>
        <td>${name}, pass without the edit</td>
        <td class="figure">${passedTwice}</td>
        <td class="figure bad">${broken}</td>
      </tr>
      <tr>
        <td>${name}, fail without it</td>
        <td class="figure good">${fixed}</td>
        <td class="figure">${failedTwice}</td>
      </tr>`;
  });
  return html`<h2>Sessions that changed</h2>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          <th class="figure">pass with the edit</th>
          <th class="figure">fail with it</th>
        </tr>
        ${rows}
      </table>
    </div>`;
}

function changedSection(changed: readonly ChangedPair[], transcripts: Transcripts): Markup | "" {
  if (changed.length === 0) return "";
  return html`<p></p>
    <div class="scroll">
      <table>
        <tr>
          ${["session", "group", "", "before", "after", "judged by", "tools answered from", "left the recording at turn"].map((name) => html`<th>${name}</th>`)}
        </tr>
        ${changed.map(({ anchor, change, pair }, index) => {
          const isShown = index < mostConversations && hasTranscript(pair, transcripts);
          const id = html`<code>${visible(pair.sessionId)}</code>`;
          return html`<tr>
            <td>${isShown ? html`<a href="#${anchor}">${id}</a>` : id}</td>
            <td>${pair.group === "failing" ? "failing" : "working"} ${pair.index}</td>
            <td class="${change === "fixed" ? "good" : "bad"}">${change}</td>
            <td>${pair.before.outcome}</td>
            <td>${pair.after.outcome}</td>
            <td>${visible(pair.after.decidedBy)}</td>
            <td>${tierText(pair)}</td>
            <td class="figure">${pair.after.divergedAtTurn === undefined ? "–" : pair.after.divergedAtTurn + 1}</td>
          </tr>`;
        })}
      </table>
    </div>`;
}

const tierText = (pair: Pair): string =>
  tiers.flatMap((tier) => (pair.after.tiers[tier] > 0 ? [`${tier} ${pair.after.tiers[tier]}`] : [])).join(", ") || "no tool was called";

const number = (value: number): string => value.toLocaleString("en-US");
const money = (usage: Usage): string => (usage.dollars === undefined ? "–" : `$${usage.dollars.toFixed(2)}`);

function costSection(evidence: Evidence): Markup {
  const row = (what: string, replays: number | "", usage: Usage): Markup =>
    html`<tr>
      <td>${what}</td>
      ${[replays, number(usage.inputTokens), number(usage.cacheReadTokens ?? 0), number(usage.outputTokens), money(usage)].map((one) => html`<td class="figure">${one}</td>`)}
    </tr>`;
  return html`<h2>Cost</h2>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          ${["replays", "tokens in", "of them cached", "tokens out", "money"].map((name) => html`<th class="figure">${name}</th>`)}
        </tr>
        ${costRows(evidence).map(({ replays, usage, what }) => row(what, replays, usage))} ${row("in all", "", spentOn(evidence))}
      </table>
    </div>`;
}

function conversations(changed: readonly ChangedPair[], transcripts: Transcripts): Markup | "" {
  const shown = changed.slice(0, mostConversations).filter(({ pair }) => hasTranscript(pair, transcripts));
  if (shown.length === 0) return "";
  return html`<h2>Conversations, before and after</h2>
    <p class="soft">From the ledger of this machine. They are what people said: keep this page as private as the traces.</p>
    ${shown.map(({ anchor, pair }) => transcriptColumns(pair, anchor, transcripts))}`;
}

function facts(evidence: Evidence, verdict: Verdict): Markup {
  const { models, plan } = evidence;
  const rows: readonly (readonly [string, string])[] = [
    ["agent ran on", models.agent],
    ["edit drafted by", models.drafter],
    ["replays judged by", models.judge === undefined ? "deterministic rules only" : `rules, then ${models.judge}`],
    ...standIns(models),
    [
      "effect on this failure",
      `${verdict.effect.map((one) => `${one > 0 ? "+" : ""}${Math.round(one * 100)}`).join(" to ")} points of 100 sessions (95 % confidence sequence)`,
    ],
    ["level", `${Math.round(plan.alpha * 100_000) / 100_000}, shared by ${plan.candidates}`],
    ["null share of fixed", String(plan.theta0)],
    ["margin", `${Math.round(plan.margin * 100)} of 100 working sessions`],
    ...measuredFirst(evidence),
    ...correctedFacts(evidence, verdict),
    ["tools answered from", tierShares(evidence, verdict.candidate)],
    ["seed", String(evidence.seed)],
    ["order", evidence.order],
    ["rubric", evidence.rubric],
    ["evidence", digestOfJson(asJson(evidence))],
  ];
  return html`<h2>How it was tested</h2>
    <table>
      ${rows.map(
        ([name, value]) =>
          html`<tr>
            <th>${name}</th>
            <td class="mono">${visible(value)}</td>
          </tr>`,
      )}
    </table>
    <p class="soft">
      Before is a fresh replay of the unchanged agent, not the recorded outcome. Nothing was executed: tools answered from recordings. Job
      <code>${shortDigest(digestOf(evidence.job))}</code>; recompute every figure with <code>tuneup verify</code>.
    </p>`;
}
