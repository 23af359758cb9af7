import { canonicalInput } from "../../domain/canonical-input.ts";
import { canonicalJson } from "../../domain/digest.ts";
import { answeredRequests, type Message, textOf } from "../../domain/message.ts";
import type { CallPattern, JudgeRule, TranscriptPattern } from "../../domain/rubric.ts";

/** A tool call of a transcript with whether it was answered with an error. */
interface PlacedCall {
  readonly tool: string;
  readonly input: unknown;
  readonly failed: boolean;
  readonly position: number;
}

function callsOf(transcript: readonly Message[]): readonly PlacedCall[] {
  return answeredRequests(transcript).map(({ request, result }, position) => ({
    tool: request.tool,
    input: request.input,
    failed: result?.isError === true,
    position,
  }));
}

function matches(call: PlacedCall, pattern: CallPattern): boolean {
  if (call.failed || call.tool !== pattern.tool) return false;
  if (pattern.input === undefined) return true;
  const { input } = call;
  if (typeof input !== "object" || input === null) return false;
  return Object.entries(pattern.input).every(([name, wanted]) => {
    const value: unknown = Object.hasOwn(input, name) ? Reflect.get(input, name) : null;
    return canonicalJson(canonicalInput(JSON.parse(JSON.stringify(value ?? null)))) === canonicalJson(canonicalInput(wanted));
  });
}

const says = (transcript: readonly Message[], role: Message["role"], words: readonly string[]): boolean =>
  transcript.some((message) => {
    if (message.role !== role) return false;
    const text = textOf(message).toLowerCase();
    return words.some((word) => text.includes(word.toLowerCase()));
  });

/** Whether all conditions of a pattern hold in a transcript; a pattern without conditions holds. */
export function holds(pattern: TranscriptPattern, transcript: readonly Message[]): boolean {
  if (pattern.userSays !== undefined && !says(transcript, "user", pattern.userSays)) return false;
  if (pattern.agentSays !== undefined && !says(transcript, "assistant", pattern.agentSays)) return false;
  const calls = callsOf(transcript);
  const { before, calls: wanted } = pattern;
  const first = wanted === undefined ? undefined : calls.find((call) => matches(call, wanted));
  if (wanted !== undefined && first === undefined) return false;
  if (before === undefined) return true;
  const later = calls.find((call) => matches(call, before));
  return first !== undefined && (later === undefined || first.position < later.position);
}

/** Whether a message asks for a call that matches. */
export const asksFor = (message: Message, pattern: CallPattern): boolean => callsOf([message]).some((call) => matches(call, pattern));

export type RuleVerdict = { readonly rule: string; readonly result: "kept" | "broken" };

/** What the operator's rules say of a transcript; rules that do not apply say nothing. */
export function judgeByRules(rules: readonly JudgeRule[], transcript: readonly Message[]): readonly RuleVerdict[] {
  return rules.flatMap((rule) => {
    if (rule.when !== undefined && !holds(rule.when, transcript)) return [];
    const kept =
      (rule.require === undefined || holds(rule.require, transcript)) && (rule.forbid === undefined || !holds(rule.forbid, transcript));
    return [{ rule: rule.name, result: kept ? "kept" : "broken" } as const];
  });
}
