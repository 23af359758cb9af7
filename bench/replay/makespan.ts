import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { makeRuntime } from "../../src/compose/runtime.ts";
import { configOf } from "../../src/domain/agent-config.ts";
import { digestOf } from "../../src/domain/digest.ts";
import type { Allowed } from "../../src/domain/edit.ts";
import { digest, instant, projectId, sessionId } from "../../src/domain/ids.ts";
import { type Message, noUsage, textMessage } from "../../src/domain/message.ts";
import { seededRandom } from "../../src/domain/random.ts";
import { dollarsOf } from "../../src/domain/replaying/price.ts";
import type { Call, Session } from "../../src/domain/session.ts";
import { CallScheduler } from "../../src/pipeline/call-scheduler.ts";
import { concurrently } from "../../src/pipeline/concurrently.ts";
import { Rehearsal, type RehearsalInput } from "../../src/pipeline/rehearse.ts";
import type { ModelRequest } from "../../src/ports/model-client.ts";
import { makeRubric } from "../../src/stages/judge.ts";
import { estimateReplay } from "../../src/stages/replay.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { type AnsweredCall, VirtualProvider } from "./virtual-provider.ts";

const latency = 2000;
export const slots = 8;
const price = { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 };
const instructions = `You are a support agent. ${"Follow the policy. ".repeat(1200)}`;
const shortest = 4;

/** Sessions of very different length: four to about thirty model calls, most of them short. */
function recordings(seed: number, count: number): readonly Session[] {
  return Array.from({ length: count }, (_, index) => {
    const random = seededRandom(seed, "length", String(index));
    const calls = shortest + Math.floor(-Math.log(1 - random() * 0.96) * 7);
    return recording(`s-${index}`, calls);
  });
}

function recording(id: string, count: number): Session {
  const messages: Message[] = [textMessage("user", `Question ${id}. ${"Some words. ".repeat(40)}`)];
  const calls: Call[] = [];
  for (let step = 1; step < count; step += 1) {
    const input = { of: `${id}-${step}` };
    messages.push({ role: "assistant", parts: [{ kind: "tool-request", id: `c${step}`, tool: "get_page", input }] });
    calls.push(modelCall(messages.length - 1));
    const output = `page ${id}-${step} ${"text of it ".repeat(280)}`;
    calls.push({ kind: "tool", id: `c${step}`, tool: "get_page", input, output, at: messages.length - 1 });
    messages.push({ role: "tool", parts: [{ kind: "tool-result", id: `c${step}`, output }] });
  }
  messages.push(textMessage("assistant", `Done. ${"An answer. ".repeat(60)}`));
  calls.push(modelCall(messages.length - 1));
  return {
    id: sessionId(id),
    project: projectId("bench"),
    startedAt: instant("2026-01-01T00:00:00.000Z"),
    messages,
    calls,
    instructions: [{ digest: digestOf(instructions), text: instructions }],
    tools: [{ name: "get_page", description: "Reads a page.", parameters: { type: "object" } }],
    feedback: [],
    missing: [],
  };
}

const modelCall = (at: number): Call => ({
  kind: "model",
  spanId: `m${at}`,
  provider: "p",
  model: "m",
  parameters: {},
  at,
  usage: noUsage,
});

const edit: Allowed = {
  result: "allowed",
  candidate: { id: digest("sha256:aa"), kind: "rewrite", hypothesis: "h", edits: [] },
  files: [],
  changes: [{ target: "instructions", before: "You are a support agent.", after: "You are a careful support agent." }],
  needsHuman: [],
};

export interface Measured {
  /** Lower bound ÷ actual. */
  readonly makespan: number;
  readonly cost: number;
  /** What the estimate before said ÷ what was paid. */
  readonly estimate: number;
  readonly calls: number;
  readonly refused: number;
  readonly seconds: number;
}

