import { createHmac, generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { permissionLookUps, type PermissionLookUps } from "../../src/app/commands/permission-look-ups.ts";
import { checkCredentials, startWebhookServer, webhookPath, type WebhookServer } from "../../src/app/webhook-server.ts";
import type { Job } from "../../src/ports/job-queue.ts";
import { type GithubDouble, githubDouble } from "./github-double.ts";

const secret = "a-secret-of-more-than-16-characters";
const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let server: WebhookServer;
let queue: MemoryJobQueue;
let ledger: MemoryLedger;
let now = 0;
let lookUps: PermissionLookUps;
const octokit = new ProbotOctokit({ auth: { token: "x" }, throttle: { enabled: false }, retry: { enabled: false } });
const mayWrite = (login: string): Promise<boolean> => lookUps.mayWrite(octokit, { owner: "acme", repo: "support-agent" }, login);
let ran: Job[];

beforeEach(async () => {
  nock.disableNetConnect();
  nock.enableNetConnect(/^127\.0\.0\.1/);
  queue = new MemoryJobQueue();
  now = 0;
  lookUps = permissionLookUps(() => now);
  ran = [];
  ledger = new MemoryLedger();
  for (const name of ["run", "command"])
    queue.work(name, async (job) => {
      ran.push(job);
    });
  await queue.start();
  server = await startWebhookServer({
    credentials: checkCredentials({ id: "7", privateKey, webhookSecret: secret }),
    queue,
    documents: ledger,
    clock: () => now,
    log: quiet,
    port: 0,
    host: "127.0.0.1",
  });
});
afterEach(async () => {
  await server.close();
  nock.cleanAll();
  nock.enableNetConnect();
});

interface Written {
  readonly login?: string;
  readonly type?: string;
  readonly action?: string;
  readonly app?: object;
  readonly onPull?: boolean;
}

const payload = (body: string, changes: Written = {}): object => ({
  action: changes.action ?? "created",
  installation: { id: 99 },
  repository: { id: 1, name: "support-agent", full_name: "acme/support-agent", owner: { login: "acme" } },
  issue: { number: 12, ...(changes.onPull === true ? { pull_request: { url: "x" } } : {}) },
  comment: {
    id: 555,
    body,
    created_at: "2026-01-01T00:00:00Z",
    user: { login: changes.login ?? "ada", type: changes.type ?? "User" },
    performed_via_github_app: changes.app ?? null,
  },
  sender: { login: changes.login ?? "ada", type: changes.type ?? "User" },
});

async function deliver(
  content: object,
  options: { readonly secret?: string; readonly id?: string; readonly event?: string } = {},
): Promise<number> {
  const text = JSON.stringify(content);
  const signature = `sha256=${createHmac("sha256", options.secret ?? secret)
    .update(text)
    .digest("hex")}`;
  const response = await fetch(`${server.url}${webhookPath}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": options.event ?? "issue_comment",
      "x-github-delivery": options.id ?? "0b7a1d2e-0000-4000-8000-000000000001",
      "x-hub-signature-256": signature,
    },
    body: text,
  });
  return response.status;
}

const nothing = { ran: [], comments: [], reactions: [] };
const done = ({ comments, reactions }: GithubDouble): object => ({ ran, comments, reactions });

describe("a comment on a repository with the App", () => {
  test("starts one durable run and gets 👀 when the commenter may write", async () => {
    const { reactions } = githubDouble();
    expect(await deliver(payload("/tuneup run c-4f1d\r\nplease"))).toBe(200);
    await queue.idle();
    expect(reactions).toEqual(["555 eyes"]);
    expect(ran).toEqual([
      {
        name: "run",
        key: "acme/support-agent/555",
        payload: {
          installation: 99,
          owner: "acme",
          repository: "support-agent",
          issue: 12,
          comment: 555,
          login: "ada",
          command: "run",
          cluster: "c-4f1d",
        },
      },
    ]);
  });

  test("delivered twice is still one run", async () => {
    githubDouble();
    await deliver(payload("/tuneup run"));
    await deliver(payload("/tuneup run"), { id: "0b7a1d2e-0000-4000-8000-000000000002" });
    await queue.idle();
    expect(ran).toHaveLength(1);
  });

  test("with a quick command becomes a job of the quick lane", async () => {
    githubDouble();
    await deliver(payload("/Tuneup STATUS", { onPull: true }));
    await queue.idle();
    expect(ran).toMatchObject([{ name: "command", payload: { command: "status", onPull: true } }]);
  });

  test("keeps words beside the request, by digest, as they were received", async () => {
    githubDouble();
    await deliver(payload("/tuneup ignore c-4f1d wanted\u200B as it is"));
    await queue.idle();
    const [text = ""] = (await ledger.keys("command-text/")).map((key) => key.replace("command-text/", ""));
    expect(text).toMatch(/^sha256:/);
    expect(ran).toMatchObject([{ payload: { command: "ignore", text } }]);
    expect(await ledger.get(`command-text/${text}`)).toBe("c-4f1d wanted as it is");
  });

  test("in a review is read alike, and gets its reaction there", async () => {
    const github = githubDouble();
    const { action, comment, installation, repository, sender } = payload("/tuneup status") as Record<string, unknown>;
    await deliver(
      { action, comment, installation, repository, sender, pull_request: { number: 12 } },
      { event: "pull_request_review_comment" },
    );
    await queue.idle();
    expect(ran).toMatchObject([{ key: "acme/support-agent/review-555", payload: { review: true, onPull: true, issue: 12 } }]);
    expect(github.reactions).toEqual(["review 555 eyes"]);
  });

  test("in a review asks for a revision of the line that it stands at", async () => {
    githubDouble();
    const { comment, ...rest } = payload("/tuneup revise say it shorter\nand more") as { readonly comment: object };
    const at = { ...comment, path: "prompts/system.md", line: 12 };
    await deliver({ ...rest, comment: at, pull_request: { number: 12 } }, { event: "pull_request_review_comment" });
    await queue.idle();
    expect(ran).toMatchObject([{ name: "run", payload: { command: "revise", review: true } }]);
    const [key = ""] = await ledger.keys("command-text/");
    expect(await ledger.get(key)).toBe("say it shorter (said at prompts/system.md, line 12)");
  });

  test.each<[string, string | undefined]>([
    ["may only read", "read"],
    ["is nobody there", undefined],
    ["has no access", "none"],
  ])("by someone who %s gets silence", async (_who, permission) => {
    const github = githubDouble();
    github.permissions.clear();
    if (permission !== undefined) github.permissions.set("ada", permission);
    expect(await deliver(payload("/tuneup run"))).toBe(200);
    await queue.idle();
    expect(done(github)).toEqual(nothing);
  });

  test("costs one look-up when a stranger writes five hundred of them", async () => {
    const github = githubDouble();
    for (let count = 0; count < 500; count += 1) await mayWrite("mallory");
    expect(github.lookUps).toEqual(["mallory"]);
  });

  test("of many strangers costs a bounded number of look-ups a minute, and shuts out nobody who wrote before", async () => {
    const github = githubDouble();
    await mayWrite("ada");
    for (let count = 0; count < 200; count += 1) await mayWrite(`mallory-${count}`);
    expect(github.lookUps.length).toBeLessThanOrEqual(31);
    expect(await mayWrite("ada")).toBe(true);
    now += 61_000;
    expect(await mayWrite("bob")).toBe(false);
    expect(github.lookUps.at(-1)).toBe("bob");
  });

  test("of someone who has lost the permission since is refused at once", async () => {
    const github = githubDouble();
    expect(await mayWrite("ada")).toBe(true);
    github.permissions.set("ada", "read");
    expect(await mayWrite("ada")).toBe(false);
  });

  test("is neither run nor forgotten when GitHub cannot say who may write", async () => {
    const github = githubDouble();
    github.permissions.set("ada", 502);
    expect(await deliver(payload("/tuneup run"))).toBeGreaterThanOrEqual(500);
    expect(done(github)).toEqual(nothing);
  });

  test.each([
    ["a bot", payload("/tuneup run", { type: "Bot" })],
    ["an app in somebody's name", payload("/tuneup run", { app: { id: 4711 } })],
    ["an edit", payload("/tuneup run", { action: "edited" })],
    ["a quotation", payload("> /tuneup run")],
    ["a later line", payload("what about\n/tuneup run")],
    ["a block of code", payload("```\n/tuneup run\n```")],
    ["another word", payload("/tuneupx run")],
    ["a talk about it", payload("try /tuneup run")],
  ])("that is %s starts nothing and asks GitHub nothing", async (_what, content) => {
    const github = githubDouble();
    expect(await deliver(content)).toBe(200);
    await queue.idle();
    expect(done(github)).toEqual(nothing);
    expect(github.lookUps).toEqual([]);
  });

  test("signed with another secret is refused", async () => {
    expect(await deliver(payload("/tuneup run"), { secret: "somebody else's secret" })).toBe(400);
    expect(ran).toEqual([]);
  });
});

describe("the App's server", () => {
  test("answers health checks and nothing else", async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/probot`)).status).toBe(404);
  });

  test("turns away a delivery beyond GitHub's own limit without reading it", async () => {
    const response = await fetch(`${server.url}${webhookPath}`, { method: "POST", body: new Uint8Array(26 * 1024 * 1024) }).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(response).toBe(413);
  });

  test.each([
    ["a missing secret", { id: "7", privateKey }],
    ["Probot's default secret", { id: "7", privateKey, webhookSecret: "development" }],
    ["a short secret", { id: "7", privateKey, webhookSecret: "short" }],
  ])("refuses to start with %s", (_what, given) => {
    expect(() => checkCredentials(given)).toThrow(/WEBHOOK_SECRET must have at least 16/);
  });

  test("names everything that is not set up at once", () => {
    expect(() => checkCredentials({})).toThrow(/APP_ID[\s\S]*PRIVATE_KEY[\s\S]*WEBHOOK_SECRET/);
  });
});
