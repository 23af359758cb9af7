import { applyChanges } from "../../domain/config-change.ts";
import { asJson, digestOfJson } from "../../domain/digest.ts";
import type { Allowed } from "../../domain/edit.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Digest, SessionId } from "../../domain/ids.ts";
import { addUsage, noUsage, subtractUsage, type Usage } from "../../domain/message.ts";
import { seededRandom } from "../../domain/random.ts";
import { type ArmRecord, type Pair, tiers } from "../../domain/replay.ts";
import { dollarsOf, exceeds } from "../../domain/replaying/price.ts";
import type { AgentConfig } from "../../domain/session.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { type DecisionPoint, decisionPoints, judgeStep } from "../../stages/judge.ts";
import { estimateStep, replayRequest } from "../../stages/replay.ts";
import type { Place, RehearsalInput, RehearsalTools } from "../rehearse.ts";

export interface SingleStepsInput extends RehearsalInput {
  /** Where a session's label cites a step: index in its messages. */
  readonly cited: ReadonlyMap<SessionId, number>;
}

interface Asked {
  readonly place: Place;
  readonly points: readonly DecisionPoint[];
  readonly config: AgentConfig;
  readonly seed: number;
}

/**
 * Asks the agent again for single steps of recordings, before and after an edit: up to three model calls an arm, each with the recorded conversation up
 * to its step, judged by rules alone. No tool is called and nothing follows a step. The two arms differ in the edit and in nothing else.
 */
export class SingleSteps {
  readonly #input: SingleStepsInput;
  readonly #tools: RehearsalTools;
  readonly #runtime: Runtime;
  readonly #arms = new Map<Digest, Promise<ArmRecord | undefined>>();
  #usage: Usage = noUsage;
  /** What the calls under way will probably use. */
  #committed: Usage = noUsage;
  #calls = 0;

  constructor(input: SingleStepsInput, tools: RehearsalTools, runtime: Runtime) {
    this.#input = input;
    this.#tools = tools;
    this.#runtime = runtime;
  }

  /** What was asked in this process, and whenever it was asked for what is used. */
  get usage(): Usage {
    return this.#usage;
  }

  get replays(): number {
    return this.#calls;
  }

