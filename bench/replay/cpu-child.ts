import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { openaiModel } from "../../src/adapters/openai-model/openai-model.ts";
import { makeRuntime, realRetryTools } from "../../src/compose/runtime.ts";
import { configOf } from "../../src/domain/agent-config.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { instant, projectId, sessionId } from "../../src/domain/ids.ts";
import { noUsage, textMessage } from "../../src/domain/message.ts";
import type { Session } from "../../src/domain/session.ts";
import { CallScheduler } from "../../src/pipeline/call-scheduler.ts";
import { Rehearsal } from "../../src/pipeline/rehearse.ts";
import { makeRubric } from "../../src/stages/judge.ts";

/** A process of its own that replays so many one-call sessions against a server: `cpu-child.ts <base URL> <count>`. Its CPU time is measured from outside. */
const [baseUrl = "", count = "0"] = process.argv.slice(2);
const instructions = "You answer questions about a shop.";

const sessions: readonly Session[] = Array.from({ length: Number(count) }, (_, index) => ({
  id: sessionId(`s-${index}`),
  project: projectId("bench"),
  startedAt: instant("2026-01-01T00:00:00.000Z"),
  messages: [textMessage("user", `What is the answer to question ${index}?`), textMessage("assistant", "The answer is 42.")],
  calls: [{ kind: "model", spanId: "m", provider: "openai", model: "gpt-x", parameters: {}, at: 1, usage: noUsage }],
  instructions: [{ digest: digestOf(instructions), text: instructions }],
  tools: [],
  feedback: [],
  missing: [],
}));

const rehearsal = new Rehearsal(
  {
    corpus: sessions,
    rubric: makeRubric({ rules: [{ name: "answers", require: { agentSays: ["42"] } }], items: [] }),
    effects: {},
    seed: 1,
    configOf: (session) => configOf(session),
  },
  {
    agent: (_provider, model) => openaiModel({ model, apiKey: "none", baseUrl, ...realRetryTools }),
    measured: new MemoryLedger(),
    scheduler: new CallScheduler(8, realRetryTools),
  },
  makeRuntime({ signal: new AbortController().signal }),
);
const arms = await Promise.all(sessions.map((session) => rehearsal.selfReplay(session)));
const passed = arms.filter((arm) => arm?.outcome === "passed").length;
if (passed !== sessions.length) {
  process.stderr.write(`${passed} of ${sessions.length} passed\n`);
  process.exitCode = 1;
}
