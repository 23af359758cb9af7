import { callKey } from "../../domain/canonical-input.ts";
import { textOf } from "../../domain/message.ts";
import type { FailureCause, FailureEvidence, FailureSignature } from "../../domain/outcome.ts";
import { modelCalls, type Session, type ToolCall, toolCalls, userTurns } from "../../domain/session.ts";
import { errorTemplate } from "../../domain/text/error-template.ts";

/** What a deterministic rule saw. */
export interface RuleHit {
  readonly cause: FailureCause;
  readonly signature: FailureSignature;
  readonly summary: string;
  readonly evidence: readonly FailureEvidence[];
}

const loopLength = 3;
const longestText = 5000;
const givingUp =
  /\b(?:i(?:'m| am) (?:sorry|unable)|(?:we|i) apologi[sz]e|unable to (?:help|assist|complete|process)|can(?:no|')t (?:help|assist|complete|process)|transfer(?:red|ring)? (?:you )?to (?:a|an|our) (?:human|agent|colleague))\b/i;

/**
 * The last tool error that the session never recovered from: no later call of that tool succeeded.
 */
export function unhandledError(session: Session): ToolCall | undefined {
  const recovered = new Set<string>();
  for (const call of toolCalls(session).toReversed()) {
    if (call.error === undefined) recovered.add(call.tool);
    else if (!recovered.has(call.tool)) return call;
  }
  return undefined;
}

/** The mark of an unhandled tool error, for a session that a label has called failed. */
export function errorMark(session: Session): Pick<FailureSignature, "tool" | "template"> {
  const call = unhandledError(session);
  return call === undefined ? {} : { tool: call.tool, template: templateOf(call) };
}

/** What the tool answered counts, as the judge sees it in a replay; an instrumentation's own error text only where there is no answer. */
function templateOf({ error, output }: ToolCall): string {
  const text = output === undefined || output === "" ? (error ?? "") : typeof output === "string" ? output : JSON.stringify(output);
  return errorTemplate(text);
}

/**
 * A tool error behind which nothing came right any more: no tool succeeded after it, or the agent gave up. An error with working calls after
 * it says nothing: agents often find another way (half of such sessions succeed in recorded τ-bench runs).
 */
function toolError(session: Session): RuleHit | undefined {
  const call = unhandledError(session);
  if (call === undefined) return undefined;
  const calls = toolCalls(session);
  const endsInErrors = calls.slice(calls.indexOf(call) + 1).every((later) => later.error !== undefined);
  if (!endsInErrors && !givesUp(session)) return undefined;
  const template = templateOf(call);
  return {
    cause: "unhandled-tool-error",
    signature: { rule: "tool-error", tool: call.tool, template },
    summary: `${call.tool} failed and nothing came right afterwards: ${template || "no error text"}`,
    evidence: [{ at: call.at, note: `${call.tool} answered with an error` }],
  };
}

/** The same call with the same answer again and again, within one turn of the user: a user may well ask twice. */
function loop(session: Session): RuleHit | undefined {
  const runs = new Map<string, ToolCall[]>();
  const turns = userTurns(session).map((turn) => turn.index);
  for (const call of toolCalls(session)) {
    const turn = turns.findLastIndex((index) => index < call.at);
    const key = `${turn} ${callKey(call.tool, call.input)} ${JSON.stringify(call.output ?? call.error ?? null)}`;
    const run = runs.get(key) ?? [];
    run.push(call);
    runs.set(key, run);
    if (run.length < loopLength) continue;
    return {
      cause: "loop",
      signature: { rule: "loop", tool: call.tool },
      summary: `${call.tool} was called ${loopLength} times in one turn with the same input and the same answer`,
      evidence: run.map((one) => ({ at: one.at, note: "the same call" })),
    };
  }
  return undefined;
}

function givesUp(session: Session): boolean {
  const last = session.messages.findLast((message) => message.role === "assistant");
  return last !== undefined && givingUp.test(textOf(last).slice(-longestText));
}

