import type { Json } from "../../domain/ids.ts";
import { answeredRequests, type Message, type MessagePart } from "../../domain/message.ts";
import type { ToolCall } from "../../domain/session.ts";
import { resultOf } from "./conversation.ts";
import { isStandIn } from "./reading/parts.ts";
import type { ToolFacts } from "./span-facts.ts";

type Result = Extract<MessagePart, { kind: "tool-result" }>;

export interface JoinedCalls {
  /** The conversation with answers that only spans held put behind their requests. */
  readonly messages: readonly Message[];
  readonly calls: readonly ToolCall[];
  /** Maps an index of the given messages to one of the returned. */
  readonly moved: (index: number) => number;
}

/** Joins what messages ask for with what messages and tool spans answered: by call id, else by tool and order. */
export function joinToolCalls(messages: readonly Message[], facts: readonly ToolFacts[]): JoinedCalls {
  const anywhere = new Map<string, Result>(
    messages.flatMap((message) => message.parts.flatMap((part) => (part.kind === "tool-result" ? [[part.id, part] as const] : []))),
  );
  // By place and id: some providers use a call id again in one conversation. By id alone where nothing follows in place.
  const answeredInMessages = Map.groupBy(answeredRequests(messages), (one) => one.at);
  const unused = [...facts];
  const joined: Message[] = [];
  const calls: ToolCall[] = [];
  const positions: number[] = [];
  for (const [index, message] of messages.entries()) {
    positions.push(joined.length);
    joined.push(message);
    const at = joined.length - 1;
    for (const { request, result: inPlace } of answeredInMessages.get(index) ?? []) {
      const answered = inPlace ?? anywhere.get(request.id);
      const span = take(unused, request.id, request.tool);
      const result =
        answered ??
        (span === undefined || (span.output === undefined && span.error === undefined)
          ? undefined
          : (resultOf(span, request.id) as Result));
      if (answered === undefined && result !== undefined) joined.push({ role: "tool", parts: [result] });
      calls.push(callOf({ request, result, span, at }));
    }
  }
  return { messages: joined, calls, moved: (index) => positions[index] ?? index };
}

/** Whether a tool's span and a request are the same call: by id; by name where either side has no id of its own. */
export const answers = (facts: ToolFacts, request: { readonly id: string; readonly tool: string }): boolean =>
  facts.id === request.id || ((facts.id === undefined || isStandIn(request.id, request.tool)) && facts.tool === request.tool);

interface Placed {
  readonly facts: ToolFacts;
  /** Index of the message it ran after; -1 before all of them. */
  readonly after: number;
}

/** Puts in tool calls that no message asked for: some instrumentations record tools in spans alone, and some agents call tools from code. */
export function withToolCalls(messages: readonly Message[], unasked: readonly Placed[]): Pick<JoinedCalls, "messages" | "moved"> {
  const joined: Message[] = [];
  const positions: number[] = [];
  const put = (after: number): void => {
    for (const { facts } of unasked.filter((one) => one.after === after)) {
      const id = facts.id ?? facts.span.spanId;
      joined.push({ role: "assistant", parts: [{ kind: "tool-request", id, tool: facts.tool, input: facts.input ?? {} }] });
      if (facts.output !== undefined || facts.error !== undefined) joined.push({ role: "tool", parts: [resultOf(facts, id)] });
    }
  };
  put(-1);
  for (const [index, message] of messages.entries()) {
    positions.push(joined.length);
    joined.push(message);
    put(index);
  }
  return { messages: joined, moved: (index) => positions[index] ?? index };
}

function take(unused: ToolFacts[], id: string, tool: string): ToolFacts | undefined {
  const byId = unused.findIndex((one) => one.id === id);
  const index = byId >= 0 ? byId : unused.findIndex((one) => answers(one, { id, tool }));
  return index < 0 ? undefined : unused.splice(index, 1)[0];
}

interface CallParts {
  readonly request: Extract<MessagePart, { kind: "tool-request" }>;
  readonly result: Result | undefined;
  readonly span: ToolFacts | undefined;
  readonly at: number;
}

function callOf({ at, request, result, span }: CallParts): ToolCall {
  const error = span?.error ?? (result === undefined ? undefined : errorIn(result));
  return {
    kind: "tool",
    ...(span === undefined ? {} : { spanId: span.span.spanId }),
    id: request.id,
    tool: request.tool,
    input: request.input,
    ...(result === undefined ? {} : { output: result.output }),
    ...(error === undefined ? {} : { error: error.slice(0, 4000) }),
    at,
  };
}

/** An answer that calls itself an error: flagged, `Error: …`, or an object with a telling field. Nothing softer: "not found" may be a good answer. */
function errorIn(result: Result): string | undefined {
  const text = typeof result.output === "string" ? result.output : JSON.stringify(result.output);
  if (result.isError === true) return text;
  if (/^\s*(?:error|exception|traceback)\b\s*[:(\n]/i.test(text)) return text;
  return flagged(result.output) ? text : undefined;
}

function flagged(output: Json): boolean {
  if (output === null || typeof output !== "object" || Array.isArray(output)) return false;
  const fields = output as { readonly [key: string]: Json };
  const { error } = fields;
  return (
    fields["is_error"] === true ||
    fields["isError"] === true ||
    (typeof error === "string" && error !== "") ||
    (error !== null && typeof error === "object")
  );
}