  /** The pair of one session and one candidate; `undefined` where the budget does not allow it. Dropped without a step, or where the edit does not apply. */
  async pair(place: Place, candidate: Allowed, block = 0): Promise<Pair | undefined> {
    const { group, index, session } = place;
    const own = { sessionId: session.id, index, group, candidate: candidate.candidate.id };
    const config = this.#input.configOf(session);
    if (config === undefined) throw new Error(`session ${session.id} has no configuration; it should not have been sampled`);
    const seed = this.#seedOf(place);
    const edited = applyChanges(config, candidate.changes);
    const points = decisionPoints(session, group, this.#input.rubric, this.#input.cited.get(session.id));
    if (edited.result !== "applied" || points.length === 0) {
      const arm = notAsked(seed, digestOfJson(asJson(config)));
      const dropped = edited.result === "applied" ? "no step of it can be asked for again" : edited.why;
      return { ...own, before: arm, after: arm, dropped };
    }
    const [before, after] = await Promise.all([
      this.#arm({ place, points, config, seed }, block),
      this.#arm({ place, points, config: edited.config, seed }, block),
    ]);
    if (before === undefined || after === undefined) return undefined;
    const lost = before.ended === "infrastructure" || after.ended === "infrastructure";
    return { ...own, before, after, ...(lost ? { dropped: "the model could not be reached" } : {}) };
  }

  #seedOf({ repeat = 0, session }: Place): number {
    const again = repeat === 0 ? [] : [String(repeat)];
    return Math.floor(seededRandom(this.#input.seed, "step", session.id, ...again)() * 2 ** 31);
  }

  #arm(asked: Asked, block: number): Promise<ArmRecord | undefined> {
    const { config, place, points, seed } = asked;
    const client = this.#tools.agent(config.provider, config.model);
    const name = digestOfJson({
      config: digestOfJson(asJson(config)),
      model: client.model,
      session: place.session.id,
      group: place.group,
      at: points.map((point) => point.at),
      seed,
      rubric: this.#input.rubric.digest,
    });
    const known = this.#arms.get(name);
    if (known !== undefined) return known;
    const running = this.#measure(name, asked, block);
    this.#arms.set(name, running);
    running.catch(() => this.#arms.delete(name));
    return running;
  }

  async #measure(name: Digest, asked: Asked, block: number): Promise<ArmRecord | undefined> {
    const stored = (await this.#tools.measured.get(`single-step/${name}`)) as unknown as ArmRecord | undefined;
    if (stored !== undefined) {
      this.#usage = addUsage(this.#usage, stored.usage);
      return stored;
    }
    this.#runtime.signal.throwIfAborted();
    const estimate = this.#estimate(asked);
    if (exceeds([this.#committed, estimate].reduce(addUsage, this.#usage), this.#input.budget ?? {})) return undefined;
    this.#committed = addUsage(this.#committed, estimate);
    try {
      const record = await this.#ask(name, asked, block);
      this.#calls += 1;
      this.#usage = addUsage(this.#usage, record.usage);
      if (record.ended !== "infrastructure") await this.#tools.measured.put(`single-step/${name}`, asJson(record));
      return record;
    } finally {
      this.#committed = subtractUsage(this.#committed, estimate);
    }
  }

  #estimate({ config, place, points }: Asked): Usage {
    const usage = points.map((point) => estimateStep(place.session, config, point.at)).reduce(addUsage, noUsage);
    const price = this.#tools.priceOf?.(this.#tools.agent(config.provider, config.model).model);
    return price === undefined ? usage : { ...usage, dollars: dollarsOf(usage, price) };
  }

  /** Asks step by step, each after the conversation as it was recorded, until one decides. */
  async #ask(name: Digest, { config, place, points, seed }: Asked, block: number): Promise<ArmRecord> {
    const { group, session } = place;
    const agent = this.#tools.agent(config.provider, config.model);
    const client = this.#tools.scheduler?.client(agent, { block, expectedCalls: points.length }) ?? agent;
    let record: ArmRecord = { ...notAsked(seed, digestOfJson(asJson(config))), decidedBy: "nothing", ended: "finished", replay: name };
    for (const point of points) {
      try {
        const messages = session.messages.slice(0, point.at);
        const { message: reply, usage } = await client.complete(replayRequest({ session, config, seed, messages }), this.#runtime.signal);
        const judged = judgeStep({ session, group, point, reply }, this.#input.rubric);
        record = { ...record, ...judged, modelCalls: record.modelCalls + 1, usage: addUsage(record.usage, usage) };
      } catch (error) {
        if (!(error instanceof TuneupError) || !["model-unreachable", "model-malformed-reply"].includes(error.code)) throw error;
        return { ...record, ended: "infrastructure" };
      }
      if (record.outcome !== "inconclusive") break;
    }
    return record;
  }
}

/** Stands for an arm that there was no reason to ask for. */
const notAsked = (seed: number, config: Digest): ArmRecord => ({
  outcome: "inconclusive",
  decidedBy: "not asked",
  ended: "inconclusive",
  tiers: Object.fromEntries(tiers.map((tier) => [tier, 0])) as ArmRecord["tiers"],
  modelCalls: 0,
  usage: noUsage,
  seed,
  config,
});

/** The steps that the labels of these sessions cite, where they do. */
export const citedSteps = (
  outcomes: readonly { readonly result: string; readonly sessionId: SessionId; readonly evidence?: readonly { readonly at: number }[] }[],
): ReadonlyMap<SessionId, number> =>
  new Map(
    outcomes.flatMap((outcome) => {
      const at = outcome.evidence?.[0]?.at;
      return outcome.result !== "failed" || at === undefined ? [] : [[outcome.sessionId, at] as const];
    }),
  );

/** Whether rules say enough of single steps: some rule requires a call. */
export const stepsCanBeJudged = ({ rubric }: Pick<RehearsalInput, "rubric">): boolean =>
  rubric.rules.some((rule) => rule.require?.calls !== undefined);