const finishRules: readonly (readonly [RegExp, rule: string, summary: string])[] = [
  [/^(?:length|max_?tokens)$/i, "finish:length", "the last reply was cut at the token limit"],
  [/^(?:content[_-]?filter(?:ed)?|safety)$/i, "finish:content_filter", "the last reply was stopped by a content filter"],
];

/** The conversation broke off: a cut, stopped or empty last reply, or a model that did not answer at all. */
function brokenOff(session: Session): RuleHit | undefined {
  const at = Math.max(0, session.messages.length - 1);
  const hit = (rule: string, summary: string, more: Partial<RuleHit> = {}): RuleHit => ({
    cause: "gave-up",
    signature: { rule },
    summary,
    evidence: [{ at, note: summary }],
    ...more,
  });
  const call = modelCalls(session).at(-1);
  const finished = finishRules.find(([pattern]) => pattern.test(call?.finish ?? ""));
  if (finished !== undefined) return hit(finished[1], finished[2]);
  const last = session.messages.at(-1);
  if (last?.role !== "assistant" && call?.error !== undefined) {
    const signature = { rule: "model-error", template: errorTemplate(call.error) };
    return hit("model-error", "the model call failed and no answer came", { cause: "outside-the-harness", signature });
  }
  const isEmpty = last?.role === "assistant" && last.parts.every((part) => part.kind === "text" && part.text.trim() === "");
  return isEmpty ? hit("empty-reply", "the last reply is empty") : undefined;
}

/** The agent gave up where a tool had failed. Declining alone is often right, and so says nothing. */
function gaveUp(session: Session): RuleHit | undefined {
  const failedCall = toolCalls(session).findLast((call) => call.error !== undefined);
  if (failedCall === undefined || session.messages.at(-1)?.role !== "assistant" || !givesUp(session)) return undefined;
  const summary = `the agent gave up after ${failedCall.tool} had failed`;
  return {
    cause: "gave-up",
    signature: { rule: "gave-up", tool: failedCall.tool },
    summary,
    evidence: [{ at: session.messages.length - 1, note: summary }],
  };
}

const nearlyEqual = 0.8;
const fewestWords = 6;

/** The user said nearly the same thing again after an answer: the answer did not help. Without one in between it is a resend. */
function userRepeats(session: Session): RuleHit | undefined {
  const turns = userTurns(session);
  for (const [index, turn] of turns.entries()) {
    const previous = turns[index - 1];
    if (previous === undefined || similarity(textOf(previous.message), textOf(turn.message)) < nearlyEqual) continue;
    const between = session.messages.slice(previous.index + 1, turn.index);
    if (!between.some((message) => message.role === "assistant" && textOf(message).trim() !== "")) continue;
    return {
      cause: "unknown",
      signature: { rule: "user-repeats" },
      summary: "the user repeated the request nearly word for word",
      evidence: [{ at: turn.index, note: "nearly the same words again" }],
    };
  }
  return undefined;
}

/** Share of words that two texts have in common; short texts (thanks, yes) never count as repeats. */
function similarity(left: string, right: string): number {
  const words = (text: string): ReadonlySet<string> =>
    new Set(
      text
        .slice(0, longestText)
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu),
    );
  const [one, other] = [words(left), words(right)];
  if (one.size < fewestWords || other.size < fewestWords) return 0;
  let common = 0;
  for (const word of one) if (other.has(word)) common += 1;
  return common / (one.size + other.size - common);
}

/** The first rule that is sure of a failure. A rule that is not sure says nothing. */
export const failureByRules = (session: Session): RuleHit | undefined =>
  loop(session) ?? toolError(session) ?? brokenOff(session) ?? gaveUp(session) ?? userRepeats(session);

/**
 * Whether the conversation ended as good ones do: the agent answered the user's last words, no tool failed, no model call failed, and the
 * traces show all of it.
 */
export function endedWell(session: Session): boolean {
  const last = session.messages.at(-1);
  return (
    last?.role === "assistant" &&
    textOf(last).trim() !== "" &&
    session.calls.every((call) => call.error === undefined) &&
    !session.missing.includes("truncated") &&
    !session.missing.includes("messages")
  );
}
