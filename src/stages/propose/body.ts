import { asJson, digestOfJson, shortDigest } from "../../domain/digest.ts";
import type { Refusal } from "../../domain/edit.ts";
import { digest } from "../../domain/ids.ts";
import { safeBlock, safeCode, safeInline } from "../../domain/text/safe-text.ts";
import { changedSessions, evidenceFacts, factTable, proofSection, sessionText, showCommand } from "../../report/evidence-markdown.ts";
import { flips } from "../../report/tables.ts";
import type { ProposeInput } from "../propose.ts";

/** GitHub's limit is 65,536; what follows the body must still fit. */
const longestBody = 58_000;

/** Why a pull request is a draft, each with what would change it. */
export interface DraftReasons {
  readonly reasons: readonly string[];
}

/** The page that a reviewer reads: what and why, the proof, what it cannot rule out; everything else folded. Holds no text of any conversation. */
export function bodyOf(input: ProposeInput, { reasons }: DraftReasons): string {
  const sections = [
    opening(input),
    ...(reasons.length === 0 ? [] : [draftNote(reasons)]),
    proofSection(input.evidence, input.verdict),
    reading(input),
    diffSection(input),
    sessionsSection(input),
    detailsSection(input),
    closing(),
  ];
  let body = sections.join("\n\n");
  // Cut whole sections from the least needed on: half a table misleads.
  for (const droppable of [sessionsSection(input), diffSection(input), detailsSection(input)]) {
    if (body.length <= longestBody) return body;
    body = body.replace(droppable, "_(left out: the page would be too long; everything is in the evidence file)_");
  }
  return body.slice(0, longestBody);
}

function opening({ allowed, cluster, diff, evidence }: ProposeInput): string {
  const paths = allowed.files.map((file) => safeCode(file.path));
  const line = firstChangedLine(diff);
  const lines = line === undefined ? "" : `, line ${line},`;
  const failure = `${evidence.cluster.members} of ${evidence.cluster.sessionsInWindow} recorded sessions`;
  const simulated = evidence.simulated
    ? "\n\n> **Simulated model.** These figures show how Tuneup works. They say nothing about a real agent."
    : "";
  return [
    `This edits ${paths.join(" and ")}${lines} so that a failure seen in **${failure}** happens less often:`,
    "",
    `> ${safeInline(cluster.title, 200)}`,
    "",
    `What the edit bets on, in the drafting model's words: _${safeInline(allowed.candidate.hypothesis, 300)}_${simulated}`,
  ].join("\n");
}

/** The first line of the old file that a unified diff changes, or behind which it inserts. */
function firstChangedLine(diff: string): number | undefined {
  const hunk = /^@@ -(\d+)[^\n]*\n([\s\S]*)/m.exec(diff);
  if (hunk === null) return undefined;
  const context = (hunk[2] ?? "").split("\n").findIndex((line) => line.startsWith("-") || line.startsWith("+"));
  return Number(hunk[1]) + Math.max(0, context);
}

const draftNote = (reasons: readonly string[]): string => ["**A draft, because:**", ...reasons.map((reason) => `- ${reason}`)].join("\n");

function reading({ evidence, verdict, visibility }: ProposeInput): string {
  const file = `${shortDigest(digest(evidence.job))}.json --digest ${shortDigest(digestOfJson(asJson(evidence)))}`;
  const first = flips(evidence, verdict, "failing").fixed[0];
  const look =
    first === undefined || visibility === "public"
      ? ""
      : ` Look at a fixed session: \`${showCommand(evidence, sessionText(first, visibility))}\`.`;
  return `Recompute every figure with \`tuneup verify ${file}\`.${look} Merge it if you agree; close it if not, and Tuneup leaves this failure alone.`;
}

const folded = (title: string, content: string): string => `<details>\n<summary>${title}</summary>\n\n${content}\n\n</details>`;

/** What another bot may take for a command if it trims the lines of a page. */
const looksLikeCommand = /^ \s*\/\p{L}/u;

/**
 * A diff without unchanged lines that other bots may act on: some read the raw text of a page, fenced code included. The edit itself stays whole, and an
 * agent whose prompt explains `/approve` gets its pull request.
 */
const withoutForeignCommands = (diff: string): string =>
  diff
    .split("\n")
    .map((line) => (looksLikeCommand.test(line) ? " (an unchanged line that begins with a slash is left out here)" : line))
    .join("\n");

const diffSection = ({ allowed, diff }: ProposeInput): string => {
  const reasons = allowed.candidate.edits
    .filter((edit) => edit.reason !== "")
    .map((edit) => `- ${safeCode(edit.path)}: ${safeInline(edit.reason, 300)}`);
  return folded(
    "The change",
    [...reasons, ...(reasons.length === 0 ? [] : [""]), safeBlock(withoutForeignCommands(diff), 12_000, "diff")].join("\n"),
  );
};

function sessionsSection({ evidence, verdict, visibility }: ProposeInput): string {
  return folded("Sessions that changed", changedSessions(evidence, verdict, visibility));
}

function detailsSection(input: ProposeInput): string {
  const { draft, evidence, located, verdict } = input;
  const found =
    located.result === "found"
      ? `${located.sources.length} places, ${Math.round(located.residue * 100)} % of the recorded prompt not in this repository`
      : "-";
  return folded(
    "How it was tested",
    factTable([
      ...evidenceFacts(evidence, verdict),
      ["candidates", `${draft.candidates.length} drafted, ${evidence.candidates.length} allowed and tested`],
      ["prompt found", found],
    ]),
  );
}

const closing = (): string =>
  "<sub>Before is a fresh replay of the unchanged agent, not the recorded outcome. Nothing was executed: tools answered from recordings. Opened by Tuneup; a human merges.</sub>";

/** A remark of vetting as a reason for a draft. */
export const remarkText = (remark: Refusal): string => `${safeInline(remark.message, 200)} (${safeCode(remark.path)})`;
