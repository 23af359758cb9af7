import { applyChanges } from "../domain/config-change.ts";
import { asJson, digestOfJson } from "../domain/digest.ts";
import type { Allowed } from "../domain/edit.ts";
import type { Digest } from "../domain/ids.ts";
import { addUsage, noUsage, type Usage } from "../domain/message.ts";
import type { PromptTemplate } from "../domain/text/prompt-template.ts";
import { seededRandom } from "../domain/random.ts";
import type { ArmRecord, Pair, ToolEffect } from "../domain/replay.ts";
import type { Rubric } from "../domain/rubric.ts";
import type { AgentConfig, Session } from "../domain/session.ts";
import type { Evaluator } from "../ports/evaluator.ts";
import type { Documents } from "../ports/ledger.ts";
import type { ModelClient, Models } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import { judge } from "../stages/judge.ts";
import { recordedWorld, replay } from "../stages/replay.ts";

export interface RehearsalTools {
  readonly agent: Models["agent"];
  readonly evaluator?: Evaluator;
  readonly judge?: { readonly client: ModelClient; readonly prompt: PromptTemplate };
  /** Where measured arms are kept: an arm that was measured once is never paid for again. */
  readonly measured: Pick<Documents, "get" | "put">;
}

export interface RehearsalInput {
  /** Every session whose recorded answers may be used. */
  readonly corpus: readonly Session[];
  readonly rubric: Rubric;
  readonly effects: Readonly<Record<string, ToolEffect>>;
  readonly seed: number;
  readonly configOf: (session: Session) => AgentConfig | undefined;
}

/** Where the ledger keeps the conversation of a replay. */
export const transcriptKey = (name: Digest): string => `transcript/${name}`;

/** One session of the test order, in its group. */
export interface Place {
  readonly group: Pair["group"];
  readonly index: number;
  readonly session: Session;
}

/** Runs sessions again, before and after an edit. The two arms of a pair differ in the edit and in nothing else. */
export class Rehearsal {
  readonly #input: RehearsalInput;
  readonly #tools: RehearsalTools;
  readonly #runtime: Runtime;
  readonly #arms = new Map<string, Promise<ArmRecord>>();
  #usage: Usage = noUsage;
  /** What was paid in this process; arms taken from an earlier one cost nothing. */
  #replays = 0;

  constructor(input: RehearsalInput, tools: RehearsalTools, runtime: Runtime) {
    this.#input = input;
    this.#tools = tools;
    this.#runtime = runtime;
  }

  get usage(): Usage {
    return this.#usage;
  }

  get replays(): number {
    return this.#replays;
  }

  /** The pair of one session and one candidate. Infrastructure failures and edits that do not apply to the session drop it. */
  async pair(place: Place, candidate: Allowed): Promise<Pair> {
    const config = this.#input.configOf(place.session);
    if (config === undefined) throw new Error(`session ${place.session.id} has no configuration; it should not have been sampled`);
    const edited = applyChanges(config, candidate.changes);
    const before = await this.#arm(place, config);
    const after = edited.result === "applied" ? await this.#arm(place, edited.config) : before;
    const lost = before.ended === "infrastructure" || after.ended === "infrastructure" ? "the model could not be reached" : undefined;
    const dropped = edited.result === "inapplicable" ? edited.why : lost;
    return {
      sessionId: place.session.id,
      index: place.index,
      group: place.group,
      candidate: candidate.candidate.id,
      before,
      after,
      ...(dropped === undefined ? {} : { dropped }),
    };
  }

  #arm(place: Place, config: AgentConfig): Promise<ArmRecord> {
    const seed = Math.floor(seededRandom(this.#input.seed, "replay", place.session.id)() * 2 ** 31);
    const configDigest = digestOfJson(asJson(config));
    const name = digestOfJson({
      config: configDigest,
      session: place.session.id,
      seed,
      rubric: this.#input.rubric.digest,
      effects: this.#input.effects,
    });
    const key = `arm/${name}`;
    const known = this.#arms.get(key);
    if (known !== undefined) return known;
    const running = this.#measure(name, place.session, config, { seed, configDigest });
    this.#arms.set(key, running);
    // A failed arm must not be handed out again as if it were measured.
    running.catch(() => this.#arms.delete(key));
    return running;
  }

  async #measure(
    name: Digest,
    session: Session,
    config: AgentConfig,
    run: { readonly seed: number; readonly configDigest: Digest },
  ): Promise<ArmRecord> {
    const stored = await this.#tools.measured.get(`arm/${name}`);
    if (stored !== undefined) return stored as unknown as ArmRecord;
    this.#runtime.signal.throwIfAborted();
    const world = recordedWorld({ session, corpus: this.#input.corpus, effects: this.#input.effects });
    const played = await replay(
      { session, config, world, seed: run.seed },
      this.#tools.agent(config.provider, config.model),
      this.#runtime,
    );
    const judged = await judge(
      played,
      this.#input.rubric,
      {
        ...(this.#tools.evaluator ? { evaluator: this.#tools.evaluator } : {}),
        ...(this.#tools.judge ? { model: this.#tools.judge } : {}),
      },
      this.#runtime,
    );
    this.#replays += 1;
    this.#usage = addUsage(this.#usage, addUsage(played.usage, judged.usage));
    const record: ArmRecord = {
      outcome: judged.outcome,
      decidedBy: judged.decidedBy,
      ended: played.ended,
      tiers: played.tiers,
      ...(played.divergedAtTurn === undefined ? {} : { divergedAtTurn: played.divergedAtTurn }),
      modelCalls: played.modelCalls,
      usage: addUsage(played.usage, judged.usage),
      seed: run.seed,
      config: run.configDigest,
      replay: name,
    };
    if (played.ended !== "infrastructure") {
      // For `tuneup report --html` on this machine; the evidence itself holds no conversation.
      await this.#tools.measured.put(transcriptKey(name), asJson(played.transcript));
      await this.#tools.measured.put(`arm/${name}`, asJson(record));
    }
    return record;
  }
}
