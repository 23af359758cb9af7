import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { checkCredentials, startWebhookServer, webhookPath, type WebhookServer } from "../../src/app/webhook-server.ts";
import type { Job } from "../../src/ports/job-queue.ts";
import { GithubWorld } from "./github.ts";
import { requestCheck } from "./request-check.ts";
import { sendWebhook } from "./webhooks.ts";

interface Examples {
  readonly name: string;
  readonly examples: readonly Readonly<Record<string, unknown>>[];
}

const require = createRequire(new URL("../engines/package.json", import.meta.url));
const here = "/repos/acme/support-agent";
const problems = (method: string, path: string, body?: object, query: Record<string, string> = {}): readonly string[] =>
  requestCheck()?.problems({ method, path, body, query }) ?? ["GitHub's description is not installed: run npm test"];

describe("a request of any test is held against GitHub's own description, which", () => {
  test("allows what is right", () => {
    expect(problems("POST", `${here}/pulls`, { title: "a", head: "b", base: "main", draft: true })).toEqual([]);
    expect(problems("POST", `${here}/issues`, { title: "a", body: "b", labels: ["c"] })).toEqual([]);
    expect(problems("GET", `${here}/git/ref/heads%2Ftuneup%2Fabc`)).toEqual([]);
    expect(problems("GET", `${here}/pulls`, undefined, { state: "all", per_page: "10" })).toEqual([]);
  });

  test.each<[string, string, string, object | undefined, Record<string, string>]>([
    ["an operation that does not exist", "POST", `${here}/pull`, {}, {}],
    ["a missing member", "POST", `${here}/issues/1/comments`, {}, {}],
    ["a member that does not exist", "POST", `${here}/issues`, { title: "a", labels: [], ready: true }, {}],
    ["a value that is none of those allowed", "POST", `${here}/check-runs`, { name: "a", head_sha: "b", status: "done" }, {}],
    [
      "too many buttons",
      "PATCH",
      `${here}/check-runs/1`,
      { actions: Array.from({ length: 4 }, () => ({ label: "a", description: "b", identifier: "c" })) },
      {},
    ],
    [
      "a label of a button that is too long",
      "PATCH",
      `${here}/check-runs/1`,
      { actions: [{ label: "a".repeat(21), description: "b", identifier: "c" }] },
      {},
    ],
    ["a query that does not exist", "GET", `${here}/pulls`, undefined, { stat: "open" }],
    ["a body where none belongs", "DELETE", `${here}/git/refs/heads%2Fa`, { force: true }, {}],
  ])("refuses %s", (_what, method, path, body, query) => {
    expect(problems(method, path, body, query)).not.toEqual([]);
  });

  test("stops a test whose requests it does not allow", async () => {
    const world = await new GithubWorld({ "a.md": "a" }).start();
    await fetch(`${world.url}${here}/issues`, {
      method: "POST",
      headers: { authorization: `token ${world.token}` },
      body: '{"title":"a","ready":1}',
    });
    await expect(world.stop()).rejects.toThrow(/the body has no "ready"/);
  });
});

describe("GitHub's own example webhooks", () => {
  const secret = "a-secret-of-more-than-16-characters";
  const errors: unknown[] = [];
  const jobs: Job[] = [];
  let world: GithubWorld;
  let server: WebhookServer;
  beforeAll(async () => {
    world = await new GithubWorld({ "a.md": "a" }).start();
    const queue = new MemoryJobQueue();
    const adding = { add: (job: Job) => (jobs.push(job), queue.add(job)) };
    const log = {
      debug() {},
      info() {},
      warn: (fields: unknown) => void errors.push(fields),
      error: (fields: unknown) => void errors.push(fields),
    };
    server = await startWebhookServer({
      credentials: checkCredentials({ id: "7", privateKey: world.app.privateKey, webhookSecret: secret, apiUrl: world.url }),
      queue: adding,
      documents: new MemoryLedger(),
      clock: () => Date.now(),
      log,
      port: 0,
      host: "127.0.0.1",
    });
  });
  afterAll(async () => {
    await server.close();
    await world.stop();
  });

  test("are all answered, start no run and no command, and write nothing to GitHub", async () => {
    const all = require("@octokit/webhooks-examples/api.github.com/index.json") as readonly Examples[];
    const answers = new Map<string, number>();
    for (const { examples, name } of all)
      for (const [index, example] of examples.entries()) {
        const body = JSON.stringify({ installation: { id: 99 }, ...example });
        const status = await sendWebhook(`${server.url}${webhookPath}`, { secret, event: name, guid: randomUUID(), body });
        answers.set(`${name} ${index}`, status);
      }
    expect(answers.size).toBeGreaterThan(300);
    expect([...answers].filter(([, status]) => status !== 200)).toEqual([]);
    expect({
      jobs: jobs.filter((job) => job.name === "run" || job.name === "command"),
      errors,
      writes: world.requests.filter((line) => !line.startsWith("GET") && !line.endsWith("/access_tokens")),
    }).toEqual({
      jobs: [],
      errors: [],
      writes: [],
    });
  });
});
