import { canonicalJson, digestOf } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { Tier, ToolEffect } from "../../domain/replay.ts";
import { type Session, type ToolCall, toolCalls } from "../../domain/session.ts";
import { type Corpus, corpusOf } from "./corpus.ts";
import { isForeign } from "./personal.ts";
import { consensusShape, echoed } from "./shapes.ts";
import { effectOf } from "../../domain/tool-effect.ts";

/** A tool's answer in a replay, and where it came from. */
export interface ToolAnswer {
  readonly tier: Tier;
  readonly output: Json;
  readonly isError: boolean;
}

export interface RecordedWorldInput {
  readonly session: Session;
  /** Every session whose recorded answers may be used. */
  readonly corpus: readonly Session[];
  readonly effects: Readonly<Record<string, ToolEffect>>;
}

interface RecordedCall {
  readonly call: ToolCall;
  readonly key: string;
  readonly epoch: string;
  used: boolean;
}

/** What the agent is told when no recording answers. */
export const unavailable = "REPLAY_UNAVAILABLE: no recorded answer for this call";

/**
 * Answers tool calls from recordings; there is no way from here to a real tool. Stateful: it knows which recorded calls were used and
 * which writes this replay has made. A read after other writes than the recording's is never answered from it: that answer would be stale.
 */
export class RecordedWorld {
  readonly #session: Session;
  readonly #corpus: Corpus;
  readonly #effects: Readonly<Record<string, ToolEffect>>;
  readonly #recorded: readonly RecordedCall[];
  #writes: readonly string[] = [];

  constructor(input: RecordedWorldInput) {
    this.#session = input.session;
    this.#corpus = corpusOf(input.corpus);
    this.#effects = input.effects;
    this.#recorded = this.#record();
  }

  /** One text for equal calls, without volatile fields. */
  key(tool: string, input: Json): string {
    return this.#corpus.key(tool, input);
  }

  /** What was called so far in writing, as one text: equal texts mean an equal world. */
  get epoch(): string {
    return epochOf(this.#writes);
  }

  answer(tool: string, input: Json): ToolAnswer {
    const effect = effectOf(tool, this.#effects);
    const answer = this.#find(tool, input, effect);
    if (effect === "write" && answer.tier !== "refused") this.#writes = [...this.#writes, this.key(tool, input)];
    return answer;
  }

  #find(tool: string, input: Json, effect: ToolEffect): ToolAnswer {
    return (
      this.#exact(tool, input) ??
      this.#canonical(tool, input, effect) ??
      this.#fromCorpus(tool, input, effect) ??
      this.#shape(tool, input, effect) ?? { tier: "refused", output: unavailable, isError: true }
    );
  }

  #exact(tool: string, input: Json): ToolAnswer | undefined {
    const { epoch } = this;
    const text = JSON.stringify(input);
    const found = this.#recorded.find(
      (one) => !one.used && one.call.tool === tool && one.epoch === epoch && JSON.stringify(one.call.input) === text,
    );
    return found === undefined ? undefined : this.#serve(found, "exact");
  }

  #canonical(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    const { epoch } = this;
    const key = this.key(tool, input);
    const same = this.#recorded.filter((one) => one.key === key && one.epoch === epoch);
    const found = same.find((one) => !one.used) ?? (effect === "write" ? undefined : same.at(-1));
    return found === undefined ? undefined : this.#serve(found, "canonical");
  }

  #fromCorpus(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    if (effect === "write") return undefined;
    // A pure tool's answer follows from its input alone, so one recording is as good as three.
    const output = this.#corpus.agreed(tool, input, { calls: effect === "pure" ? 1 : 3, agreement: 0.95 });
    if (output === undefined || (effect === "read" && isForeign(this.#session, input, output))) return undefined;
    return { tier: "corpus", output, isError: false };
  }

  #shape(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    if (effect !== "write") return undefined;
    const own = this.#recorded.find((one) => one.call.tool === tool && one.call.error === undefined && one.call.output !== undefined);
    const output =
      own?.call.output === undefined ? consensusShape(this.#corpus.successes(tool), input) : echoed(own.call.output, own.call.input, input);
    if (output === undefined || (own === undefined && isForeign(this.#session, input, output))) return undefined;
    return { tier: "shape", output, isError: false };
  }

  #serve(found: RecordedCall, tier: Tier): ToolAnswer {
    found.used = true;
    const { error, output } = found.call;
    return { tier, output: output ?? error ?? "", isError: error !== undefined };
  }

  #record(): readonly RecordedCall[] {
    let writes: readonly string[] = [];
    return toolCalls(this.#session).flatMap((call) => {
      const recorded = { call, key: this.key(call.tool, call.input), epoch: epochOf(writes), used: false };
      if (effectOf(call.tool, this.#effects) === "write") writes = [...writes, recorded.key];
      // A call whose answer was not recorded can answer nothing, but its write still changed the world.
      return call.output === undefined && call.error === undefined ? [] : [recorded];
    });
  }
}

const epochOf = (writes: readonly string[]): string => (writes.length === 0 ? "" : digestOf(canonicalJson(writes.toSorted())));
