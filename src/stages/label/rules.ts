import { callKey } from "../../domain/canonical-input.ts";
import { errorTemplate } from "../../domain/text/error-template.ts";
import { textOf } from "../../domain/message.ts";
import type { FailureCause, FailureEvidence, FailureSignature } from "../../domain/outcome.ts";
import { modelCalls, type Session, type ToolCall, toolCalls, userTurns } from "../../domain/session.ts";

/** What a deterministic rule saw. */
export interface RuleHit {
  readonly cause: FailureCause;
  readonly signature: FailureSignature;
  readonly summary: string;
  readonly evidence: readonly FailureEvidence[];
}

const loopLength = 3;
const gaveUp =
  /\b(i(?:'m| am) (?:sorry|unable)|unable to (?:help|assist|complete|process)|can(?:no|')t (?:help|assist|complete|process)|transfer(?:red|ring)? (?:you )?to a human)\b/i;
const nearlyEqual = 0.8;

/** The tool error that the session never recovered from: no later call of that tool succeeded. The last one counts. */
export function unhandledError(session: Session): ToolCall | undefined {
  const calls = toolCalls(session);
  return calls.findLast(
    (call, index) =>
      call.error !== undefined && !calls.slice(index + 1).some((later) => later.tool === call.tool && later.error === undefined),
  );
}

/** The mark of an unhandled tool error, for a session that others have called failed. */
export function errorMark(session: Session): Pick<FailureSignature, "tool" | "template"> {
  const call = unhandledError(session);
  if (call?.error === undefined) return {};
  return { tool: call.tool, template: errorTemplate(errorText(call)) };
}

const errorText = (call: ToolCall): string => (typeof call.output === "string" && call.output !== "" ? call.output : (call.error ?? ""));

function toolError(session: Session): RuleHit | undefined {
  const call = unhandledError(session);
  if (call === undefined) return undefined;
  const template = errorTemplate(errorText(call));
  return {
    cause: "unhandled-tool-error",
    signature: { rule: "tool-error", tool: call.tool, template },
    summary: `${call.tool} failed and never succeeded afterwards: ${template || "no error text"}`,
    evidence: [{ at: call.at, note: `${call.tool} answered with an error` }],
  };
}

/** The same call again and again with the same answer. */
function loop(session: Session): RuleHit | undefined {
  const runs = new Map<string, ToolCall[]>();
  for (const call of toolCalls(session)) {
    const key = `${callKey(call.tool, call.input)} ${JSON.stringify(call.output ?? call.error ?? null)}`;
    const run = [...(runs.get(key) ?? []), call];
    runs.set(key, run);
    if (run.length < loopLength) continue;
    return {
      cause: "loop",
      signature: { rule: "loop", tool: call.tool },
      summary: `${call.tool} was called ${loopLength} times with the same input and the same answer`,
      evidence: run.map((one) => ({ at: one.at, note: "the same call" })),
    };
  }
  return undefined;
}

/** The conversation ended without an answer, or with one that gives up after a tool had failed. */
function abandoned(session: Session): RuleHit | undefined {
  const at = session.messages.length - 1;
  const last = session.messages[at];
  const finish = modelCalls(session).at(-1)?.finish;
  const hit = (rule: string, summary: string): RuleHit => ({
    cause: "gave-up",
    signature: { rule },
    summary,
    evidence: [{ at, note: summary }],
  });
  if (finish === "length" || finish === "content_filter") return hit(`finish:${finish}`, `the last reply ended with ${finish}`);
  if (last?.role === "assistant" && textOf(last).trim() === "" && last.parts.every((part) => part.kind !== "tool-request"))
    return hit("empty-reply", "the last reply is empty");
  // Declining is often right; it counts only where a tool error stands behind it.
  if (last?.role === "assistant" && gaveUp.test(textOf(last)) && toolCalls(session).some((call) => call.error !== undefined))
    return hit("gave-up", "the agent gave up after a tool error");
  return undefined;
}

/** The user said nearly the same thing twice in a row: the answer between did not help. */
function userRepeats(session: Session): RuleHit | undefined {
  const turns = userTurns(session);
  for (const [index, turn] of turns.entries()) {
    const previous = turns[index - 1];
    if (previous === undefined || similarity(textOf(previous.message), textOf(turn.message)) < nearlyEqual) continue;
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
        .slice(0, 5000)
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? [],
    );
  const [one, other] = [words(left), words(right)];
  if (one.size < 6 || other.size < 6) return 0;
  let common = 0;
  for (const word of one) if (other.has(word)) common += 1;
  return common / (one.size + other.size - common);
}

/** The first rule that is sure of a failure. A rule that is not sure says nothing. */
export const failureByRules = (session: Session): RuleHit | undefined =>
  loop(session) ?? toolError(session) ?? abandoned(session) ?? userRepeats(session);

/** Whether the conversation ended as good ones do: the agent answered the user's last words, and no tool error was left behind. */
export function endedWell(session: Session): boolean {
  const last = session.messages.at(-1);
  return (
    last?.role === "assistant" &&
    textOf(last).trim() !== "" &&
    unhandledError(session) === undefined &&
    modelCalls(session).every((call) => call.error === undefined)
  );
}
