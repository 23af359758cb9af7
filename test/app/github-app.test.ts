import { createHmac, generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { checkCredentials, startWebhookServer, webhookPath, type WebhookServer } from "../../src/app/webhook-server.ts";
import type { Job } from "../../src/ports/job-queue.ts";

const secret = "a-secret-of-more-than-16-characters";
const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let server: WebhookServer;
let queue: MemoryJobQueue;
let ran: Job[];

beforeEach(async () => {
  nock.disableNetConnect();
  nock.enableNetConnect(/^127\.0\.0\.1/);
  queue = new MemoryJobQueue();
  ran = [];
  queue.work("run", async (job) => {
    ran.push(job);
  });
  await queue.start();
  server = await startWebhookServer({
    credentials: checkCredentials({ id: "7", privateKey, webhookSecret: secret }),
    queue,
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

const payload = (body: string, changes: { readonly login?: string; readonly type?: string; readonly action?: string } = {}): object => ({
  action: changes.action ?? "created",
  installation: { id: 99 },
  repository: { id: 1, name: "support-agent", full_name: "acme/support-agent", owner: { login: "acme" } },
  issue: { number: 12 },
  comment: { id: 555, body, created_at: "2026-01-01T00:00:00Z", user: { login: changes.login ?? "ada", type: changes.type ?? "User" } },
  sender: { login: changes.login ?? "ada", type: changes.type ?? "User" },
});

async function deliver(content: object, options: { readonly secret?: string; readonly id?: string } = {}): Promise<number> {
  const text = JSON.stringify(content);
  const signature = `sha256=${createHmac("sha256", options.secret ?? secret)
    .update(text)
    .digest("hex")}`;
  const response = await fetch(`${server.url}${webhookPath}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "issue_comment",
      "x-github-delivery": options.id ?? "0b7a1d2e-0000-4000-8000-000000000001",
      "x-hub-signature-256": signature,
    },
    body: text,
  });
  return response.status;
}

/** GitHub as far as one comment needs it; keeps what was reacted with. */
function github(permission: number | "none" | "read" | "write" | "admin"): { readonly reactions: string[]; readonly comments: string[] } {
  const seen: { reactions: string[]; comments: string[] } = { reactions: [], comments: [] };
  const api = nock("https://api.github.com").persist();
  api.post("/app/installations/99/access_tokens").reply(201, { token: "ghs_x", expires_at: "2099-01-01T00:00:00Z", permissions: {} });
  const look = api.get("/repos/acme/support-agent/collaborators/ada/permission");
  if (typeof permission === "number") look.reply(permission, { message: "…" });
  else look.reply(200, { permission, user: { login: "ada" } });
  api.post("/repos/acme/support-agent/issues/comments/555/reactions").reply(201, async (request: Request) => {
    seen.reactions.push(((await request.json()) as { content: string }).content);
    return { id: 1 };
  });
  api.get(/\/repos\/acme\/support-agent\/issues\/12\/comments/).reply(200, () => seen.comments.map((body) => ({ body })));
  api.post("/repos/acme/support-agent/issues/12/comments").reply(201, async (request: Request) => {
    seen.comments.push(((await request.json()) as { body: string }).body);
    return { id: 2 };
  });
  return seen;
}

describe("a comment on a repository with the App", () => {
  test("starts one durable run and gets 👀 when the commenter may write", async () => {
    const { reactions } = github("write");
    expect(await deliver(payload("/tuneup run c-4f1d\r\nplease"))).toBe(200);
    await queue.idle();
    expect(reactions).toEqual(["eyes"]);
    expect(ran).toEqual([
      {
        name: "run",
        key: "acme/support-agent/555",
        payload: { installation: 99, owner: "acme", repository: "support-agent", issue: 12, comment: 555, login: "ada", cluster: "c-4f1d" },
      },
    ]);
  });

  test("delivered twice is still one run", async () => {
    github("admin");
    await deliver(payload("/tuneup run"));
    await deliver(payload("/tuneup run"), { id: "0b7a1d2e-0000-4000-8000-000000000002" });
    await queue.idle();
    expect(ran).toHaveLength(1);
  });

  test.each<[string, "read" | "none" | 404]>([
    ["may only read", "read"],
    ["is nobody there", 404],
    ["has no access", "none"],
  ])("by someone who %s gets silence", async (_who, permission) => {
    const { reactions, comments } = github(permission);
    expect(await deliver(payload("/tuneup run"))).toBe(200);
    await queue.idle();
    expect({ ran, reactions, comments }).toEqual({ ran: [], reactions: [], comments: [] });
  });

  test("is neither run nor forgotten when GitHub cannot say who may write", async () => {
    const { reactions } = github(502);
    expect(await deliver(payload("/tuneup run"))).toBeGreaterThanOrEqual(500);
    expect({ ran, reactions }).toEqual({ ran: [], reactions: [] });
  });

  test.each([
    ["a bot", payload("/tuneup run", { type: "Bot" })],
    ["an edit", payload("/tuneup run", { action: "edited" })],
    ["a quotation", payload("> /tuneup run")],
    ["a later line", payload("what about\n/tuneup run")],
    ["another word", payload("/tuneupx run")],
    ["a talk about it", payload("try /tuneup run")],
  ])("that is %s starts nothing and asks GitHub nothing", async (_what, content) => {
    expect(await deliver(content)).toBe(200);
    await queue.idle();
    expect(ran).toEqual([]);
  });

  test("with a command that does not exist gets 😕 and the list, once", async () => {
    const { reactions, comments } = github("write");
    await deliver(payload("/tuneup dance"));
    await deliver(payload("/tuneup dance"), { id: "0b7a1d2e-0000-4000-8000-000000000003" });
    expect(reactions).toContain("confused");
    expect(comments).toHaveLength(1);
    expect(comments[0]).toContain("/tuneup run");
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
