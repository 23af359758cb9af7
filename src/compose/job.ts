import type { OperatorSettings } from "../config/operator-file.ts";
import type { RepositorySettings } from "../config/repository-file.ts";
import type { FailureCluster } from "../domain/cluster.ts";
import { configOf } from "../domain/agent-config.ts";
import type { PullRequestWishes } from "../domain/proposal.ts";
import type { ScanDocument, TriedEdit } from "../domain/documents.ts";
import type { ToolDefinition } from "../domain/message.ts";
import type { PromptTemplate } from "../domain/text/prompt-template.ts";
import type { Session } from "../domain/session.ts";
import { defaultPlan, type DecisionPlan } from "../domain/verdict.ts";
import type { JobInput, JobTools } from "../pipeline.ts";
import { calibrateJudge, type CalibrationInput } from "../pipeline/calibrate-judge.ts";
import { CallScheduler } from "../pipeline/call-scheduler.ts";
import { measureFidelity } from "../pipeline/fidelity.ts";
import { measureHeadroom } from "../pipeline/headroom.ts";
import { screenCandidates } from "../pipeline/steps/screen.ts";
import { leftOf } from "../domain/replaying/price.ts";
import { citedSteps, stepsCanBeJudged } from "../pipeline/steps/single-steps.ts";
import type { RehearsalTools } from "../pipeline/rehearse.ts";
import type { Evaluator } from "../ports/evaluator.ts";
import type { Documents } from "../ports/ledger.ts";
import { isSimulatedModel } from "../domain/simulated-model.ts";
import type { ModelClient } from "../ports/model-client.ts";
import { makeRubric } from "../stages/judge.ts";
import { replayable } from "../stages/replay.ts";
import type { ConfiguredModels } from "./models.ts";
import { locateTools } from "./locating.ts";
import { realRetryTools } from "./runtime.ts";
import { keptDocuments, keptTranscripts } from "./stores/kept-transcripts.ts";

export interface JobParts {
  readonly cluster: FailureCluster;
  readonly scan: ScanDocument;
  readonly sessions: readonly Session[];
  /** Definitions found in the repository, for traces that carry none. */
  readonly definitions: readonly ToolDefinition[];
  readonly operator: OperatorSettings;
  readonly models: ConfiguredModels & { readonly drafter: ModelClient };
  readonly prompts: {
    readonly draft: PromptTemplate;
    readonly judge: PromptTemplate;
    readonly safeguards: PromptTemplate;
    readonly pairwise: PromptTemplate;
    readonly tool: PromptTemplate;
    readonly user: PromptTemplate;
  };
  readonly evaluator?: Evaluator;
  readonly scanSecrets: JobTools["attempt"]["scanSecrets"];
  readonly documents: Documents;
  readonly seed: number;
  readonly inFlight: number;
  readonly visibility: "public" | "private";
  /** What earlier jobs tried on this failure, newest first. */
  readonly tried: readonly TriedEdit[];
  /** What the repository's own file asks for. */
  readonly repository: RepositorySettings;
  /** Paths that the repository keeps from edits. */
  readonly ignoredPaths: readonly string[];
  readonly startedBy?: string;
}

/** Replays with a strong hint before drafting, at most. */
const hintedReplays = 40;

