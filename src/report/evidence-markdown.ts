import { asJson, digestOf, digestOfJson, shortDigest } from "../domain/digest.ts";
import { decisiveVerdict, type Evidence, spentOn, spentOnFidelity, usageOfComparisons } from "../domain/evidence.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import { isPairwiseUsable, type PairwiseCheck } from "../domain/replaying/calibration.ts";
import type { Pair } from "../domain/replay.ts";
import { safeCode, safeInline } from "../domain/text/safe-text.ts";
import type { Verdict } from "../domain/verdict.ts";
import { errorSentence, evidenceTable, flips, flipTable, notRuledOut, tierShares } from "./tables.ts";

/** Who may read the page: in a public repository session ids appear only as digests. */
export type Visibility = "public" | "private";

type Fact = readonly [name: string, value: string];

const mostSessions = 20;

/** The evidence as Markdown: what a pull request says of it, for every verdict. Holds no text of any conversation. */
export function evidenceMarkdown(evidence: Evidence, visibility: Visibility): string {
  const verdict = decisiveVerdict(evidence);
  const candidate = evidence.candidates.find((one) => one.id === verdict.candidate);
  const others = evidence.verdicts.filter((one) => one !== verdict);
  return [
    `## ${verdict.result}: ${safeInline(evidence.cluster.title, 120)}`,
    safeInline(verdict.why, 600),
    ...(evidence.simulated ? ["> **Simulated model.** These figures show how Tuneup works. They say nothing about a real agent."] : []),
    ...(candidate === undefined ? [] : [`The edit bets on: _${safeInline(candidate.hypothesis, 300)}_`]),
    proofSection(evidence, verdict),
    ...(others.length === 0 ? [] : ["### Other candidates", others.map((other) => otherLine(evidence, other)).join("\n")]),
    "### Sessions that changed",
    flipTables(evidence, verdict),
    changedSessions(evidence, verdict, visibility),
    "### Cost",
    costTable(evidence),
    "### How it was tested",
    factTable(evidenceFacts(evidence, verdict)),
    "",
  ].join("\n\n");
}

function flipTables(evidence: Evidence, verdict: Verdict): string {
  const rows = (["failing", "control"] as const).flatMap((group) => {
    const { broken, failedTwice, fixed, passedTwice } = flipTable(evidence, verdict, group);
    const name = group === "failing" ? "of this failure" : "that work today";
    return [
      `| ${name}, pass without the edit | ${passedTwice} | **${broken}** |`,
      `| ${name}, fail without it | **${fixed}** | ${failedTwice} |`,
    ];
  });
  return ["| | pass with the edit | fail with it |", "|---|--:|--:|", ...rows].join("\n");
}

function otherLine(evidence: Evidence, verdict: Verdict): string {
  const candidate = evidence.candidates.find((one) => one.id === verdict.candidate);
  return `- **${verdict.result}** (${safeInline(candidate?.hypothesis ?? verdict.candidate, 200)}): ${safeInline(verdict.why, 400)}`;
}

/** The table of both arms, the error level where something was accepted, and what a reader must not conclude. */
export function proofSection(evidence: Evidence, verdict: Verdict): string {
  return [
    "### Replayed before and after",
    "",
    evidenceTable(verdict),
    "",
    ...(verdict.result === "improves" ? [errorSentence(verdict, evidence), ""] : []),
    "**Not ruled out:**",
    ...notRuledOut(verdict, evidence).map((line) => `- ${line}`),
  ].join("\n");
}

/** An id as a command takes it; in a public repository only a digest of it. */
export function sessionText(pair: Pick<Pair, "sessionId">, visibility: Visibility): string {
  if (visibility === "public") return shortDigest(digestOf(pair.sessionId), 10);
  return pair.sessionId.replace(/[^\w.:@-]/g, "_").slice(0, 80);
}

/** The command that prints sessions of this evidence, `id` in place; the project is named, so that it works in any folder with these traces. */
export const showCommand = ({ project }: Pick<Evidence, "project">, id: string): string =>
  project === "default" ? `tuneup show ${id}` : `tuneup show ${id} --project ${project.replace(/[^\w.:-]/g, "_").slice(0, 80)}`;

/** The sessions whose two arms differ, by what happened to them. */
export function changedSessions(evidence: Evidence, verdict: Verdict, visibility: Visibility): string {
  const list = (title: string, pairs: readonly Pair[]): string => {
    const ids = pairs.slice(0, mostSessions).map((pair) => safeCode(sessionText(pair, visibility)));
    const more = pairs.length > mostSessions ? ` and ${pairs.length - mostSessions} more` : "";
    return `**${title} (${pairs.length}):** ${ids.join(" ") || "none"}${more}`;
  };
  const failing = flips(evidence, verdict, "failing");
  const control = flips(evidence, verdict, "control");
  const how =
    visibility === "public"
      ? "Digests of session ids: this repository is public."
      : `See one with \`${showCommand(evidence, "<id>")}\`, where the traces are.`;
  return [
    list("Fixed", failing.fixed),
    list("Broken among the failing", failing.broken),
    list("Broken among the working", control.broken),
    how,
  ].join("\n\n");
}

