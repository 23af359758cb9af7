import { applyChanges } from "../domain/config-change.ts";
import { asJson, digestOf, digestOfJson } from "../domain/digest.ts";
import type { Allowed } from "../domain/edit.ts";
import type { Digest } from "../domain/ids.ts";
import { addUsage, noUsage, subtractUsage, type Usage } from "../domain/message.ts";
import type { PromptTemplate } from "../domain/text/prompt-template.ts";
import { seededRandom } from "../domain/random.ts";
import { type ArmRecord, type Pair, type Replay, type ToolEffect, tiers } from "../domain/replay.ts";
import { type Budget, dollarsOf, exceeds, type ModelPrice } from "../domain/replaying/price.ts";
import type { Rubric } from "../domain/rubric.ts";
import { type AgentConfig, modelCalls, type Session } from "../domain/session.ts";
import type { Evaluator } from "../ports/evaluator.ts";
import type { Documents } from "../ports/ledger.ts";
import type { ModelClient, Models } from "../ports/model-client.ts";
import type { Transcripts } from "../ports/ledger.ts";
import type { Runtime } from "../ports/runtime.ts";
import { judge, type Judged, shamOf } from "../stages/judge.ts";
import { estimateJudgement, estimateReplay, recordedWorld, replay, type ToolModel, type UserModel } from "../stages/replay.ts";
import type { BatchTools } from "./batches/batching-client.ts";
import type { CallScheduler } from "./call-scheduler.ts";
import { FewAtOnce } from "./few-at-once.ts";
import { recallingClient } from "./recalling-client.ts";

export interface RehearsalTools {
  readonly agent: Models["agent"];
  readonly evaluator?: Evaluator;
  readonly judge?: { readonly client: ModelClient; readonly prompt: PromptTemplate };
  /** Says which of two conversations is better, where the operator wants ties broken so. */
  readonly pairwise?: { readonly client: ModelClient; readonly prompt: PromptTemplate };
  /** Speaks for recorded users where their recorded words do not fit. */
  readonly user?: { readonly client: ModelClient; readonly prompt: PromptTemplate };
  /** Answers reads that no recording answers. */
  readonly toolModel?: { readonly client: ModelClient; readonly prompt: PromptTemplate };
  /** Where measured arms are kept: an arm that was measured once is never paid for again. */
  readonly measured: Pick<Documents, "get" | "put" | "keys">;
  /** Where conversations of replays are kept for people; absent: nowhere. */
  readonly transcripts?: Transcripts;
  /** Gives the agent's and the judge's calls their turn. Absent: every call goes at once. */
  readonly scheduler?: CallScheduler;
  /** Present where the operator wants requests in batches that nobody waits for. */
  readonly batches?: Pick<BatchTools, "sleep">;
  /** What a model costs, for the estimate before a replay; absent where nobody knows. */
  readonly priceOf?: (model: string) => ModelPrice | undefined;
}

export interface RehearsalInput {
  /** Every session whose recorded answers may be used. */
  readonly corpus: readonly Session[];
  readonly rubric: Rubric;
  readonly effects: Readonly<Record<string, ToolEffect>>;
  /** Searches may get the answer to nearly the same search; default no. */
  readonly nearest?: boolean;
  readonly seed: number;
  readonly configOf: (session: Session) => AgentConfig | undefined;
  /** No replay is begun that would probably cross it. */
  readonly budget?: Budget;
}

const evaluatorsAtOnce = 4;

/** Where the ledger keeps the replies of a replay that is under way. */
const partialKey = (name: Digest): string => `partial/${name}`;

/** One session of the test order, in its group. */
export interface Place {
  readonly group: Pair["group"];
  readonly index: number;
  readonly session: Session;
  /** How often the session stands earlier in the order: drawn again, it is replayed anew. Default 0. */
  readonly repeat?: number;
}

interface Arm {
  readonly session: Session;
  readonly config: AgentConfig;
  readonly seed: number;
  readonly configDigest: Digest;
  /** Earlier blocks are replayed first. */
  readonly block: number;
  readonly client: ModelClient;
}

/** Runs sessions again, before and after an edit. The two arms of a pair differ in the edit and in nothing else. */
export class Rehearsal {
  readonly #input: RehearsalInput;
  readonly #tools: RehearsalTools;
  readonly #runtime: Runtime;
  readonly #corpus: Digest;
  readonly #arms = new Map<string, Promise<ArmRecord | undefined>>();
  readonly #evaluations = new FewAtOnce(evaluatorsAtOnce);
  #usage: Usage = noUsage;
  /** What was paid in this process; arms taken from an earlier one cost nothing. */
  #replays = 0;
  /** What this job has used of its budget, whenever it was measured, and what the replays under way will probably use. */
  #spent: Usage = noUsage;
  #committed: Usage = noUsage;

  constructor(input: RehearsalInput, tools: RehearsalTools, runtime: Runtime) {
    this.#input = input;
    this.#tools = tools;
    this.#runtime = runtime;
    // Recordings answer tools: arms that were measured with other recordings lived in another world.
    this.#corpus = digestOfJson(input.corpus.map((session) => session.id).toSorted());
  }

