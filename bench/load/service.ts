import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf } from "../../src/compose/state.ts";
import { commentCommand } from "../../src/app/commands/comment-command.ts";
import { InboxWorker } from "../../src/app/intake/inbox-worker.ts";
import { checkCredentials, startWebhookServer, webhookPath } from "../../src/app/webhook-server.ts";
import { instant } from "../../src/domain/ids.ts";

/**
 * The App's intake as `tuneup serve` puts it together, in a process of its own: signed webhooks into the durable inbox, worked off from there. In the
 * place of GitHub's clients stands the ledger's memory of deliveries: a command is a run when its key is new.
 */
const folder = mkdtempSync(join(tmpdir(), "tuneup-load-"));
const [secret = ""] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const now = () => instant(new Date().toISOString());
const records = filesOf(folder).records();
const ledger = filesOf(folder).ledger();
const runs: string[] = [];
const handled = new Set<number>();

const worker = new InboxWorker({
  inbox: records.inbox,
  now,
  log,
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, { signal }),
  async handle(delivery) {
    const { comment } = JSON.parse(delivery.body) as { readonly comment: { readonly id: number; readonly body: string } };
    handled.add(comment.id);
    if (commentCommand(comment.body)?.kind === "run") {
      const key = `run/${comment.id}`;
      if ((await ledger.delivery(key)) === "new") runs.push(key);
    }
  },
});
worker.start();
const server = await startWebhookServer({
  credentials: checkCredentials({
    id: "7",
    privateKey: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    webhookSecret: secret,
  }),
  queue: { add: async () => "added" },
  documents: new MemoryLedger(),
  clock: () => Date.now(),
  log,
  port: 0,
  host: "127.0.0.1",
  async accept(delivery) {
    await records.inbox.receive(delivery, now());
    worker.wake();
  },
});
process.on("message", () => {
  void records.inbox.counts().then(({ waiting }) =>
    process.send?.({
      handled: handled.size,
      runs: runs.length,
      distinctRuns: new Set(runs).size,
      waiting,
      rss: process.memoryUsage().rss,
    }),
  );
});
process.on("SIGTERM", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.send?.({ url: `${server.url}${webhookPath}` });