/** What ran, on what, under which rules: names and values, the values as safe Markdown. */
export function evidenceFacts(evidence: Evidence, verdict: Verdict): readonly Fact[] {
  const { models, plan } = evidence;
  return [
    ["agent ran on", safeCode(models.agent)],
    ["edit drafted by", safeCode(models.drafter)],
    ["replays judged by", models.judge === undefined ? "deterministic rules only" : `rules, then ${safeCode(models.judge)}`],
    ...standIns(models),
    [
      "effect on this failure",
      `${points(verdict.effect[0])} to ${points(verdict.effect[1])} points of 100 sessions (95 % confidence sequence)`,
    ],
    [
      "test",
      `exact sequential sign test at ${level(plan.alpha)}/${plan.candidates}, betting test on working sessions, margin ${Math.round(plan.margin * 100)} of 100`,
    ],
    ...(plan.spending === undefined
      ? []
      : [["level", `job ${plan.spending.job} on some of these sessions: ${level(plan.alpha)} is left of ${plan.spending.alpha}`] as const]),
    ...(plan.lond === undefined
      ? []
      : [
          [
            "level over the repository",
            `job ${plan.lond.job}, ${plan.lond.accepted} accepted before it: ${level(plan.alpha)} of ${plan.lond.alpha} (LOND)`,
          ] as const,
        ]),
    ...(plan.theta0 === 0.5
      ? []
      : [["null share", `${plan.theta0} of changed sessions fixed, for a judge that favours the edit's style`] as const]),
    ...(evidence.reduction === undefined
      ? []
      : [
          [
            "shortened",
            `a longer version passed the same test; this one does without ${safeInline(evidence.reduction.leftOut, 200)}`,
          ] as const,
        ]),
    ...measuredFirst(evidence),
    ...correctedFacts(evidence, verdict),
    ["tools answered from", tierShares(evidence, verdict.candidate)],
    [
      "replays that left their recording",
      `${verdict.failing.diverged + verdict.control.diverged} of ${2 * (verdict.failing.pairs + verdict.control.pairs)}`,
    ],
    ["cost", usageText(spentOn(evidence))],
    ["commit, seed", `${safeCode(evidence.commit.slice(0, 12))}, ${evidence.seed}`],
    [
      "order, rubric, evidence",
      [evidence.order, evidence.rubric, digestOfJson(asJson(evidence))].map((one) => safeCode(shortDigest(one))).join(" "),
    ],
  ];
}

/** Models that spoke for users and tools. */
export const standIns = ({ tools, user }: Evidence["models"]): readonly Fact[] => [
  ...(user === undefined ? [] : [["users played by", `recordings, then ${safeCode(user)}`] as const]),
  ...(tools === undefined ? [] : [["tools played by", `recordings, then ${safeCode(tools)} for reads`] as const]),
];

/** The effects freed of the model judge's error, where one judged. */
export const correctedFacts = ({ corrected = [] }: Evidence, verdict: Verdict): readonly Fact[] =>
  corrected
    .filter((one) => one.candidate === verdict.candidate)
    .map(({ effect, group, interval, judgedByModel, pairs }) => [
      `${group === "failing" ? "effect on this failure" : "effect on working sessions"}, judge's errors taken out`,
      `${points(effect)} (${points(interval[0])} to ${points(interval[1])}) points; a model judged ${judgedByModel} of ${2 * pairs} replays; no verdict rests on it`,
    ]);

/** What was measured beside the test itself; our own words and figures alone. */
export function measuredFirst({ calibration, canary, fidelity, headroom, screen }: Evidence): readonly Fact[] {
  const share = (part: number): string => part.toFixed(2).replace(/^0/, "");
  return [
    ...(fidelity === undefined
      ? []
      : [
          [
            "the unchanged agent, run again",
            `${fidelity.failing.reproduced} of ${fidelity.failing.replayed} failing sessions fail again, ${fidelity.working.reproduced} of ${fidelity.working.replayed} working ones pass again; ${fidelity.world} world`,
          ] as const,
        ]),
    ...(calibration === undefined
      ? []
      : [
          [
            "the model judge on labelled sessions",
            `passes ${share(calibration.sensitivity)} of ${calibration.good.sessions} good ones, fails ${share(calibration.specificity)} of ${calibration.bad.sessions} bad ones${pairwiseText(calibration.pairwise)}`,
          ] as const,
        ]),
    ...(canary === undefined
      ? []
      : [
          [
            "an edit that changes no meaning (canary)",
            `${canary.fixed} fixed and ${canary.broken} broken of ${canary.pairs}; it would ${canary.accepted ? "have passed the first test: be wary of this proof" : "not have passed the first test"}`,
          ] as const,
        ]),
    ...(screen === undefined
      ? []
      : [
          [
            "tried on single steps first",
            `${screen.candidates.filter((one) => one.result === "dropped").length} of ${screen.candidates.length} candidates were dropped, on ${screen.sessions} sessions that the drafter saw`,
          ] as const,
        ]),
    ...(headroom === undefined || headroom.result === "unknown"
      ? []
      : [["with a strong hint", `${headroom.passed} of ${headroom.replayed} further failing sessions pass`] as const]),
  ];
}

