import type { FailureCluster } from "../domain/cluster.ts";
import type { AttemptDocument, DraftDocument, EditWish, SampleDocument, ScanDocument, TriedEdit } from "../domain/documents.ts";
import type { Allowed, Candidate } from "../domain/edit.ts";
import type { Finding } from "../domain/finding.ts";
import type { Screen } from "../domain/replaying/screen.ts";
import type { Headroom } from "../domain/replaying/headroom.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import type { Calibration } from "../domain/replaying/calibration.ts";
import type { Fidelity } from "../domain/replaying/fidelity.ts";
import type { PromptTemplate } from "../domain/text/prompt-template.ts";
import type { Sample } from "../domain/sample.ts";
import type { Session } from "../domain/session.ts";
import type { AgentSource, Located, MappedFile } from "../domain/source.ts";
import type { ModelClient } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Checkout } from "../ports/workspace.ts";
import { draft, type DraftInput } from "../stages/draft.ts";
import { notAPromptProblem } from "../stages/headroom.ts";
import type { LintTools } from "../stages/lint.ts";
import { locate, type LocateTools } from "../stages/locate.ts";
import { type EarlierSample, sample } from "../stages/sample.ts";
import { formProblem, vetCandidates, vettingScope } from "./vet-candidates.ts";

export interface AttemptInput {
  readonly cluster: FailureCluster;
  readonly scan: ScanDocument;
  /** Sessions that can be replayed; the others are counted in `notReplayable` with their reason. */
  readonly sessions: readonly Session[];
  readonly notReplayable: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly caps: { readonly shown: number; readonly failing: number; readonly control: number };
  readonly countBy: "user" | "session";
  /** Order of the failing sessions in the test; default `random`. */
  readonly order?: "random" | "stratified";
  readonly candidates: number;
  readonly allowedPaths: readonly string[];
  /** What earlier jobs tried on this failure, newest first. */
  readonly tried?: readonly TriedEdit[];
  /** Files that the repository names as the prompt's places. */
  readonly mapped?: readonly MappedFile[];
  /** Paths of the repository that it keeps from edits. */
  readonly ignoredPaths?: readonly string[];
  /** What a person asks of an edit that stands already. */
  readonly wish?: EditWish;
  /** The test goes on with an edit that was tested before, on further sessions. */
  readonly earlier?: EarlierSample;
  /** An edit that was tested before is tested again. */
  readonly later?: true;
}

export interface AttemptTools {
  /** Measures the model judge, before any money goes into drafting; absent where no model judges. */
  readonly calibrate?: (sample: Extract<Sample, { result: "sampled" }>, runtime: Runtime) => Promise<Calibration>;
  /** Measures how true replays are; likewise. */
  readonly fidelity?: (sample: Extract<Sample, { result: "sampled" }>, members: readonly Session[], runtime: Runtime) => Promise<Fidelity>;
  /** Asks whether the failure could be mended by a prompt at all; absent where nothing is replayed, or the operator does not want it. */
  readonly headroom?: (sample: Extract<Sample, { result: "sampled" }>, members: readonly Session[], runtime: Runtime) => Promise<Headroom>;
  /** Tries candidates on single steps of the shown sessions, from what `spent` leaves of the budget; absent where the operator does not want it or rules cannot judge steps. */
  readonly screen?: (allowed: readonly Allowed[], shown: readonly Session[], spent: Usage, runtime: Runtime) => Promise<Screen>;
  /** Where whole sessions cannot be replayed truly the test goes on with single steps, instead of ending here. */
  readonly decisionLevel?: true;
  readonly drafter: ModelClient;
  readonly draftPrompt: PromptTemplate;
  /** Readers of programs and the index of what was read; without them `locate` reads everything anew, and code by its quotes. */
  readonly locate?: LocateTools;
  /** Gives a second opinion on the safeguards that a proven edit touches; absent where nothing is proposed. */
  readonly lint?: LintTools;
  readonly scanSecrets: (text: string) => Promise<readonly { readonly line: number; readonly rule: string }[]>;
}

export type Attempted =
  | { readonly result: "attempted"; readonly document: AttemptDocument }
  | { readonly result: "ended"; readonly finding: Finding; readonly fidelity?: Fidelity; readonly spent?: Usage };

/** The sample and the place to edit, before any model is asked. */
export type Prepared =
  | { readonly result: "prepared"; readonly sample: Extract<Sample, { result: "sampled" }>; readonly located: Located }
  | { readonly result: "ended"; readonly finding: Finding };

function tooFew(split: Extract<Sample, { result: "too-few" }>, input: AttemptInput): Finding {
  const reasons = Object.entries(input.notReplayable);
  if (input.sessions.length > 0 || reasons.length === 0)
    return { end: "too-few-sessions", failing: split.failing, control: split.control, needed: split.needed };
  return {
    end: "not-replayable",
    why: reasons.map(([reason, count]) => `${reason} (${count} sessions)`).join("; "),
    remedy:
      "`tuneup doctor` says which option of your instrumentation records what is missing; tool definitions may also stand in tuneup.operator.yml.",
  };
}

