import { digestOfJson } from "../domain/digest.ts";
import type { SessionId } from "../domain/ids.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import type { Outcome } from "../domain/outcome.ts";
import { keyedOrder } from "../domain/random.ts";
import type { Calibration } from "../domain/replaying/calibration.ts";
import type { Rubric } from "../domain/rubric.ts";
import type { Session } from "../domain/session.ts";
import type { Runtime } from "../ports/runtime.ts";
import { calibrate, judgeByModel, type JudgedLabel, type ModelJudge } from "../stages/judge.ts";
import { type BatchTools, batchingClient } from "./batches/batching-client.ts";
import type { CallScheduler } from "./call-scheduler.ts";
import { checkPairwise } from "./pairwise/compare-pairs.ts";
import type { RehearsalTools } from "./rehearse.ts";
import { concurrently } from "./concurrently.ts";

/** Labelled sessions of each kind that are judged, at most. */
const perClass = 50;

export interface CalibrationInput {
  readonly sessions: readonly Session[];
  readonly outcomes: readonly Outcome[];
  /** Sessions that the drafter sees. */
  readonly shown: ReadonlySet<SessionId>;
  readonly rubric: Rubric;
  readonly seed: number;
  readonly inFlight: number;
}

export interface CalibrationTools {
  readonly judge: ModelJudge;
  /** A verdict that was paid once is kept. */
  readonly measured: RehearsalTools["measured"];
  /** Present where the operator wants ties broken by a comparison: whether it says the same in both orders is measured too. */
  readonly pairwise?: ModelJudge;
  readonly scheduler?: CallScheduler;
  /** Present where the operator wants the judge's verdicts in batches. */
  readonly batches?: Pick<BatchTools, "sleep">;
}

/**
 * Lets the judge say of recorded sessions what people, rules or evaluators have said already, and counts how often it is right. Labels that a
 * model gave are no measure of a model.
 */
export async function calibrateJudge(input: CalibrationInput, tools: CalibrationTools, runtime: Runtime): Promise<Calibration> {
  const labelled = labelledSessions(input);
  runtime.progress({ stage: "calibrate", state: "started", total: labelled.length, unit: "labelled sessions" });
  const { batches, measured } = tools;
  const client =
    batches === undefined
      ? (tools.scheduler?.client(tools.judge.client, { block: 0, expectedCalls: 1 }) ?? tools.judge.client)
      : batchingClient(tools.judge.client, { ...batches, kept: measured }, runtime);
  // In a batch all wait together.
  const judged = await concurrently(
    labelled,
    batches === undefined ? input.inFlight : Math.max(1, labelled.length),
    async ({ label, session }) => {
      const verdict = await judgeOnce(session, input.rubric, { ...tools, judge: { ...tools.judge, client } }, runtime);
      return { label, ...verdict };
    },
  );
  const { pairwise } = tools;
  const compared = pairwise === undefined ? undefined : await checkPairwise(labelled, input, { ...tools, pairwise }, runtime);
  const usage = judged.reduce((sum, one) => addUsage(sum, one.usage), compared?.usage ?? noUsage);
  const calibration = { ...calibrate(judged, usage), ...(compared === undefined ? {} : { pairwise: compared.check }) };
  const state = calibration.use === "refused" ? "failed" : "finished";
  runtime.progress({
    stage: "calibrate",
    state,
    done: judged.length,
    unit: "labelled sessions",
    note: `${calibration.use}: ${calibration.why}`,
  });
  return calibration;
}

interface Labelled {
  readonly label: JudgedLabel["label"];
  readonly session: Session;
}

function labelledSessions({ outcomes, seed, sessions, shown }: CalibrationInput): readonly Labelled[] {
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const labels = outcomes.flatMap((outcome): readonly Labelled[] => {
    const session = byId.get(outcome.sessionId);
    if (session === undefined || shown.has(session.id) || outcome.result === "unclear" || outcome.decidedBy === "model") return [];
    return [{ label: outcome.result === "succeeded" ? "good" : "bad", session }];
  });
  const order = keyedOrder(labels, seed, (one) => one.session.id);
  const first = (label: Labelled["label"]): readonly Labelled[] => order.filter((one) => one.label === label).slice(0, perClass);
  return [...first("good"), ...first("bad")];
}

async function judgeOnce(
  session: Session,
  rubric: Rubric,
  tools: CalibrationTools,
  runtime: Runtime,
): Promise<{ readonly judged: JudgedLabel["judged"]; readonly usage: Usage }> {
  runtime.signal.throwIfAborted();
  const key = `judgement/${digestOfJson({ rubric: rubric.digest, session: session.id })}`;
  const known = await tools.measured.get(key);
  if (known === "passed" || known === "failed" || known === "cannot-tell") return { judged: known, usage: noUsage };
  const { result, usage } = await judgeByModel(session.messages, rubric, tools.judge, runtime);
  await tools.measured.put(key, result);
  return { judged: result, usage };
}
