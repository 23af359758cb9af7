import { digestOfJson, shortDigest } from "../../domain/digest.ts";
import { addUsage, type Message, noUsage, toolRequests, type Usage } from "../../domain/message.ts";
import { type Replay, type Tier, tiers } from "../../domain/replay.ts";
import type { AgentConfig, Session } from "../../domain/session.ts";
import type { ModelClient, ModelRequest } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";
import type { RecordedTurn } from "./turns.ts";
import type { RecordedWorld } from "./resolver.ts";

export interface AgentRun {
  readonly session: Session;
  readonly config: AgentConfig;
  readonly world: RecordedWorld;
  readonly seed: number;
}

export type TurnEnd = "answered" | Exclude<Replay["ended"], "finished" | "infrastructure">;

/** The same call so often is a loop. */
const loopLength = 4;
const defaultMaxTokens = 4096;

/** The agent at work on one conversation: model calls and recorded tools, until it answers the user. */
export class AgentLoop {
  readonly transcript: Message[] = [];
  readonly tiers: Record<Tier, number> = Object.fromEntries(tiers.map((tier) => [tier, 0])) as Record<Tier, number>;
  usage: Usage = noUsage;
  modelCalls = 0;
  why: string | undefined;
  readonly #run: AgentRun;
  readonly #model: ModelClient;
  readonly #runtime: Runtime;
  readonly #conversation: string;
  readonly #repeats = new Map<string, number>();
  #keys: string[] = [];

  constructor(run: AgentRun, model: ModelClient, runtime: Runtime) {
    this.#run = run;
    this.#model = model;
    this.#runtime = runtime;
    // The same in every arm, so that nothing but the edit tells the arms apart.
    this.#conversation = shortDigest(digestOfJson({ session: run.session.id, seed: run.seed }), 32);
  }

  /** Keys of the tool calls made in the current turn, in order. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** Lets the agent work until it answers, within the turn's limits. Model errors pass through. */
  async turn(turn: RecordedTurn): Promise<TurnEnd> {
    this.#keys = [];
    this.transcript.push(...turn.messages);
    const most = Math.min(this.#run.config.maxTurns ?? Infinity, 2 * turn.modelCalls + 4);
    for (let call = 0; call < most; call += 1) {
      const reply = await this.#model.complete(this.#request(), this.#runtime.signal);
      this.modelCalls += 1;
      this.usage = addUsage(this.usage, reply.usage);
      this.transcript.push(reply.message);
      const end = await this.#answerTools(reply.message);
      if (end !== undefined) return end;
    }
    this.why = `more than ${most} model calls for one user turn`;
    return "limit";
  }

  /** `undefined`: the agent goes on. */
  async #answerTools(message: Message): Promise<TurnEnd | undefined> {
    const requests = toolRequests(message);
    if (requests.length === 0) return "answered";
    const { world } = this.#run;
    for (const { id, input, tool } of requests) {
      const key = world.key(tool, input);
      const repeated = (this.#repeats.get(`${world.epoch} ${key}`) ?? 0) + 1;
      this.#repeats.set(`${world.epoch} ${key}`, repeated);
      this.#keys.push(key);
      const answer = await world.answer(tool, input);
      this.tiers[answer.tier] += 1;
      this.transcript.push({
        role: "tool",
        parts: [{ kind: "tool-result", id, output: answer.output, ...(answer.isError ? { isError: true } : {}) }],
      });
      if (repeated >= loopLength) {
        this.why = `the same call ${loopLength} times`;
        return "loop";
      }
    }
    if (this.tiers.refused < 2) return undefined;
    this.why = "the replay needed answers that no recording holds";
    return "inconclusive";
  }

  #request(): ModelRequest {
    const { config, seed } = this.#run;
    const recorded = config.parameters["max_tokens"];
    return {
      purpose: "replay",
      conversation: this.#conversation,
      system: config.instructions,
      messages: [...this.transcript],
      ...(config.tools.length === 0 ? {} : { tools: config.tools }),
      maxTokens: typeof recorded === "number" ? recorded : defaultMaxTokens,
      parameters: { seed, ...config.parameters },
    };
  }
}