/** Splits the cluster into what the drafter sees and what the test keeps, and finds the prompt in the repository. Asks no model. */
export async function prepare(
  input: AttemptInput,
  checkout: Checkout,
  tools: Pick<AttemptTools, "locate">,
  runtime: Runtime,
): Promise<Prepared> {
  runtime.progress({ stage: "sample", state: "started" });
  const split = sample({
    cluster: input.cluster,
    sessions: input.sessions,
    outcomes: input.scan.outcomes,
    seed: input.seed,
    caps: input.caps,
    countBy: input.countBy,
    ...(input.order === undefined ? {} : { order: input.order }),
    ...(input.earlier === undefined ? {} : { earlier: input.earlier }),
  });
  if (split.result === "too-few") {
    runtime.progress({ stage: "sample", state: "failed", note: `${split.failing} failing sessions left, ${split.needed} needed` });
    return { result: "ended", finding: tooFew(split, input) };
  }
  runtime.progress({
    stage: "sample",
    state: "finished",
    note: `${split.shown.length} shown to the drafter, ${split.pool === undefined ? `${split.failing.length} failing` : `${split.pool} failing (drawn with replacement)`} and ${split.control.length} working kept for the test`,
  });

  runtime.progress({ stage: "locate", state: "started" });
  const mapped = input.mapped ?? [];
  const located = await locate({ sessions: split.shown, checkout, mapped }, tools.locate);
  if (located.result !== "found") {
    runtime.progress({ stage: "locate", state: "failed", note: located.result });
    const remedy =
      located.result === "unsure"
        ? located.remedy
        : "Run in the repository that holds the agent's prompt, or check with `tuneup locate` what was looked for.";
    return { result: "ended", finding: { end: "not-located", why: located.why, remedy } };
  }
  const editable = editableSources(located.sources, input.ignoredPaths);
  const [first] = editable.sources;
  if (first === undefined) {
    runtime.progress({ stage: "locate", state: "failed", note: "nothing that may be edited" });
    return { result: "ended", finding: { end: "not-located", ...editable.against } };
  }
  runtime.progress({ stage: "locate", state: "finished", note: `${first.path}:${first.lines.first}-${first.lines.last}` });
  return { result: "prepared", sample: split, located: { ...located, sources: editable.sources } };
}

/** The located places that an edit may touch, and what stands against the others. */
function editableSources(
  located: readonly AgentSource[],
  ignoredPaths: readonly string[] = [],
): { readonly sources: readonly AgentSource[]; readonly against: { readonly why: string; readonly remedy: string } } {
  const ignored = new Set(ignoredPaths);
  const wanted = located.filter((source) => !ignored.has(source.path));
  const sources = wanted.filter((source) => source.readOnly === undefined);
  const [unwritable] = wanted;
  const against =
    unwritable?.readOnly === undefined
      ? {
          why: `this repository keeps the prompt's files from edits: ${[...new Set(located.map((source) => source.path))].join(", ")}`,
          remedy: "Take them out of `ignore` in .github/tuneup.yml on the default branch.",
        }
      : {
          why: `the prompt stands in ${unwritable.path}, and ${unwritable.readOnly}`,
          remedy: "Move it into a text file of its own, or into one plain string.",
        };
  return { sources, against };
}

/** Drafts candidate edits for one cluster and vets them. Sees only the shown sessions; writes nothing. */
export async function attempt(input: AttemptInput, checkout: Checkout, tools: AttemptTools, runtime: Runtime): Promise<Attempted> {
  const prepared = await prepare(input, checkout, tools, runtime);
  if (prepared.result === "ended") return prepared;
  const { located, sample: split } = prepared;
  const members = input.sessions.filter((session) => input.cluster.members.includes(session.id));
  const trusted = await measureFirst(split, members, tools, runtime);
  if ("result" in trusted) return trusted;
  const { measured, spent } = trusted;
  const sources = located.result === "found" ? located.sources : [];
  const files = await checkout.read([...new Set(sources.map((source) => source.path))]);

  const scope = await vettingScope({ ...input, sources, files, shown: split.shown }, checkout, tools);
  runtime.progress({ stage: "draft", state: "started", note: tools.drafter.model });
  const told = { formProblem: (candidate: Candidate) => formProblem(candidate, scope) };
  const drafted = await draft({ ...draftInputOf(input, split, { sources, files }), ...told }, tools.drafter, tools.draftPrompt, runtime);
  runtime.progress({
    stage: "draft",
    state: "finished",
    done: drafted.candidates.length,
    unit: "candidates",
    ...(drafted.rejected.length > 0 ? { note: `${drafted.rejected.length} unusable` } : {}),
  });
  const early = endOfDraft(drafted);
  if (early !== undefined) return { result: "ended", finding: early, ...measured, spent: addUsage(drafted.usage, spent) };

  const { smaller, vetted } = await vetCandidates(drafted, input.cluster, scope, runtime);
  if (vetted.every((one) => one.result === "refused")) {
    return {
      result: "ended",
      ...measured,
      spent: addUsage(drafted.usage, spent),
      finding: { end: "refused", refusals: vetted.flatMap((one) => (one.result === "refused" ? one.refusals : [])) },
    };
  }
  const allowed = vetted.filter((one): one is Allowed => one.result === "allowed");
  const screen = allowed.length > 1 ? await tools.screen?.(allowed, split.shown, addUsage(drafted.usage, spent), runtime) : undefined;
  return {
    result: "attempted",
    document: {
      kind: "attempt",
      version: 1,
      project: input.scan.project,
      repository: checkout.repository,
      commit: checkout.commit,
      cluster: input.cluster.id,
      seed: input.seed,
      ...(input.later === undefined ? {} : { later: input.later }),
      sample: idsOf(split, input),
      ...measured,
      located,
      draft: drafted,
      vetted,
      ...(smaller.length === 0 ? {} : { smaller }),
      ...(screen === undefined ? {} : { screen }),
    },
  };
}

