import { canonicalJson, digestOf } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { ToolDefinition } from "../../domain/message.ts";
import type { Tier, ToolEffect } from "../../domain/replay.ts";
import { type Session, type ToolCall, toldOutputs, toolCalls } from "../../domain/session.ts";
import { effectOf } from "../../domain/tool-effect.ts";
import { agreedAnswer } from "./agreed-answer.ts";
import { byLikeness, nearestOf, searches } from "./approximate/nearest.ts";
import type { Unanswered } from "./approximate/tool-model.ts";
import { type Corpus, corpusOf } from "./corpus.ts";
import { isForeign, isPersonal } from "./personal.ts";
import { consensusShape, echoed } from "./shapes.ts";

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
  /** Whether a search without a recorded answer may get that of nearly the same one; default no. */
  readonly nearest?: boolean;
}

interface RecordedCall {
  readonly call: ToolCall;
  /** The answer as the model was told it. */
  readonly told: Json;
  readonly key: string;
  readonly epoch: string;
  used: boolean;
}

/** What the agent is told when no recording answers. */
export const unavailable = "REPLAY_UNAVAILABLE: no recorded answer for this call";

const refused: ToolAnswer = { tier: "refused", output: unavailable, isError: true };

/**
 * Answers tool calls from recordings; there is no way from here to a real tool. Stateful: it knows which recorded calls were used and
 * which writes this replay has made. A read after other writes than the recording's is never answered from it: that answer would be stale.
 * The same calls in the same order get the same answers, so that both arms of a pair live in one world.
 */
export class RecordedWorld {
  readonly #session: Session;
  readonly #corpus: Corpus;
  readonly #effects: Readonly<Record<string, ToolEffect>>;
  readonly #definitions: ReadonlyMap<string, ToolDefinition>;
  readonly #recorded: readonly RecordedCall[];
  readonly #nearest: boolean;
  #writes: readonly { readonly tool: string; readonly input: Json; readonly key: string }[] = [];
  /** Set once a read was not answered by this session's own recording: from then on its order says nothing any more. */
  #left = false;

  constructor(input: RecordedWorldInput) {
    this.#session = input.session;
    this.#corpus = corpusOf(input.corpus, input.effects);
    this.#effects = input.effects;
    this.#definitions = new Map(input.session.tools.map((tool) => [tool.name, tool]));
    this.#recorded = this.#record();
    this.#nearest = input.nearest === true;
  }

  /** One text for equal calls, without volatile fields. */
  key(tool: string, input: Json): string {
    return this.#corpus.key(tool, input);
  }

  /** What was called so far in writing, as one text: equal texts mean an equal world. */
  get epoch(): string {
    return epochOf(this.#writes.map((write) => write.key));
  }

  answer(tool: string, input: Json): ToolAnswer {
    const effect = this.#effect(tool, input);
    const own = this.#exact(tool, input, effect) ?? this.#canonical(tool, input, effect) ?? this.#ownShape(tool, input, effect);
    const answer =
      own ??
      (effect === "write" ? this.#agreedShape(tool, input) : this.#agreed(tool, input, effect)) ??
      this.#near(tool, input, effect) ??
      refused;
    if (effect === "write" && answer.tier !== "refused") this.#writes = [...this.#writes, { tool, input, key: this.key(tool, input) }];
    if (effect !== "write" && answer.tier !== "exact" && answer.tier !== "canonical") this.#left = true;
    return answer;
  }

  #effect(tool: string, input: Json): ToolEffect {
    return effectOf(tool, this.#effects, { definition: this.#definitions.get(tool), input });
  }

  #exact(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    const { epoch } = this;
    const text = JSON.stringify(input);
    const found = this.#recorded.find(
      (one) => !one.used && one.call.tool === tool && one.epoch === epoch && JSON.stringify(one.call.input) === text,
    );
    return found === undefined || this.#isPositional(found, effect) ? undefined : this.#serve(found, "exact");
  }

