import { describe, expect, test } from "vitest";
import { configOf } from "../../src/domain/agent-config.ts";
import { projectId } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage } from "../../src/domain/message.ts";
import { type Replay, type Tier, tiers } from "../../src/domain/replay.ts";
import type { AgentConfig, Session } from "../../src/domain/session.ts";
import type { ModelClient } from "../../src/ports/model-client.ts";
import { assemble } from "../../src/stages/assemble.ts";
import { recordedWorld, replay } from "../../src/stages/replay.ts";
import { aRuntime } from "../builders/runtime.ts";
import { hasTauBench, jsonLines, storeOf, tauBenchTranscripts, tracesOf } from "./tau-bench-transcripts.ts";

const project = projectId("airline");
const recordings = async (): Promise<readonly Session[]> =>
  assemble(await tracesOf(await storeOf(jsonLines(tauBenchTranscripts("gpt-4o-airline.even.json.gz", "airline")), project), project))
    .sessions;

const config = (session: Session): AgentConfig => {
  const own = configOf(session);
  if (own === undefined) throw new Error("a recorded session has a configuration");
  return own;
};

const nothingLeft = textMessage("assistant", "That is all.");

/** An agent that says and calls what another recording's agent did, in order; after its last words it has no more. */
function recordedAssistant(session: Session): ModelClient {
  const said = session.messages.filter((message) => message.role === "assistant");
  let next = 0;
  return {
    model: "recorded",
    simulated: false,
    complete: async () => {
      const message: Message = said[next] ?? nothingLeft;
      next += 1;
      return { message, finish: "stop", usage: noUsage };
    },
  };
}

const play = (session: Session, other: Session, corpus: readonly Session[]): Promise<Replay> =>
  replay(
    { session, config: config(session), world: recordedWorld({ session, corpus, effects: {} }), seed: 1 },
    recordedAssistant(other),
    aRuntime(),
  );

/** A conversation without the marks that Tuneup puts on errors. */
const said = (messages: readonly Message[]): unknown =>
  messages.map(({ parts, role }) => ({
    role,
    parts: parts.map((part) => (part.kind === "tool-result" ? { ...part, isError: false } : part)),
  }));

const trialsOf = (session: Session): string => session.id.replace(/-\d+$/, "");

describe.skipIf(!hasTauBench)("a hundred real airline sessions, four trials of each task", () => {
  test("with their own recorded agent are replayed exactly: every answer from the recording, no divergence, message for message", async () => {
    const sessions = await recordings();
    expect(sessions).toHaveLength(100);
    const none = Object.fromEntries(tiers.map((tier) => [tier, 0]));
    for (const session of sessions) {
      const done = await play(session, session, sessions);
      expect({ id: session.id, ended: done.ended, diverged: done.divergedAtTurn, ...done.tiers, exact: 0 }).toEqual({
        id: session.id,
        ended: "finished",
        diverged: undefined,
        ...none,
      });
      expect(done.trajectory).toMatchObject({ input: 0, tool: 0, extra: 0, missing: 0, sameTools: 1, heldTurns: 1 });
      expect(done.users).toMatchObject({ unfit: 0, generated: 0 });
      // Where the environment ended a session in the middle of a turn, the agent has no recorded words left.
      const played = done.transcript.filter((message) => message !== nothingLeft);
      expect(said(played)).toEqual(said(session.messages.slice(0, played.length)));
      // Nothing is left out but a last message of the user's that nobody answered.
      expect(session.messages.length - played.length).toBeLessThanOrEqual(1);
    }
  });

  test("with another trial's agent leave their recording in most cases, and the tiers say where each answer came from", async () => {
    const sessions = await recordings();
    const counts = Object.fromEntries(tiers.map((tier) => [tier, 0])) as Record<Tier, number>;
    const ends = new Map<string, number>();
    let diverged = 0;
    let replays = 0;
    for (const group of Map.groupBy(sessions, trialsOf).values()) {
      for (const session of group) {
        for (const other of group) {
          if (other === session) continue;
          const done = await play(session, other, [session]);
          replays += 1;
          diverged += Number(done.divergedAtTurn !== undefined);
          ends.set(done.ended, (ends.get(done.ended) ?? 0) + 1);
          for (const tier of tiers) counts[tier] += done.tiers[tier];
        }
      }
    }
    const calls = tiers.reduce((sum, tier) => sum + counts[tier], 0);
    const grounded = (counts.exact + counts.canonical) / calls;
    // The figures of this very data: an agent that is only another sample of itself finds about two of three answers.
    expect(replays).toBe(300);
    expect(grounded).toBeGreaterThan(0.4);
    expect(grounded).toBeLessThan(0.95);
    expect(counts.refused).toBeGreaterThan(0);
    expect(diverged / replays).toBeGreaterThan(0.3);
    expect(ends.get("inconclusive") ?? 0).toBeGreaterThan(0);
    expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(300);
    expect({ ...counts, corpus: counts.corpus }).toMatchObject({ nearest: 0, simulated: 0 });
  });
});