const draftInputOf = (
  { candidates, cluster, tried = [], wish }: AttemptInput,
  { shown }: Extract<Sample, { result: "sampled" }>,
  place: Pick<DraftInput, "sources" | "files">,
): DraftInput => ({
  cluster,
  shown,
  ...place,
  tools: shown[0]?.tools ?? [],
  tried,
  count: candidates,
  ...(wish === undefined ? {} : { wish }),
});

interface Trusted {
  readonly measured: Pick<AttemptDocument, "calibration" | "fidelity" | "headroom" | "level">;
  readonly spent: Usage;
}

/** What must be known before drafting is paid for: whether judge and replays can be trusted, and whether a prompt can help at all. */
async function measureFirst(
  split: Extract<Sample, { result: "sampled" }>,
  members: readonly Session[],
  tools: AttemptTools,
  runtime: Runtime,
): Promise<Trusted | Extract<Attempted, { result: "ended" }>> {
  const calibration = await tools.calibrate?.(split, runtime);
  const paid = calibration?.usage ?? noUsage;
  if (calibration?.use === "refused")
    return { result: "ended", finding: { end: "not-judgeable", why: calibration.why, remedy: calibration.remedy }, spent: paid };
  const fidelity = await tools.fidelity?.(split, members, runtime);
  const spent = addUsage(paid, fidelity?.usage ?? noUsage);
  if (fidelity?.gate.result === "failed" && fidelity.gate.outOfBudget !== true && tools.decisionLevel === true) {
    runtime.progress({ stage: "fidelity", state: "skipped", note: "going on with single steps: a draft at most" });
    return { measured: { ...(calibration === undefined ? {} : { calibration }), fidelity, level: "decision" }, spent };
  }
  if (fidelity?.gate.result === "failed") {
    const { remedy, why } = fidelity.gate;
    return { result: "ended", finding: { end: "not-replayable", why, remedy }, fidelity, spent };
  }
  const headroom = await tools.headroom?.(split, members, runtime);
  const measured = {
    ...(calibration === undefined ? {} : { calibration }),
    ...(fidelity === undefined ? {} : { fidelity }),
    ...(headroom === undefined ? {} : { headroom }),
  };
  const all = addUsage(spent, headroom?.usage ?? noUsage);
  if (headroom?.result === "none") return { result: "ended", ...measured, finding: notAPromptProblem(headroom), spent: all };
  return { measured, spent: all };
}

const idsOf = (split: Extract<Sample, { result: "sampled" }>, input: AttemptInput): SampleDocument => ({
  shown: split.shown.map((session) => session.id),
  failing: split.failing.map((session) => session.id),
  control: split.control.map((session) => session.id),
  order: split.order,
  ...(split.pool === undefined ? {} : { pool: split.pool }),
  ...(split.looks === undefined ? {} : { looks: split.looks }),
  excluded: { ...split.excluded, ...input.notReplayable },
});

function endOfDraft(drafted: DraftDocument): Finding | undefined {
  if (drafted.candidates.length > 0) return undefined;
  const elsewhere = drafted.hypotheses.filter((hypothesis) => !["prompt", "tool-description", "parameter"].includes(hypothesis.level));
  if (elsewhere.length > 0 && elsewhere.length === drafted.hypotheses.length) {
    const levels = [...new Set(elsewhere.map((hypothesis) => hypothesis.level))].join(" and ");
    return {
      end: "not-a-prompt-problem",
      why: `the drafter blames ${levels}, not the prompt`,
      remedy: `Look at the ${levels} behind this cluster: \`tuneup show\` prints its sessions.`,
    };
  }
  const why = drafted.rejected[0]?.why ?? "the drafter proposed no edit";
  return { end: "no-draft", why, remedy: "Run again, or set a stronger drafter model in tuneup.operator.yml." };
}