/** Puts together what `improve` needs from the operator's settings and the scan. */
export function jobOf(parts: JobParts): { readonly input: JobInput; readonly tools: JobTools } {
  const complete = parts.sessions.map((session) => withTools(session, [...(parts.operator.toolDefinitions ?? []), ...parts.definitions]));
  const { usable, excluded } = splitReplayable(complete, parts.operator.maxTurns);
  const plan = planOf(parts);
  const agentModel = parts.operator.models?.agent?.model ?? agentModelOf(usable);
  const input: JobInput = {
    cluster: parts.cluster,
    scan: parts.scan,
    sessions: usable,
    notReplayable: excluded,
    seed: parts.seed,
    caps: { shown: 8, failing: plan.failingCap, control: plan.controlCap },
    countBy: parts.operator.countBy ?? "user",
    ...(parts.operator.plan?.order === undefined ? {} : { order: parts.operator.plan.order }),
    candidates: parts.operator.plan?.candidates ?? 4,
    allowedPaths: parts.operator.allowedPaths ?? [],
    mapped: (parts.repository.prompts ?? []).map((path) => ({ path })),
    ignoredPaths: parts.ignoredPaths,
    tried: parts.tried,
    visibility: parts.visibility,
    wishes: {
      pullRequests: parts.repository.pullRequests ?? "ready",
      labels: parts.repository.labels ?? [],
      ...reviewersOf(parts.repository),
    },
    ...(parts.startedBy === undefined ? {} : { startedBy: parts.startedBy }),
    verification: {
      corpus: usable,
      rubric: rubricOf(parts),
      effects: parts.operator.tools ?? {},
      ...(parts.operator.replay?.nearest === undefined ? {} : { nearest: parts.operator.replay.nearest }),
      configOf: (session) => configOf(session, parts.operator.maxTurns),
      plan,
      inFlight: parts.inFlight,
      budget: {
        ...(parts.operator.budget?.dollars === undefined ? {} : { dollars: parts.operator.budget.dollars }),
        ...(parts.operator.budget?.tokens === undefined ? {} : { tokens: parts.operator.budget.tokens }),
      },
      models: {
        agent: agentModel,
        drafter: parts.models.drafter.model,
        ...(parts.models.judge === undefined ? {} : { judge: parts.models.judge.model }),
        ...(parts.models.user === undefined ? {} : { user: parts.models.user.model }),
        ...(parts.models.tools === undefined ? {} : { tools: parts.models.tools.model }),
      },
      simulated: isSimulation(parts, usable),
      ...(parts.operator.canary === undefined ? {} : { canary: parts.operator.canary }),
      ...(parts.operator.plan?.errorOver === undefined ? {} : { errorOver: parts.operator.plan.errorOver }),
    },
  };
  return { input, tools: toolsOf(parts, input) };
}

/** Whether any model that has a say in the evidence is Tuneup's simulator: whoever plays the agent of any session, its user, the judge or the drafter. */
function isSimulation({ models, operator }: JobParts, sessions: readonly Session[]): boolean {
  const { drafter, judge, tools, user } = models;
  const played = sessions.flatMap((session) => configOf(session)?.model ?? []);
  const agents = operator.models?.agent === undefined ? played : [operator.models.agent.model];
  return [drafter, judge, tools, user].some((one) => one?.simulated === true) || agents.some((model) => isSimulatedModel(model));
}

const reviewersOf = ({ reviewers }: RepositorySettings): Pick<PullRequestWishes, "reviewers"> =>
  reviewers === undefined ? {} : { reviewers };

function toolsOf(parts: JobParts, input: JobInput): JobTools {
  const { judge, priceOf, tools, user } = parts.models;
  const { verification } = input;
  const rehearsal: RehearsalTools = {
    agent: parts.models.agent,
    ...(parts.evaluator === undefined ? {} : { evaluator: parts.evaluator }),
    ...(judge === undefined ? {} : { judge: { client: judge, prompt: parts.prompts.judge } }),
    ...(judge === undefined || parts.operator.plan?.pairwise !== true
      ? {}
      : { pairwise: { client: judge, prompt: parts.prompts.pairwise } }),
    ...(user === undefined ? {} : { user: { client: user, prompt: parts.prompts.user } }),
    ...(tools === undefined ? {} : { toolModel: { client: tools, prompt: parts.prompts.tool } }),
    ...(priceOf === undefined ? {} : { priceOf }),
    measured: keptDocuments(parts.documents),
    transcripts: keptTranscripts(parts.documents),
    ...(parts.operator.batches === true ? { batches: { sleep: realRetryTools.sleep } } : {}),
    scheduler: new CallScheduler(parts.inFlight, realRetryTools),
  };
  return {
    attempt: {
      drafter: parts.models.drafter,
      draftPrompt: parts.prompts.draft,
      locate: locateTools(),
      lint: { client: judge ?? parts.models.drafter, prompt: parts.prompts.safeguards },
      scanSecrets: parts.scanSecrets,
      fidelity: (sample, members, runtime) =>
        measureFidelity({ ...verification, seed: parts.seed, candidates: input.candidates, sample, members }, rehearsal, runtime),
      ...headroom(parts, verification, rehearsal),
      ...singleSteps(parts, verification, rehearsal),
      ...calibration(parts, rehearsal, { rubric: verification.rubric, sessions: input.sessions }),
    },
    rehearsal,
  };
}

/** The question whether a prompt can help at all, unless the operator does not want it asked. */
function headroom(
  parts: JobParts,
  verification: JobInput["verification"],
  rehearsal: RehearsalTools,
): Pick<JobTools["attempt"], "headroom"> {
  const most = parts.operator.plan?.headroom ?? hintedReplays;
  if (most === 0) return {};
  const { cluster, seed } = parts;
  return {
    headroom: (sample, members, runtime) => measureHeadroom({ ...verification, seed, sample, members, cluster, most }, rehearsal, runtime),
  };
}

