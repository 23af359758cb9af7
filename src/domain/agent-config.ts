import { type AgentConfig, modelCalls, type Session } from "./session.ts";

/**
 * The harness a session ran with, as its traces show it; `undefined` where they show no model call or no system prompt. Tools may be
 * empty: whether the session can be replayed without definitions is for `replay` to say. Of several model calls the first one counts:
 * a harness that changes its parameters midway is replayed as it began.
 */
export function configOf(session: Session, maxTurns?: number): AgentConfig | undefined {
  const [call] = modelCalls(session);
  const [instructions] = session.instructions;
  if (call === undefined || instructions === undefined) return undefined;
  return {
    provider: call.provider,
    model: call.model,
    instructions: instructions.text,
    tools: session.tools,
    parameters: call.parameters,
    ...(maxTurns === undefined ? {} : { maxTurns }),
  };
}
