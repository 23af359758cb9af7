import { TuneupError } from "../domain/errors.ts";
import type { Replay } from "../domain/replay.ts";
import { type AgentConfig, type Session, toolCalls, userTurns } from "../domain/session.ts";
import type { ModelClient } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import { AgentLoop, type AgentRun } from "./replay/agent-loop.ts";
import { RecordedWorld, type RecordedWorldInput } from "./replay/resolver.ts";
import { recordedTurns } from "./replay/turns.ts";

export type { RecordedWorld } from "./replay/resolver.ts";

/** The recorded tools of one replay; stateful, so every arm needs its own. */
export const recordedWorld = (input: RecordedWorldInput): RecordedWorld => new RecordedWorld(input);

/** Whether a session can be run again under a configuration; `why` names the missing part first, as `MissingPart` has it. */
export function replayable(session: Session, config: AgentConfig): { readonly ok: true } | { readonly ok: false; readonly why: string } {
  const called = new Set(toolCalls(session).map((call) => call.tool));
  const defined = new Set(config.tools.map((tool) => tool.name));
  const undefinedTools = [...called].filter((tool) => !defined.has(tool));
  if (userTurns(session).length === 0) return { ok: false, why: "messages: there is no user turn" };
  if (session.missing.includes("messages")) return { ok: false, why: "messages: the traces do not carry them all" };
  if (session.missing.includes("truncated")) return { ok: false, why: "truncated: attributes were cut when they were recorded" };
  if (undefinedTools.length > 0)
    return {
      ok: false,
      why: "tool-definitions: tools were called that neither the traces, nor the repository, nor the operator file define",
    };
  if (session.missing.includes("tool-output")) return { ok: false, why: "tool-output: the traces do not carry what the tools answered" };
  return { ok: true };
}

/**
 * In: a recorded session, a configuration (unchanged or edited) and recorded tools. Out: what happened when the agent ran again; whether it
 * was good is for `judge`. The recorded user turns are given in order, each after the agent's answer to the one before; tools answer from
 * recordings only. Never calls a real tool, never learns which arm it plays.
 *
 * A model that cannot be reached, or answers nonsense, ends the replay as `infrastructure`; a request that the model refuses throws, as every
 * other replay would fail the same way.
 */
export async function replay(run: AgentRun, model: ModelClient, runtime: Runtime): Promise<Replay> {
  const loop = new AgentLoop(run, model, runtime);
  const progress: { divergedAtTurn?: number } = {};
  const ended = await play(run, loop, progress);
  return {
    sessionId: run.session.id,
    transcript: loop.transcript,
    tiers: loop.tiers,
    ...progress,
    ended,
    ...(loop.why === undefined ? {} : { why: loop.why }),
    usage: loop.usage,
    modelCalls: loop.modelCalls,
  };
}

async function play(run: AgentRun, loop: AgentLoop, progress: { divergedAtTurn?: number }): Promise<Replay["ended"]> {
  try {
    for (const [index, turn] of recordedTurns(run.session, (tool, input) => run.world.key(tool, input)).entries()) {
      const end = await loop.turn(turn);
      if (progress.divergedAtTurn === undefined && !sameKeys(loop.keys, turn.keys)) progress.divergedAtTurn = index;
      if (end !== "answered") return end;
    }
    return "finished";
  } catch (error) {
    if (!(error instanceof TuneupError) || !["model-unreachable", "model-malformed-reply"].includes(error.code)) throw error;
    loop.why = error.message;
    return "infrastructure";
  }
}

const sameKeys = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((key, index) => key === right[index]);
