import { decisiveVerdict, spentOn } from "../../domain/evidence.ts";
import { digest } from "../../domain/ids.ts";
import { asJson, digestOfJson, shortDigest } from "../../domain/digest.ts";
import { safeCode, safeInline } from "../../domain/text/safe-text.ts";
import type { KeptJob } from "../../pipeline/standing/jobs.ts";
import {
  changedSessions,
  evidenceFacts,
  factTable,
  proofSection,
  showCommand,
  usageText,
  type Visibility,
} from "../../report/evidence-markdown.ts";

/** What `/tuneup explain` answers, from the stored evidence alone: what was tested, what that cannot rule out, how to check it. */
export function explanation({ evidence }: KeptJob, visibility: Visibility): string {
  const verdict = decisiveVerdict(evidence);
  const file = `${shortDigest(digest(evidence.job))}.json`;
  const seal = shortDigest(digestOfJson(asJson(evidence)));
  const candidates = evidence.candidates.length === 1 ? "one edit" : `${evidence.candidates.length} edits`;
  return [
    `**What was tested:** ${candidates} against the failure _${safeInline(evidence.cluster.title, 160)}_ (${safeCode(evidence.cluster.id, 64)}), by replaying recorded sessions without and with each edit. Verdict: **${verdict.result}**. ${safeInline(verdict.why, 500)}`,
    proofSection(evidence, verdict),
    [
      "### How to check it where the traces are",
      "",
      `- \`tuneup verify ${file} --digest ${seal}\` recomputes every figure from the evidence; it lies in \`evidence/\` in the data folder.`,
      `- \`tuneup report ${file} --html evidence.html\` shows it as a page, conversations side by side.`,
      `- \`${showCommand(evidence, "<id>")}\` prints one session.`,
    ].join("\n"),
    `<details>\n<summary>Sessions that changed</summary>\n\n${changedSessions(evidence, verdict, visibility)}\n\n</details>`,
    `<details>\n<summary>How it was tested</summary>\n\n${factTable(evidenceFacts(evidence, verdict))}\n\n</details>`,
    `Cost of this job: ${usageText(spentOn(evidence))}.`,
  ].join("\n\n");
}
