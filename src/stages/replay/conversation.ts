import { addUsage, textMessage } from "../../domain/message.ts";
import type { Replay, Trajectory, UserTurns } from "../../domain/replay.ts";
import type { Runtime } from "../../ports/runtime.ts";
import type { AgentLoop, AgentRun, TurnEnd } from "./agent-loop.ts";
import { nextUserTurn } from "./simulated-user.ts";
import { turnFits } from "./slots.ts";
import { type PlacedCall, trajectoryOf } from "./trajectory.ts";
import { type RecordedTurn, recordedTurns } from "./turns.ts";

/** Generated turns in a row, and in all beyond the recorded ones, after which a replay has nothing to do with its recording any more. */
const mostInARow = 3;

/** The user's side of a replay: recorded turns while they fit, generated ones in between, and what came of both. */
export class Conversation {
  readonly #run: AgentRun;
  readonly #loop: AgentLoop;
  readonly #runtime: Runtime;
  readonly #turns: readonly RecordedTurn[];
  readonly #replayed: PlacedCall[] = [];
  readonly #errors: Record<string, number> = {};
  #recorded = 0;
  #unfit = 0;
  #generated = 0;
  #divergedAtTurn: number | undefined;

  constructor(run: AgentRun, loop: AgentLoop, runtime: Runtime) {
    this.#run = run;
    this.#loop = loop;
    this.#runtime = runtime;
    this.#turns = recordedTurns(run.session, (tool, input) => run.world.key(tool, input));
  }

  /** Index of the first recorded turn in which the tool calls left the recording. */
  get divergedAtTurn(): number | undefined {
    return this.#divergedAtTurn;
  }

  get users(): UserTurns {
    return { recorded: this.#recorded, unfit: this.#unfit, generated: this.#generated, errors: { ...this.#errors } };
  }

  trajectory(): Trajectory {
    const recorded = this.#turns.flatMap((turn) => turn.calls);
    const held = this.#divergedAtTurn ?? this.#recorded;
    return trajectoryOf(recorded, this.#replayed, { held, all: this.#turns.length });
  }

  /** Plays the conversation to its end. Model errors pass through. */
  async run(): Promise<Replay["ended"]> {
    for (const [index, turn] of this.#turns.entries()) {
      const bridged = await this.#bridge(turn);
      if (bridged !== "answered") return bridged;
      this.#recorded += 1;
      const end = await this.#loop.turn(turn);
      this.#keep(turn, index);
      if (end !== "answered") return end;
    }
    return "finished";
  }

  /** Generated turns until the recorded one fits. */
  async #bridge(turn: RecordedTurn): Promise<TurnEnd | "finished"> {
    const { user } = this.#run;
    for (let count = 0; !turnFits(turn, this.#loop.lastWords); count += 1) {
      if (user === undefined) {
        this.#unfit += 1;
        return "answered";
      }
      if (count >= mostInARow) return this.#stop("the conversation has left the recorded user behind");
      const next = await nextUserTurn(this.#run.session, this.#loop.transcript, user, this.#runtime.signal);
      this.#loop.usage = addUsage(this.#loop.usage, next.usage);
      for (const error of next.errors) this.#errors[error] = (this.#errors[error] ?? 0) + 1;
      if (next.result === "refused") return this.#stop("nothing could be said in the user's name");
      if (next.stop) return "finished";
      this.#generated += 1;
      const end = await this.#loop.turn({ messages: [textMessage("user", next.text)], modelCalls: turn.modelCalls });
      this.#replayed.push(...this.#loop.calls);
      if (end !== "answered") return end;
    }
    return "answered";
  }

  #stop(why: string): "inconclusive" {
    this.#loop.why = why;
    return "inconclusive";
  }

  #keep(turn: RecordedTurn, index: number): void {
    const { calls } = this.#loop;
    this.#replayed.push(...calls);
    const same = calls.length === turn.calls.length && calls.every((call, place) => call.key === turn.calls[place]?.key);
    if (!same) this.#divergedAtTurn ??= index;
  }
}