  #canonical(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    const { epoch } = this;
    const key = this.key(tool, input);
    const same = this.#recorded.filter((one) => one.key === key && one.epoch === epoch);
    const found = same.find((one) => !one.used) ?? (effect === "write" ? undefined : same.at(-1));
    return found === undefined || this.#isPositional(found, effect) ? undefined : this.#serve(found, "canonical");
  }

  /** A read that was answered differently at different times can be told apart by its place alone, and the replay has left that order. */
  #isPositional(found: RecordedCall, effect: ToolEffect): boolean {
    if (!this.#left || effect !== "read") return false;
    const same = this.#recorded.filter((one) => one.key === found.key && one.epoch === found.epoch);
    return new Set(same.map((one) => canonicalJson(one.call.output ?? one.call.error ?? null))).size > 1;
  }

  #ownShape(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    if (effect !== "write") return undefined;
    const own = this.#recorded.find((one) => one.call.tool === tool && one.call.error === undefined && one.call.output !== undefined);
    if (own?.call.output === undefined) return undefined;
    return { tier: "shape", output: echoed(own.call.output, own.call.input, input), isError: false };
  }

  #agreed(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    const output = agreedAnswer(this.#corpus, { session: this.#session, tool, input, effect, writes: this.#writes });
    return output === undefined ? undefined : { tier: "corpus", output, isError: false };
  }

  /** For a search: the answer to nearly the same one, of this session's own recording in the same epoch, else one on which other sessions agree. */
  #near(tool: string, input: Json, effect: ToolEffect): ToolAnswer | undefined {
    if (!this.#nearest || effect !== "read" || !searches(tool)) return undefined;
    const { epoch } = this;
    const own = this.#recorded.filter((one) => one.call.tool === tool && one.epoch === epoch && one.call.error === undefined);
    const near = nearestOf(
      input,
      own.map((one) => ({ input: one.call.input, one })),
    )?.one;
    if (near !== undefined && !this.#isPositional(near, effect)) return { tier: "nearest", output: near.told, isError: false };
    const other = nearestOf(input, this.#corpus.calls(tool, this.#session.id));
    if (other === undefined) return undefined;
    const asked = { session: this.#session, tool, input: other.input, effect, writes: this.#writes };
    const output = agreedAnswer(this.#corpus, asked);
    return output === undefined ? undefined : { tier: "nearest", output, isError: false };
  }

  /**
   * What a model may be asked that plays the tool, where nothing recorded answers; `undefined` for everything but a read. Shown are this session's
   * own calls and those of others that hold nobody's data, the most alike first.
   */
  unanswered(tool: string, input: Json): Unanswered | undefined {
    if (this.#effect(tool, input) !== "read") return undefined;
    const own = this.#recorded.filter((one) => one.call.error === undefined);
    const others = this.#corpus
      .calls(tool, this.#session.id)
      .filter((one) => !isForeign(this.#session, one.input, one.output) && !isPersonal(this.#session, one.output, "unknown"));
    const ofTool = own.flatMap((one) => (one.call.tool === tool ? [{ input: one.call.input, output: one.told }] : []));
    return {
      session: this.#session,
      tool,
      input,
      key: this.key(tool, input),
      epoch: this.epoch,
      definition: this.#definitions.get(tool),
      examples: [...ofTool, ...byLikeness(input, others)],
      facts: own.map((one) => one.told),
    };
  }

  #agreedShape(tool: string, input: Json): ToolAnswer | undefined {
    const output = consensusShape(this.#corpus.successes(tool, this.#session.id), input);
    return output === undefined || isForeign(this.#session, input, output) ? undefined : { tier: "shape", output, isError: false };
  }

  #serve(found: RecordedCall, tier: Tier): ToolAnswer {
    found.used = true;
    return { tier, output: found.told, isError: found.call.error !== undefined };
  }

  #record(): readonly RecordedCall[] {
    const said = toldOutputs(this.#session);
    let writes: readonly string[] = [];
    return toolCalls(this.#session).flatMap((call) => {
      const told = said(call) ?? call.output ?? call.error ?? "";
      const recorded = { call, told, key: this.key(call.tool, call.input), epoch: epochOf(writes), used: false };
      if (this.#effect(call.tool, call.input) === "write") writes = [...writes, recorded.key];
      // A call whose answer was not recorded can answer nothing, but its write still changed the world.
      return call.output === undefined && call.error === undefined ? [] : [recorded];
    });
  }
}

const epochOf = (writes: readonly string[]): string => (writes.length === 0 ? "" : digestOf(canonicalJson(writes.toSorted())));