  get usage(): Usage {
    return this.#usage;
  }

  get replays(): number {
    return this.#replays;
  }

  /**
   * The pair of one session and one candidate; `undefined` where the budget does not allow it. Infrastructure failures drop it, and so does an
   * edit that does not apply to the session: then nothing is replayed for it.
   */
  async pair(place: Place, candidate: Allowed, block = 0): Promise<Pair | undefined> {
    const edited = applyChanges(this.#configOf(place.session), candidate.changes);
    if (edited.result === "applied") return this.#bothArms(place, { id: candidate.candidate.id, config: edited.config }, block);
    const arm = notReplayed(this.#seedOf(place.session, place.repeat), digestOfJson(asJson(this.#configOf(place.session))));
    return { ...placed(place, candidate.candidate.id), before: arm, after: arm, dropped: edited.why };
  }

  /** The pair of one session and an edit without meaning; `undefined` where its prompt holds no phrase for one, or the budget has ended. */
  async shamPair(place: Place): Promise<{ readonly pair: Pair; readonly rephrased: number } | undefined> {
    const config = this.#configOf(place.session);
    const sham = shamOf(config.instructions);
    if (sham === undefined) return undefined;
    const pair = await this.#bothArms(place, { id: digestOf("sham"), config: { ...config, instructions: sham.text } }, 0);
    return pair === undefined ? undefined : { pair, rephrased: sham.rephrased };
  }

  async #bothArms(place: Place, edited: { readonly id: Digest; readonly config: AgentConfig }, block: number): Promise<Pair | undefined> {
    const seed = this.#seedOf(place.session, place.repeat);
    const own = placed(place, edited.id);
    const [before, after] = await Promise.all([
      this.#arm(place.session, this.#configOf(place.session), { block, seed }),
      this.#arm(place.session, edited.config, { block, seed }),
    ]);
    if (before === undefined || after === undefined) return undefined;
    const lost = before.ended === "infrastructure" || after.ended === "infrastructure";
    return { ...own, before, after, ...(lost ? { dropped: "the model could not be reached" } : {}) };
  }

  /** The session run again by the unchanged agent; `undefined` where the budget does not allow it. */
  selfReplay(session: Session): Promise<ArmRecord | undefined> {
    return this.#arm(session, this.#configOf(session), { block: 0, seed: this.#seedOf(session) });
  }

  /** The session run again with a hint behind the agent's own instructions; `undefined` where the budget does not allow it. */
  withHint(session: Session, hint: string): Promise<ArmRecord | undefined> {
    const config = this.#configOf(session);
    const hinted = { ...config, instructions: `${config.instructions}\n\n${hint}` };
    return this.#arm(session, hinted, { block: 0, seed: this.#seedOf(session) });
  }

  #configOf(session: Session): AgentConfig {
    const config = this.#input.configOf(session);
    if (config === undefined) throw new Error(`session ${session.id} has no configuration; it should not have been sampled`);
    return config;
  }

