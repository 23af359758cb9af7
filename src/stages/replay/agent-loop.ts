import type { Json } from "../../domain/ids.ts";
import { addUsage, type Message, noUsage, textOf, toolRequests, type Usage } from "../../domain/message.ts";
import { type Replay, type Tier, tiers } from "../../domain/replay.ts";
import type { AgentConfig, Session } from "../../domain/session.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import type { Runtime } from "../../ports/runtime.ts";
import { replayRequest } from "./decision.ts";
import { estimateReplay } from "./estimate.ts";
import type { RecordedTurn } from "./turns.ts";
import type { RecordedWorld, ToolAnswer } from "./resolver.ts";
import type { PlacedCall } from "./trajectory.ts";
import { simulatedAnswer, type ToolModel } from "./approximate/tool-model.ts";
import type { UserModel } from "./simulated-user.ts";

export interface AgentRun {
  readonly session: Session;
  readonly config: AgentConfig;
  readonly world: RecordedWorld;
  readonly seed: number;
  /** Speaks for the user where recorded turns do not fit. Absent: they are given all the same, and counted. */
  readonly user?: UserModel;
  /** Answers reads that no recording answers. Absent: they are refused. */
  readonly tools?: ToolModel;
}

export type TurnEnd = "answered" | Exclude<Replay["ended"], "finished" | "infrastructure">;

/** The same call so often is a loop. */
const loopLength = 4;
/** A replay may write so many times what was recorded, and a little more, before it counts as run away. */
const timesRecorded = 3;
const freeOutput = 4000;

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
  readonly #mostOutput: number;
  readonly #repeats = new Map<string, number>();
  /** What the agent itself has written; the models that stand in for users and tools have no limit in common with it. */
  #output = 0;
  #calls: PlacedCall[] = [];

  constructor(run: AgentRun, model: ModelClient, runtime: Runtime) {
    this.#run = run;
    this.#model = model;
    this.#runtime = runtime;
    this.#mostOutput = timesRecorded * estimateReplay(run.session, run.config, false).outputTokens + freeOutput;
  }

  /** Tool calls made in the current turn, in order. */
  get calls(): readonly PlacedCall[] {
    return this.#calls;
  }

  /** What the agent said last. */
  get lastWords(): string {
    const last = this.transcript.findLast((message) => message.role === "assistant");
    return last === undefined ? "" : textOf(last);
  }

  /** Lets the agent work until it answers, within the turn's limits. Model errors pass through. */
  async turn(turn: Pick<RecordedTurn, "messages" | "modelCalls">): Promise<TurnEnd> {
    this.#calls = [];
    this.transcript.push(...turn.messages);
    const most = Math.min(this.#run.config.maxTurns ?? Infinity, 2 * turn.modelCalls + 4);
    for (let call = 0; call < most; call += 1) {
      const reply = await this.#model.complete(replayRequest({ ...this.#run, messages: this.transcript }), this.#runtime.signal);
      this.modelCalls += 1;
      this.usage = addUsage(this.usage, reply.usage);
      this.#output += reply.usage.outputTokens;
      this.transcript.push(reply.message);
      const end = await this.#answerTools(reply.message);
      if (end !== undefined) return end;
      if (this.#output > this.#mostOutput) {
        this.why = `more than ${timesRecorded} times the recorded output`;
        return "limit";
      }
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
      this.#calls.push({ tool, key });
      const answer = await this.#answerOf(tool, input);
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

  /** From recordings; where they hold none to a read, from the model that plays the tools. */
  async #answerOf(tool: string, input: Json): Promise<ToolAnswer> {
    const { tools, world } = this.#run;
    const answer = world.answer(tool, input);
    const asked = answer.tier === "refused" && tools !== undefined ? world.unanswered(tool, input) : undefined;
    if (asked === undefined || tools === undefined) return answer;
    const simulated = await simulatedAnswer(asked, tools, this.#runtime.signal);
    this.usage = addUsage(this.usage, simulated.usage);
    return simulated.result === "answered" ? { tier: "simulated", output: simulated.output, isError: false } : answer;
  }
}