const pairwiseText = (check: PairwiseCheck | undefined): string =>
  check === undefined
    ? ""
    : `; comparing two, it says the same in both orders in ${check.consistent} of ${check.pairs}: ${isPairwiseUsable(check) ? "used to break ties" : "not used"}`;

/** Names and values as a Markdown table. */
export const factTable = (facts: readonly Fact[]): string =>
  ["| | |", "|---|---|", ...facts.map(([name, value]) => `| ${name} | ${value.replaceAll("|", "&#124;")} |`)].join("\n");

const level = (alpha: number): string => String(Math.round(alpha * 100_000) / 100_000);
const points = (share: number): string => `${share > 0 ? "+" : ""}${Math.round(share * 100)}`;

/** `129,000 tokens, $0.61` */
export const usageText = (usage: Usage): string =>
  `${(usage.inputTokens + usage.outputTokens).toLocaleString("en-US")} tokens${usage.dollars === undefined ? "" : `, $${usage.dollars.toFixed(2)}`}`;

/** One thing that was paid for: how many replays it took and what they cost. */
export interface CostRow {
  readonly what: string;
  readonly replays: number;
  readonly usage: Usage;
}

/** Where the money went: drafting, the shared replays without an edit, and each candidate's own. Every arm is counted once. */
export function costRows(evidence: Evidence): readonly CostRow[] {
  const befores = new Map<string, Usage>();
  const afters = new Map<string, { replays: number; usage: Usage }>();
  for (const pair of evidence.pairs) {
    befores.set(`${pair.group} ${pair.index}`, pair.before.usage);
    if (pair.after.config === pair.before.config) continue;
    const known = afters.get(pair.candidate) ?? { replays: 0, usage: noUsage };
    afters.set(pair.candidate, { replays: known.replays + 1, usage: addUsage(known.usage, pair.after.usage) });
  }
  const before = [...befores.values()].reduce((sum, one) => addUsage(sum, one), noUsage);
  const { calibration, canary, fidelity, headroom } = evidence;
  const comparisons = usageOfComparisons(evidence.pairs);
  const early = [
    { what: "the judge on labelled sessions", replays: 0, usage: calibration?.usage },
    {
      what: "the unchanged agent run again, beyond what the test found again",
      replays: fidelity === undefined ? 0 : fidelity.failing.replayed + fidelity.working.replayed,
      usage: fidelity === undefined ? undefined : spentOnFidelity(evidence),
    },
    { what: "an edit that changes no meaning (canary)", replays: canary?.pairs ?? 0, usage: canary?.usage },
    { what: "conversations compared side by side", replays: 0, usage: comparisons.inputTokens === 0 ? undefined : comparisons },
    { what: "candidates tried on single steps", replays: 0, usage: evidence.screen?.usage },
    { what: "replays with a strong hint", replays: headroom?.replayed ?? 0, usage: headroom?.usage },
  ];
  return [
    ...early.flatMap(({ usage, ...row }) => (usage === undefined ? [] : [{ ...row, usage }])),
    { what: "drafting", replays: 0, usage: evidence.drafting },
    { what: "replays without an edit, shared by all candidates", replays: befores.size, usage: before },
    ...evidence.candidates.map((candidate, index) => ({
      what: `replays with candidate ${index + 1}`,
      ...(afters.get(candidate.id) ?? { replays: 0, usage: noUsage }),
    })),
  ];
}

function costTable(evidence: Evidence): string {
  const rows = [...costRows(evidence), { what: "**in all**", replays: undefined, usage: spentOn(evidence) }];
  return [
    "| | replays | tokens in | of them cached | tokens out | money |",
    "|---|--:|--:|--:|--:|--:|",
    ...rows.map(
      ({ replays, usage, what }) =>
        `| ${what} | ${replays ?? ""} | ${number(usage.inputTokens)} | ${number(usage.cacheReadTokens ?? 0)} | ${number(usage.outputTokens)} | ${usage.dollars === undefined ? "–" : `$${usage.dollars.toFixed(2)}`} |`,
    ),
  ].join("\n");
}

const number = (value: number): string => value.toLocaleString("en-US");
