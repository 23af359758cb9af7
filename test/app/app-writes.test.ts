import { generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { checkCredentials, startWebhookServer, type WebhookServer } from "../../src/app/webhook-server.ts";

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const secret = "a-secret-of-more-than-16-characters";
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let server: WebhookServer;
beforeEach(() => nock.disableNetConnect());
afterEach(async () => {
  await server.close();
  nock.cleanAll();
  nock.enableNetConnect();
});

describe("the App's own writes", () => {
  test("pass the guards, or do not leave", async () => {
    const api = nock("https://api.github.com");
    api
      .post("/app/installations/99/access_tokens")
      .reply(201, { token: `ghs_${"x".repeat(516)}`, expires_at: "2099-01-01T00:00:00Z", permissions: {} });
    const seen: string[] = [];
    server = await startWebhookServer({
      credentials: checkCredentials({ id: "7", privateKey, webhookSecret: secret }),
      queue: new MemoryJobQueue(),
      documents: new MemoryLedger(),
      clock: () => 0,
      log: quiet,
      port: 0,
      host: "127.0.0.1",
      guards: [
        {
          async before({ texts, what }) {
            seen.push(what);
            if (texts.some(({ text }) => text.includes("@"))) throw new Error("held back");
          },
        },
      ],
    });
    const octokit = await server.probot.auth(99);
    const where = { owner: "acme", repo: "support-agent", issue_number: 12 };
    await expect(octokit.rest.issues.createComment({ ...where, body: "@everybody" })).rejects.toThrow("held back");
    const sent = nock("https://api.github.com", { reqheaders: { authorization: `token ghs_${"x".repeat(516)}` } });
    sent.post("/repos/acme/support-agent/issues/12/comments").reply(201, {});
    await octokit.rest.issues.createComment({ ...where, body: "fine" });
    expect(seen).toEqual(["comment", "comment", "token"]);
    expect(sent.isDone()).toBe(true);
  });
});
