import { canonicalJson, asJson } from "../../domain/digest.ts";
import type { Message, MessagePart } from "../../domain/message.ts";
import { toolRequests } from "../../domain/message.ts";
import type { ModelFacts, ToolFacts } from "./span-facts.ts";

/** A message as one text; parts that providers drop from the history (reasoning, opaque) do not count, and neither does outer white space. */
function keyOf(message: Message): string {
  const parts = message.parts.flatMap((part): readonly MessagePart[] => {
    if (part.kind === "reasoning" || part.kind === "opaque") return [];
    return [
      part.kind === "text"
        ? { kind: "text", text: part.text.trim() }
        : part.kind === "tool-result"
          ? { kind: "tool-result", id: part.id, output: part.output }
          : part,
    ];
  });
  return `${message.role} ${canonicalJson(asJson(parts))}`;
}

/** The main agent's conversation, put together from calls that each repeat what was said before. */
export class Conversation {
  readonly messages: Message[] = [];
  readonly #keys: string[] = [];

  /** Adds what a model call saw and said; returns the index of its reply, `undefined` when it has none of its own (an error, a retry). */
  addCall(call: Pick<ModelFacts, "input" | "output">): number | undefined {
    this.#addInput(call.input);
    const [reply] = call.output;
    if (reply === undefined) return undefined;
    const merged: Message =
      call.output.length === 1 ? reply : { role: "assistant", parts: call.output.flatMap((message) => message.parts) };
    const known = this.#keys.lastIndexOf(keyOf(merged));
    // A retry, or a frame around this call that repeats its answer.
    if (known >= 0 && known === this.#keys.length - 1) return known;
    this.#push(merged);
    return this.messages.length - 1;
  }

  #push(message: Message): void {
    this.messages.push(message);
    this.#keys.push(keyOf(message));
  }

  #addInput(input: readonly Message[]): void {
    const keys = input.map((message) => keyOf(message));
    let common = 0;
    while (common < keys.length && common < this.#keys.length && keys[common] === this.#keys[common]) common += 1;
    if (common === this.#keys.length) {
      for (const message of input.slice(common)) this.#push(message);
      return;
    }
    // All of it was seen already: the same call again.
    if (common === keys.length) return;
    const overlap = this.#overlap(keys);
    const known = new Set(this.#keys);
    for (const [index, message] of input.entries())
      if (index >= overlap && !(overlap === 0 && known.has(keys[index] ?? ""))) this.#push(message);
  }

  /** How many messages at the beginning of these are the last ones of the conversation: a window that has moved on. */
  #overlap(keys: readonly string[]): number {
    for (let length = Math.min(keys.length, this.#keys.length); length > 0; length -= 1) {
      const start = this.#keys.length - length;
      if (keys.slice(0, length).every((key, index) => key === this.#keys[start + index])) return length;
    }
    return 0;
  }

  /** Adds a tool call that no message asked for: some instrumentations record tools in spans alone. */
  addToolCall(facts: ToolFacts): number {
    const id = facts.id ?? facts.span.spanId;
    this.#push({ role: "assistant", parts: [{ kind: "tool-request", id, tool: facts.tool, input: facts.input ?? {} }] });
    const at = this.messages.length - 1;
    if (facts.output !== undefined || facts.error !== undefined) this.#push({ role: "tool", parts: [resultOf(facts, id)] });
    return at;
  }

  /** Whether some message asked for this call. */
  asksFor(facts: ToolFacts): boolean {
    return this.messages.some((message) =>
      toolRequests(message).some((request) => (facts.id === undefined ? request.tool === facts.tool : request.id === facts.id)),
    );
  }
}

/** A tool span's answer as a message part. */
export const resultOf = (facts: ToolFacts, id: string): MessagePart => ({
  kind: "tool-result",
  id,
  output: facts.output ?? facts.error ?? "",
  ...(facts.error === undefined ? {} : { isError: true }),
});
