import { TuneupError } from "../domain/errors.ts";
import type { Replay } from "../domain/replay.ts";
import { type AgentConfig, type Session, toolCalls, userTurns } from "../domain/session.ts";
import type { ModelClient } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import { AgentLoop, type AgentRun } from "./replay/agent-loop.ts";
import { Conversation } from "./replay/conversation.ts";
import { RecordedWorld, type RecordedWorldInput } from "./replay/resolver.ts";

export { decisionOf, lastDecision, replayRequest } from "./replay/decision.ts";
export { estimateJudgement, estimateReplay, estimateStep } from "./replay/estimate.ts";
export { fidelityOf, type SelfReplayed } from "./replay/fidelity.ts";
export type { RecordedWorld } from "./replay/resolver.ts";
export type { ToolModel } from "./replay/approximate/tool-model.ts";
export type { UserModel } from "./replay/simulated-user.ts";

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
 * was good is for `judge`. The recorded user turns are given in order, each after the agent's answer to the one before; where one does not fit
 * what the agent asks, a user model speaks from the recorded user's card, if there is one. Tools answer from recordings only. Never calls a
 * real tool, never learns which arm it plays.
 *
 * A model that cannot be reached, or answers nonsense, ends the replay as `infrastructure`; a request that the model refuses throws, as every
 * other replay would fail the same way.
 */
export async function replay(run: AgentRun, model: ModelClient, runtime: Runtime): Promise<Replay> {
  const loop = new AgentLoop(run, model, runtime);
  const conversation = new Conversation(run, loop, runtime);
  const ended = await play(conversation, loop);
  const { divergedAtTurn } = conversation;
  return {
    sessionId: run.session.id,
    transcript: loop.transcript,
    tiers: loop.tiers,
    ...(divergedAtTurn === undefined ? {} : { divergedAtTurn }),
    trajectory: conversation.trajectory(),
    users: conversation.users,
    ended,
    ...(loop.why === undefined ? {} : { why: loop.why }),
    usage: loop.usage,
    modelCalls: loop.modelCalls,
  };
}

async function play(conversation: Conversation, loop: AgentLoop): Promise<Replay["ended"]> {
  try {
    return await conversation.run();
  } catch (error) {
    if (!(error instanceof TuneupError) || !["model-unreachable", "model-malformed-reply"].includes(error.code)) throw error;
    loop.why = error.message;
    return "infrastructure";
  }
}
