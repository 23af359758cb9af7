import type { FailureCluster } from "../domain/cluster.ts";
import { asJson, digestOfJson, shortDigest } from "../domain/digest.ts";
import type { DraftDocument } from "../domain/documents.ts";
import type { Allowed } from "../domain/edit.ts";
import { TuneupError } from "../domain/errors.ts";
import type { Evidence } from "../domain/evidence.ts";
import { proposalId } from "../domain/ids.ts";
import type { Proposal, PullRequestWishes } from "../domain/proposal.ts";
import { plainLine } from "../domain/text/safe-text.ts";
import type { AgentSource, Located } from "../domain/source.ts";
import { besideEachOther } from "../domain/replaying/comparable-arms.ts";
import type { Verdict } from "../domain/verdict.ts";
import { bodyOf, remarkText } from "./propose/body.ts";

export interface ProposeInput {
  readonly cluster: FailureCluster;
  readonly allowed: Allowed;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly located: Located;
  /** Unified diff of the changed files. */
  readonly diff: string;
  readonly draft: DraftDocument;
  readonly visibility: "public" | "private";
  readonly wishes?: PullRequestWishes;
  /** Login of who started the run with a comment, with their number at GitHub before it where it is known: `123+ada`. */
  readonly startedBy?: string;
}

type ScanSecrets = (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;

const longestTitle = 72;

/**
 * In: a vetted edit with its proof. Out: the pull request as plain data, complete, sanitised and scanned. Deterministic: the same input gives
 * the same page. Texts by models appear defused and bounded, texts of conversations not at all. Throws `publish-refused` when anything
 * that would leave looks like a secret.
 */
export async function propose(input: ProposeInput, scanSecrets: ScanSecrets): Promise<Proposal> {
  const { allowed, cluster, evidence, verdict } = input;
  const { repository, commit } = evidence;
  const key = fingerprint(input);
  const reasons = draftReasons(input);
  const title = titleOf(input);
  const proposal: Proposal = {
    id: proposalId(`p-${key}`),
    repository,
    commit,
    cluster: cluster.id,
    edits: allowed.candidate.edits,
    files: allowed.files.map(({ before, path, text }) => ({ path, text, before })),
    branch: `tuneup/${key}`,
    title,
    body: bodyOf(input, { reasons }),
    commitMessage: commitMessage(input, title),
    draft: verdict.result !== "improves" || reasons.length > 0,
    labels: [...new Set(["tuneup", ...(input.wishes?.labels ?? [])])],
    evidence: digestOfJson(asJson(evidence)),
    ...(starter(input) === undefined ? {} : { startedBy: starter(input) ?? "" }),
    ...(input.wishes?.reviewers === undefined ? {} : { reviewers: input.wishes.reviewers }),
    state: "verified",
  };
  await refuseSecrets(proposal, input.diff, scanSecrets);
  return proposal;
}

/** The same root cause in the same place always has the same name, so one pull request is enough for it. */
function fingerprint({ allowed, cluster, evidence }: ProposeInput): string {
  const { name, owner } = evidence.repository;
  return shortDigest(digestOfJson({ owner, name, cluster: cluster.id, paths: allowed.files.map((file) => file.path) }));
}

const kinds: Readonly<Record<AgentSource["kind"], string>> = {
  "system-prompt": "prompt",
  skill: "skill",
  "few-shot": "prompt",
  "tool-description": "tools",
  parameter: "config",
  "loop-limit": "config",
  "wandb-config": "config",
};

/** `prompt: fewer failures of "<name>"`: the kind of place, and the failure's own name. */
function titleOf({ allowed, cluster, located }: ProposeInput): string {
  const source = located.result === "found" ? located.sources.find((one) => one.path === allowed.candidate.edits[0]?.path) : undefined;
  const failure = plainLine(cluster.title.replace(/: (?:fail(?:ed|ure)?|false|0)$/i, ""), 46);
  return plainLine(`${kinds[source?.kind ?? "system-prompt"]}: fewer failures of "${failure}"`, longestTitle);
}

function draftReasons({ allowed, cluster, evidence, verdict, wishes }: ProposeInput): readonly string[] {
  const reasons = allowed.needsHuman.map((remark) => remarkText(remark));
  if (verdict.result === "decision-level")
    reasons.push(
      "the evidence is about single steps with the recorded conversation before them, not about whole sessions: those could not be replayed truly",
    );
  if (wishes?.pullRequests === "draft") reasons.push("this repository asks for drafts (`pullRequests: draft` in `.github/tuneup.yml`)");
  if (verdict.netEffect !== undefined && verdict.netEffect[0] < 0 && evidence.plan.marginIsChosen !== true) {
    reasons.push(
      "over all traffic a loss is not ruled out; more working sessions in the traces narrow this, or the operator sets `plan.margin`",
    );
  }
  const { risk } = besideEachOther(evidence.pairs.filter((pair) => pair.candidate === verdict.candidate));
  if (risk !== undefined) reasons.push(`${risk}, so part of the effect may be the replay's`);
  if (evidence.calibration?.use === "draft-only")
    reasons.push(`the judge model is good enough for a draft only: ${evidence.calibration.why}`);
  if (cluster.users === 0)
    reasons.push("the traces name no users, so one person may have been counted several times: set the `user.id` attribute");
  return reasons;
}

const startedByForm = /^(?:\d{1,12}\+)?([A-Za-z\d](?:[A-Za-z\d-]{0,37}[A-Za-z\d])?)$/;

/** The login alone; `undefined` for what is none. */
const starter = ({ startedBy }: ProposeInput): string | undefined => startedByForm.exec(startedBy ?? "")?.[1];

function commitMessage(input: ProposeInput, title: string): string {
  const { evidence, startedBy, verdict } = input;
  const login = starter(input);
  const { control, failing } = verdict;
  const lines = [
    title,
    "",
    `Replayed ${failing.pairs} sessions of this failure: ${failing.fixed} fixed, ${failing.broken} broken.`,
    `Replayed ${control.pairs} sessions that work: ${control.broken} broken.`,
    ...(evidence.simulated ? ["The model was simulated."] : []),
    // GitHub finds the account of a newer user by the number before the login only.
    ...(startedBy !== undefined && login !== undefined ? ["", `Co-authored-by: ${login} <${startedBy}@users.noreply.github.com>`] : []),
  ];
  return lines.join("\n");
}

async function refuseSecrets(proposal: Proposal, diff: string, scanSecrets: ScanSecrets): Promise<void> {
  const outgoing = { title: proposal.title, body: proposal.body, "commit message": proposal.commitMessage, diff };
  for (const [place, text] of Object.entries(outgoing)) {
    const [found] = await scanSecrets(text);
    if (found === undefined) continue;
    throw new TuneupError(
      "publish-refused",
      `The ${place} of the pull request holds what looks like a secret (${found.rule}, line ${found.line}).`,
      {
        remedy: "Nothing was published. Remove the secret from the located file first; it should not stand there.",
        fields: { place, rule: found.rule, line: found.line },
      },
    );
  }
}