/** What single steps are asked for, where the operator wants that and rules can judge them. */
function singleSteps(
  { operator, scan, seed }: JobParts,
  verification: JobInput["verification"],
  rehearsal: RehearsalTools,
): Pick<JobTools["attempt"], "decisionLevel" | "screen"> {
  if (!stepsCanBeJudged(verification)) return {};
  const input = { ...verification, seed, cited: citedSteps(scan.outcomes) };
  return {
    ...(operator.plan?.decisionLevel === true ? { decisionLevel: true as const } : {}),
    ...(operator.plan?.screen === true
      ? {
          screen: (allowed, shown, spent, runtime) =>
            screenCandidates(allowed, { ...input, shown, budget: leftOf(verification.budget, spent) }, rehearsal, runtime),
        }
      : {}),
  };
}

/** A model judge is measured on labelled sessions before anything depends on it. */
function calibration(
  parts: JobParts,
  { batches, judge, measured, pairwise, scheduler }: RehearsalTools,
  scope: Pick<CalibrationInput, "rubric" | "sessions">,
): Pick<JobTools["attempt"], "calibrate"> {
  if (judge === undefined) return {};
  const tools = {
    judge,
    measured,
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(batches === undefined ? {} : { batches }),
    ...(pairwise === undefined ? {} : { pairwise }),
  };
  const { inFlight, scan, seed } = parts;
  return {
    calibrate: (sample, runtime) => {
      const shown = new Set(sample.shown.map((session) => session.id));
      return calibrateJudge({ ...scope, outcomes: scan.outcomes, shown, seed, inFlight }, tools, runtime);
    },
  };
}

function planOf(parts: JobParts): DecisionPlan {
  const { alpha, controlCap, failingCap, margin } = parts.operator.plan ?? {};
  const chosen = { alpha, controlCap, failingCap, margin };
  const programmatic = (parts.operator.rules?.length ?? 0) > 0 || parts.evaluator !== undefined;
  return {
    ...defaultPlan,
    ...definedOnly(chosen),
    ...(chosen.margin === undefined ? {} : { marginIsChosen: true }),
    theta0: programmatic || parts.models.judge === undefined ? 0.5 : 0.57,
  };
}

/** Drops keys whose value is undefined: optional settings must not overwrite defaults. */
function definedOnly(settings: Readonly<Record<string, number | undefined>>): Partial<DecisionPlan> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function rubricOf(parts: JobParts): ReturnType<typeof makeRubric> {
  const items =
    parts.models.judge === undefined
      ? []
      : [
          "The agent did what the user asked for, as far as its instructions allow.",
          "The failure described below does not occur in this conversation.",
          "The agent claims nothing that its tools did not answer.",
        ];
  return makeRubric({
    rules: parts.operator.rules ?? [],
    items,
    ...(parts.cluster.signature === undefined ? {} : { signature: parts.cluster.signature }),
    ...(parts.evaluator === undefined ? {} : { evaluator: parts.evaluator.name }),
    ...(parts.models.judge === undefined
      ? {}
      : { failure: parts.cluster.title, judge: `${parts.models.judge.model} ${parts.prompts.judge.digest}` }),
  });
}

function withTools(session: Session, definitions: readonly ToolDefinition[]): Session {
  if (session.tools.length > 0 || definitions.length === 0) return session;
  return { ...session, tools: definitions, missing: session.missing.filter((part) => part !== "tool-definitions") };
}

function splitReplayable(
  sessions: readonly Session[],
  maxTurns: number | undefined,
): { readonly usable: readonly Session[]; readonly excluded: Readonly<Record<string, number>> } {
  const usable: Session[] = [];
  const excluded: Record<string, number> = {};
  for (const session of sessions) {
    const config = configOf(session, maxTurns);
    const verdict = config === undefined ? { ok: false as const, why: "instructions" } : replayable(session, config);
    if (verdict.ok) usable.push(session);
    else excluded[verdict.why] = (excluded[verdict.why] ?? 0) + 1;
  }
  return { usable, excluded };
}

function agentModelOf(sessions: readonly Session[]): string {
  for (const session of sessions) {
    const config = configOf(session);
    if (config !== undefined) return config.model;
  }
  return "unknown";
}
