import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { anthropicModel } from "../../src/adapters/anthropic-model/anthropic-model.ts";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { OpenworkflowJobQueue } from "../../src/adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { readPrompts } from "../../src/compose.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { draft, type DraftInput } from "../../src/stages/draft.ts";
import { type Case, Findings, settled } from "../attacks/case.ts";
import { quickRetry } from "../attacks/publishing-rig.ts";
import { aRuntime } from "../builders/runtime.ts";
import { aCluster } from "../builders/session-builder.ts";
import { shown, sourceOf } from "../stages/vet/vet-scope.ts";

const path = "prompts/system.md";
const text = "# Support\n\n- Ask for the order number.\n- Be brief.\n";
const input: DraftInput = {
  cluster: aCluster([], { users: 3 }),
  shown: [shown(["user: hello", "agent: hi"], text)],
  sources: [sourceOf({ path, text })],
  files: new Map([[path, text]]),
  tools: [],
  count: 4,
};

const message = (reply: string, stop = "end_turn"): object => ({
  id: "m",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: reply }],
  stop_reason: stop,
  usage: { input_tokens: 7, output_tokens: 3 },
});
const failure = (type: string): object => ({ type: "error", error: { type, message: type } });

const answers: readonly (readonly [what: string, status: number, body: string])[] = [
  ["429", 429, JSON.stringify(failure("rate_limit_error"))],
  ["500", 500, JSON.stringify(failure("api_error"))],
  ["529", 529, JSON.stringify(failure("overloaded_error"))],
  ["a retired model", 404, JSON.stringify(failure("not_found_error"))],
  ["half a JSON", 200, JSON.stringify(message('{"hypotheses": [{"level": "prom', "max_tokens"))],
  ["no JSON", 200, JSON.stringify(message("I would rather talk about the weather."))],
  ["a refusal", 200, JSON.stringify(message("", "refusal"))],
];

/** Answers every request in the same way, and counts them. */
async function withModel<T>(status: number, body: string, work: (url: string, asked: () => number) => Promise<T>): Promise<T> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await work(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, () => asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const mostRequests = 20;

const f14: Case = {
  id: "F14",
  title: "a model that is limited, down, overloaded, retired, cut off, off the subject, or refuses",
  guard: "the bound on trying again",
  async run(guard) {
    const findings = new Findings();
    const prompt = readPrompts().draft;
    for (const [what, status, body] of answers)
      await withModel(status, body, async (baseUrl, asked) => {
        const client = anthropicModel({ model: "claude-x", apiKey: "key-that-must-not-leak", baseUrl, ...quickRetry });
        // Without a bound somebody asks until an edit comes.
        const rounds = guard === "on" ? 1 : mostRequests + 1;
        for (let round = 0; round < rounds; round += 1) {
          const done = await settled(draft(input, client, prompt, aRuntime()));
          if ("value" in done) {
            findings.must(done.value.candidates.length === 0, `${what}: an edit came of it`);
            findings.must(round > 0 || done.value.usage.inputTokens === 7 * asked(), `${what}: what was paid is not what is booked`);
          } else {
            findings.must(done.error instanceof TuneupError && done.error.remedy !== "", `${what}: nobody is told by name`);
            findings.must(!String(done.error).includes("key-that-must-not-leak"), `${what}: the key stands in the error`);
          }
        }
        findings.must(asked() <= mostRequests, `${what}: it was asked more than ${mostRequests} times`);
      });
    return findings.all;
  },
};

const f18: Case = {
  id: "F18",
  title: "the service is told to stop with ten jobs at work, and a new one starts",
  guard: "the durable memory of jobs and their finished steps",
  async run(guard) {
    const folder = mkdtempSync(join(tmpdir(), "tuneup-fault-"));
    const ledger = new MemoryLedger();
    const open = (): JobQueue => (guard === "on" ? OpenworkflowJobQueue.open(join(folder, "jobs.db"), ledger) : new MemoryJobQueue());
    const paid = new Map<string, number>();
    const ended = new Set<string>();
    const work = (queue: JobQueue, slow: boolean): void =>
      queue.work("run", async (job, steps, signal) => {
        await steps.run("paid", async () => void paid.set(job.key, (paid.get(job.key) ?? 0) + 1));
        await steps.run("published", async () => {
          if (slow) await wait(300, undefined, { signal });
          ended.add(job.key);
        });
      });
    try {
      const findings = new Findings();
      const first = open();
      work(first, true);
      for (let number = 0; number < 10; number += 1) await first.add({ name: "run", key: `job-${number}`, payload: null });
      await first.start();
      while (paid.size === 0) await wait(10);
      const told = performance.now();
      await first.stop();
      findings.must(performance.now() - told < 30_000, "stopping takes more than half a minute");
      const second = open();
      work(second, false);
      await second.start();
      for (let look = 0; look < 60 && ended.size < 10; look += 1) await wait(guard === "on" ? 250 : 20);
      await second.stop();
      findings.must(ended.size === 10, `${ended.size} of 10 jobs ended`);
      findings.must(
        [...paid.values()].every((times) => times === 1),
        "a finished step was done again",
      );
      return findings.all;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

export const modelFaults: readonly Case[] = [f14, f18];
