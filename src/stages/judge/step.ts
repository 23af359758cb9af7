import { callKey } from "../../domain/canonical-input.ts";
import { answeredRequests, type Message, toolRequests } from "../../domain/message.ts";
import type { Pair, ReplayOutcome } from "../../domain/replay.ts";
import type { JudgeRule, Rubric } from "../../domain/rubric.ts";
import { modelCalls, type Session } from "../../domain/session.ts";
import { asksFor, judgeByRules } from "./patterns.ts";
import { isVisible } from "./signature.ts";

/** One step of a recording at which the agent is asked again. */
export interface DecisionPoint {
  /** Index in the session's messages of the recorded step; what stands before it is given to the agent as it was. */
  readonly at: number;
  /** How it was found. */
  readonly by: "rule" | "evaluator" | "signature" | "last" | "earlier";
}

/** Steps before the one that went wrong at which the right thing could have been done already. */
const mostEarlier = 2;

const brokenIn = (rules: readonly JudgeRule[], transcript: readonly Message[]): ReadonlySet<string> =>
  new Set(judgeByRules(rules, transcript).flatMap((one) => (one.result === "broken" ? [one.rule] : [])));

/**
 * The steps to ask for again, in order, three at most: of a failing session the one at which a rule was broken that stayed broken, with the two agent's
 * steps before it; else the agent's step at or before the place that its label cites; else the step whose call was answered with the failure's own
 * error; otherwise, and of a working session, the last step that called a tool, or the last answer. Empty where nothing precedes it.
 */
export function decisionPoints(session: Session, group: Pair["group"], rubric: Rubric, cited?: number): readonly DecisionPoint[] {
  const steps = modelCalls(session)
    .map((call) => call.at)
    .filter((at) => at > 0 && session.messages[at] !== undefined);
  if (group === "failing") {
    const broken = brokenIn(rubric.rules, session.messages);
    const byRule = steps.findIndex((at) => breaksOneOf(broken, session, at, rubric));
    if (byRule >= 0)
      return steps
        .slice(Math.max(0, byRule - mostEarlier), byRule + 1)
        .map((at, place, all) => ({ at, by: place === all.length - 1 ? "rule" : "earlier" }));
    const byLabel = cited === undefined ? undefined : steps.findLast((at) => at <= cited);
    if (byLabel !== undefined) return [{ at: byLabel, by: "evaluator" }];
    const bySignature = signatureStep(session, rubric);
    if (bySignature !== undefined && steps.includes(bySignature)) return [{ at: bySignature, by: "signature" }];
  }
  const last = steps.findLast((at) => toolRequests(messageAt(session, at)).length > 0) ?? steps.at(-1);
  return last === undefined ? [] : [{ at: last, by: "last" }];
}

const messageAt = (session: Session, at: number): Message => session.messages[at] ?? { role: "assistant", parts: [] };

function breaksOneOf(broken: ReadonlySet<string>, session: Session, at: number, { rules }: Rubric): boolean {
  const before = brokenIn(rules, session.messages.slice(0, at));
  return [...brokenIn(rules, session.messages.slice(0, at + 1))].some((rule) => broken.has(rule) && !before.has(rule));
}

function signatureStep(session: Session, { signature }: Rubric): number | undefined {
  if (signature === undefined || !isVisible(signature)) return undefined;
  return answeredRequests(session.messages).find(({ request, result }) => request.tool === signature.tool && result?.isError === true)?.at;
}

export interface JudgedStep {
  readonly outcome: ReplayOutcome;
  readonly decidedBy: string;
}

const undecided: JudgedStep = { outcome: "inconclusive", decidedBy: "nothing" };

const decisionOf = (message: Message): string => {
  const requests = toolRequests(message);
  return requests.length === 0 ? "answer" : requests.map((request) => callKey(request.tool, request.input)).join("\n");
};

/**
 * Whether a step is good, by rules alone. It has passed when it does what a rule requires (one that its recording breaks, or, of a
 * working session, one that applies to it), or, of a working session, what the recording did. It has failed when it breaks a rule, or, of a failing session, calls again what the
 * recording called. Anything else is inconclusive: not doing the wrong thing is not yet doing the right one. Before the step that went wrong
 * doing as recorded is not wrong yet.
 */
export function judgeStep(
  {
    group,
    point,
    reply,
    session,
  }: { readonly session: Session; readonly group: Pair["group"]; readonly point: DecisionPoint; readonly reply: Message },
  { rules }: Rubric,
): JudgedStep {
  const prefix = session.messages.slice(0, point.at);
  const inRecording = brokenIn(rules, session.messages);
  const applying = new Set(judgeByRules(rules, session.messages).map((one) => one.rule));
  const before = brokenIn(rules, prefix);
  const wanted = rules.filter((rule) => rule.require?.calls !== undefined && (group === "control" ? applying : inRecording).has(rule.name));
  const now = brokenIn(rules, [...prefix, reply]);
  const brokenHere = [...now].find((rule) => !before.has(rule));
  if (brokenHere !== undefined) return { outcome: "failed", decidedBy: `rule: ${brokenHere}` };
  if (wanted.some((rule) => rule.require?.calls !== undefined && asksFor(reply, rule.require.calls) && !now.has(rule.name)))
    return { outcome: "passed", decidedBy: "rules" };
  if (point.by === "earlier") return undecided;
  const isSame = decisionOf(reply) === decisionOf(messageAt(session, point.at));
  if (group === "control" && isSame) return { outcome: "passed", decidedBy: "the recorded step" };
  if (group === "failing" && isSame && toolRequests(reply).length > 0) return { outcome: "failed", decidedBy: "the recorded step" };
  const left = group === "failing" ? [...now].find((rule) => inRecording.has(rule)) : undefined;
  return left === undefined ? undecided : { outcome: "failed", decidedBy: `rule: ${left}` };
}