  #seedOf(session: Session, repeat = 0): number {
    const again = repeat === 0 ? [] : [String(repeat)];
    return Math.floor(seededRandom(this.#input.seed, "replay", session.id, ...again)() * 2 ** 31);
  }

  #arm(session: Session, config: AgentConfig, run: { readonly block: number; readonly seed: number }): Promise<ArmRecord | undefined> {
    const { block, seed } = run;
    const configDigest = digestOfJson(asJson(config));
    const client = this.#tools.agent(config.provider, config.model);
    const { effects, rubric } = this.#input;
    const { toolModel, user } = this.#tools;
    const parts = {
      ...(toolModel === undefined ? {} : { tools: `${toolModel.client.model} ${toolModel.prompt.digest}` }),
      ...(this.#input.nearest === true ? { nearest: true } : {}),
      ...(user === undefined ? {} : { user: `${user.client.model} ${user.prompt.digest}` }),
      config: configDigest,
      model: client.model,
      session: session.id,
      corpus: this.#corpus,
      seed,
      rubric: rubric.digest,
      effects,
    };
    const name = digestOfJson(parts);
    const known = this.#arms.get(name);
    if (known !== undefined) return known;
    const running = this.#measure(name, { session, config, seed, configDigest, block, client });
    this.#arms.set(name, running);
    // A failed arm must not be handed out again as if it were measured.
    running.catch(() => this.#arms.delete(name));
    return running;
  }

  async #measure(name: Digest, arm: Arm): Promise<ArmRecord | undefined> {
    const stored = (await this.#tools.measured.get(`arm/${name}`)) as unknown as ArmRecord | undefined;
    if (stored !== undefined) {
      this.#spent = addUsage(this.#spent, stored.usage);
      return stored;
    }
    this.#runtime.signal.throwIfAborted();
    const estimate = this.#estimate(arm);
    const wouldBe = [this.#committed, estimate].reduce(addUsage, this.#spent);
    if (exceeds(wouldBe, this.#input.budget ?? {})) return undefined;
    this.#committed = addUsage(this.#committed, estimate);
    try {
      const record = await this.#play(name, arm);
      this.#replays += 1;
      this.#usage = addUsage(this.#usage, record.usage);
      this.#spent = addUsage(this.#spent, record.usage);
      if (record.ended !== "infrastructure") {
        await this.#tools.measured.put(`arm/${name}`, asJson(record));
        // The conversation is over; its single replies are not needed any more.
        if (!arm.client.simulated) await this.#tools.measured.put(partialKey(name), []);
      }
      return record;
    } finally {
      this.#committed = subtractUsage(this.#committed, estimate);
    }
  }

  #estimate(arm: Arm): Usage {
    return estimateArm(arm, this.#input.rubric, this.#tools);
  }

  async #play(name: Digest, arm: Arm): Promise<ArmRecord> {
    const { config, seed, session } = arm;
    const { corpus, effects, nearest = false } = this.#input;
    const world = recordedWorld({ session, corpus, effects, nearest });
    const { measured } = this.#tools;
    const scheduled = this.#scheduled(arm.client, arm.block, modelCalls(session).length);
    // What costs nothing need not be kept call by call.
    const client = arm.client.simulated ? scheduled : recallingClient(scheduled, partialKey(name), measured);
    const played = await replay({ session, config, world, seed, ...this.#standIns(arm.block) }, client, this.#runtime);
    const judged = await this.#judge(played, arm.block);
    // For `tuneup report --html` on this machine; the evidence itself holds no conversation.
    if (played.ended !== "infrastructure") await this.#tools.transcripts?.keep(name, played.transcript, this.#runtime.now());
    return {
      outcome: judged.outcome,
      decidedBy: judged.decidedBy,
      ended: played.ended,
      tiers: played.tiers,
      ...(played.divergedAtTurn === undefined ? {} : { divergedAtTurn: played.divergedAtTurn }),
      trajectory: played.trajectory,
      users: played.users,
      modelCalls: played.modelCalls,
      usage: addUsage(played.usage, judged.usage),
      seed,
      config: arm.configDigest,
      replay: name,
    };
  }

  #judge(played: Replay, block: number): Promise<Judged> {
    const { evaluator, judge: model } = this.#tools;
    const judges = {
      ...(evaluator === undefined ? {} : { evaluator: this.#inTurn(evaluator) }),
      ...(model === undefined ? {} : { model: { ...model, client: this.#scheduled(model.client, block, 1) } }),
    };
    return judge(played, this.#input.rubric, judges, this.#runtime);
  }

  /** The models that stand in for users and tools. */
  #standIns(block: number): { readonly user?: UserModel; readonly tools?: ToolModel } {
    const { measured, toolModel, user } = this.#tools;
    const placed = (model: { readonly client: ModelClient; readonly prompt: PromptTemplate }): UserModel & ToolModel => ({
      ...model,
      client: this.#scheduled(model.client, block, 1),
      said: measured,
    });
    return { ...(user === undefined ? {} : { user: placed(user) }), ...(toolModel === undefined ? {} : { tools: placed(toolModel) }) };
  }

  /** The operator's evaluator is a process each time: only a few at once, however many replays end together. */
  #inTurn(evaluator: Evaluator): Evaluator {
    return { name: evaluator.name, evaluate: (transcript, signal) => this.#evaluations.run(() => evaluator.evaluate(transcript, signal)) };
  }

  #scheduled(client: ModelClient, block: number, expectedCalls: number): ModelClient {
    return this.#tools.scheduler?.client(client, { block, expectedCalls }) ?? client;
  }
}

/** About what one replay will take, the model that judges it included; in dollars too where the prices are known. */
export function estimateArm(
  { config, session }: Pick<Arm, "config" | "session">,
  { items }: Pick<Rubric, "items">,
  { agent, judge: judging, priceOf }: Pick<RehearsalTools, "agent" | "judge" | "priceOf">,
): Usage {
  const priced = (usage: Usage, price: ModelPrice | undefined): Usage =>
    price === undefined ? usage : { ...usage, dollars: dollarsOf(usage, price) };
  const agentPrice = priceOf?.(agent(config.provider, config.model).model);
  const played = priced(estimateReplay(session, config, agentPrice?.cacheRead !== undefined), agentPrice);
  if (judging === undefined || items.length === 0) return played;
  return addUsage(played, priced(estimateJudgement(session, items.length), priceOf?.(judging.client.model)));
}

const placed = (place: Place, candidate: Digest): Pick<Pair, "candidate" | "group" | "index" | "sessionId"> => ({
  sessionId: place.session.id,
  index: place.index,
  group: place.group,
  candidate,
});

/** Stands in a dropped pair for an arm that there was no reason to pay for. */
const notReplayed = (seed: number, config: Digest): ArmRecord => ({
  outcome: "inconclusive",
  decidedBy: "not replayed",
  ended: "inconclusive",
  tiers: Object.fromEntries(tiers.map((tier) => [tier, 0])) as ArmRecord["tiers"],
  modelCalls: 0,
  usage: noUsage,
  seed,
  config,
});