/** Replays both arms of all sessions against the virtual provider and holds time and money against what nobody could go below. */
export async function measure(options: {
  readonly seed: number;
  readonly sessions: number;
  readonly requestsPerMinute: number;
  readonly scheduled: boolean;
}): Promise<Measured> {
  const sessions = recordings(options.seed, options.sessions);
  const byOpening = new Map(sessions.map((session) => [JSON.stringify(session.messages[0]), session]));
  const reply = (request: ModelRequest): Message =>
    byOpening.get(JSON.stringify(request.messages[0]))?.messages[request.messages.length] ?? textMessage("assistant", "?");
  const clock = new VirtualClock();
  const provider = new VirtualProvider({ latency, requestsPerMinute: options.requestsPerMinute, reply }, clock);
  const rehearsal = new Rehearsal(
    inputOf(sessions),
    {
      agent: (_provider, model) => provider.client(model),
      measured: new MemoryLedger(),
      ...(options.scheduled ? { scheduler: new CallScheduler(slots, clock) } : {}),
    },
    makeRuntime({ signal: new AbortController().signal }),
  );
  // Without a scheduler, sessions take turns in their order, as most harnesses do it; a pair is two conversations at once.
  const atOnce = options.scheduled ? sessions.length : slots / 2;
  const pairs = sessions.map((session, index) => ({
    place: { group: "failing" as const, index, session },
    block: Math.floor(index / (2 * slots)),
  }));
  const elapsed = await clock.time(() => concurrently(pairs, atOnce, ({ block, place }) => rehearsal.pair(place, edit, block)));
  const chains = sessions.flatMap((session) => [callsOf(session), callsOf(session)]);
  const paid = provider.log.reduce((sum, { usage }) => sum + dollarsOf(usage, price), 0);
  return {
    makespan: timeBound(chains, options.requestsPerMinute) / elapsed,
    cost: costBound(provider.log) / paid,
    estimate: estimateOf(sessions) / paid,
    calls: provider.calls,
    refused: provider.refused,
    seconds: elapsed / 1000,
  };
}

const inputOf = (sessions: readonly Session[]): RehearsalInput => ({
  corpus: sessions,
  rubric: makeRubric({ rules: [{ name: "done", require: { agentSays: ["done"] } }], items: [] }),
  effects: {},
  seed: 1,
  configOf: (session) => configOf(session),
});

const callsOf = (session: Session): number => session.calls.filter((call) => call.kind === "model").length;

/** Nobody is faster than all slots always busy, the longest conversation, or the provider's limit with its bucket full at the start. */
function timeBound(chains: readonly number[], requestsPerMinute: number): number {
  const calls = chains.reduce((sum, count) => sum + count, 0);
  const byLimit = (Math.max(0, calls - requestsPerMinute) / requestsPerMinute) * 60_000;
  return Math.max((calls * latency) / slots, Math.max(...chains) * latency, byLimit);
}

/**
 * Nobody pays less than: each arm's prefix written once, every conversation's own tokens written once if they are read again and as plain input if
 * not, everything else read from the cache, and the output.
 */
function costBound(log: readonly AnsweredCall[]): number {
  let millionths = 0;
  for (const arm of Map.groupBy(log, (call) => call.arm).values())
    millionths += (arm[0]?.prefix ?? 0) * (price.cacheWrite - price.cacheRead);
  for (const chain of Map.groupBy(log, (call) => call.chain).values()) {
    let before = chain[0]?.prefix ?? 0;
    for (const [index, { usage }] of chain.entries()) {
      const isLast = index === chain.length - 1;
      millionths += before * price.cacheRead + (usage.inputTokens - before) * (isLast ? price.input : price.cacheWrite);
      millionths += usage.outputTokens * price.output;
      before = usage.inputTokens;
    }
  }
  return millionths / 1_000_000;
}

function estimateOf(sessions: readonly Session[]): number {
  return sessions.reduce((sum, session) => {
    const config = configOf(session);
    return config === undefined ? sum : sum + 2 * dollarsOf(estimateReplay(session, config, true), price);
  }, 0);
}
