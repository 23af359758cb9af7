import { canonicalJson, asJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { Message, MessagePart } from "../../domain/message.ts";
import type { ModelFacts, ToolFacts } from "./span-facts.ts";

/**
 * A message as one text, for telling whether it was seen already. Parts that providers drop from the history (reasoning, opaque) do not count, nor
 * outer white space, nor call ids: some histories number their items anew.
 */
export function keyOf(message: Message): string {
  const parts = message.parts.flatMap((part): readonly Json[] => {
    if (part.kind === "text") return part.text.trim() === "" ? [] : [part.text.trim()];
    if (part.kind === "tool-request") return [{ tool: part.tool, input: part.input }];
    return part.kind === "tool-result" ? [{ output: part.output }] : [];
  });
  return `${message.role} ${canonicalJson(asJson(parts))}`;
}

/** The main agent's conversation, put together from calls that each repeat what was said before. */
export class Conversation {
  readonly messages: Message[] = [];
  readonly #keys: string[] = [];
  /** Whether a tool ran since the last reply: then the next reply goes on, it is no second attempt. */
  #acted = false;

  /** Adds what a model call saw and said; returns the index of its reply, `undefined` when it has none of its own (an error, a retry). */
  addCall(call: Pick<ModelFacts, "input" | "output">): number | undefined {
    const reply = merged(call.output);
    const keys = call.input.map((message) => keyOf(message));
    const repeated = reply === undefined ? undefined : this.#repeated(keys, keyOf(reply));
    if (repeated !== undefined) {
      if (reply !== undefined && repeated === this.messages.length - 1) this.#replaceLast(reply);
      return repeated;
    }
    this.#addInput(call.input, keys);
    if (reply === undefined) return undefined;
    // A frame around this call that repeats its answer.
    if (this.#keys.length > 0 && this.#keys.at(-1) === keyOf(reply)) return this.#keys.length - 1;
    this.#push(reply);
    return this.messages.length - 1;
  }

  /** Where the reply stands when this call was seen already: a retry, a duplicate, or a call that arrives after the one that goes on from it. */
  #repeated(keys: readonly string[], reply: string): number | undefined {
    const next = keys.length;
    const isPrefix = next > 0 && next < this.#keys.length && keys.every((key, index) => key === this.#keys[index]);
    // Another answer in the middle is none of these: its dialect leaves tool calls out of the history.
    const isRetry = next === this.#keys.length - 1 && !this.#acted;
    if (isPrefix && this.messages[next]?.role === "assistant" && (isRetry || this.#keys[next] === reply)) return next;
    const last = this.#keys.length - 1;
    const isTail =
      keys.length > 0 &&
      keys.length <= last &&
      this.#keys[last] === reply &&
      keys.every((key, index) => key === this.#keys[last - keys.length + index]);
    return isTail ? last : undefined;
  }

  /** The answer of the last attempt is the one the conversation went on with. */
  #replaceLast(reply: Message): void {
    this.messages[this.messages.length - 1] = reply;
    this.#keys[this.#keys.length - 1] = keyOf(reply);
  }

  /** Tells that a tool ran. */
  toolRan(): void {
    this.#acted = true;
  }

  #push(message: Message): void {
    this.#acted = false;
    this.messages.push(message);
    this.#keys.push(keyOf(message));
  }

  #addInput(input: readonly Message[], keys: readonly string[]): void {
    let common = 0;
    while (common < keys.length && common < this.#keys.length && keys[common] === this.#keys[common]) common += 1;
    // All of it was seen already: the same call again.
    if (common === keys.length && keys.length < this.#keys.length) return;
    const from = common === this.#keys.length ? common : this.#overlap(keys) || this.#afterKnown(keys);
    for (const message of input.slice(from)) this.#push(message);
  }

  /** How many messages at the beginning of these are the last ones of the conversation: a window that has moved on. */
  #overlap(keys: readonly string[]): number {
    for (let length = Math.min(keys.length, this.#keys.length); length > 0; length -= 1) {
      const start = this.#keys.length - length;
      if (keys.slice(0, length).every((key, index) => key === this.#keys[start + index])) return length;
    }
    return 0;
  }

  /** After compaction or another rewriting of the history: what follows the last message that is known. A call without history is all new. */
  #afterKnown(keys: readonly string[]): number {
    if (keys.length === 1) return 0;
    const known = new Set(this.#keys);
    return keys.findLastIndex((key) => known.has(key)) + 1;
  }
}

/** One reply of several messages (a server's own tool calls among them) is one message. */
function merged(output: readonly Message[]): Message | undefined {
  const [only] = output;
  return output.length <= 1 ? only : { role: "assistant", parts: output.flatMap((message) => message.parts) };
}

/** A tool span's answer as a message part. */
export const resultOf = (facts: ToolFacts, id: string): MessagePart => ({
  kind: "tool-result",
  id,
  output: facts.output ?? facts.error ?? "",
  ...(facts.error === undefined ? {} : { isError: true }),
});
