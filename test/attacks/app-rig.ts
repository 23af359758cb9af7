import { randomUUID } from "node:crypto";
import { MemoryJobQueue } from "../../src/adapters/memory-job-queue/memory-job-queue.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import {
  checkCredentials,
  startWebhookServer,
  webhookPath,
  type WebhookServer,
  type WebhookServerOptions,
} from "../../src/app/webhook-server.ts";
import type { Delivery } from "../../src/ports/inbox.ts";
import type { Job } from "../../src/ports/job-queue.ts";
import { GithubWorld } from "../world/github.ts";
import { sendWebhook } from "../world/webhooks.ts";
import { quiet } from "./publishing-rig.ts";

/** The App's webhook side against a stand-in, with the jobs that it records. */
export interface AppRig {
  readonly world: GithubWorld;
  readonly server: WebhookServer;
  readonly jobs: Job[];
  /** Number of an open issue. */
  readonly issue: number;
  /** Milliseconds since 1970; moved by cases. */
  readonly clock: { now: number };
  /** Delivers a webhook signed with a secret, and resolves with the status. */
  deliver(event: string, payload: object, options?: { readonly secret?: string; readonly guid?: string }): Promise<number>;
}

export const hookOf = ({ server }: Pick<AppRig, "server">): string => `${server.url}${webhookPath}`;

type Naive = (delivery: Delivery, jobs: Job[], world: GithubWorld) => Promise<void>;

/**
 * Runs some work with the App. `accept` takes the place of everything behind the signature: an App that does with a delivery what it is told to,
 * and asks nobody.
 */
export async function withApp<T>(
  work: (rig: AppRig) => Promise<T>,
  accept?: Naive,
  limits: WebhookServerOptions["limits"] = {},
): Promise<T> {
  const world = await new GithubWorld({ "prompts/system.md": "# Agent\n" }).start();
  const queue = new MemoryJobQueue();
  const jobs: Job[] = [];
  const clock = { now: Date.parse("2026-01-20T12:00:00Z") };
  const recording = {
    async add(job: Job) {
      const added = await queue.add(job);
      if (added === "added") jobs.push(job);
      return added;
    },
  };
  world.permissions.set("ada", "write");
  world.permissions.set("tom", "triage");
  const server = await startWebhookServer({
    credentials: checkCredentials({ id: "7", privateKey: world.app.privateKey, webhookSecret: world.app.webhookSecret, apiUrl: world.url }),
    queue: recording,
    documents: new MemoryLedger(),
    clock: () => clock.now,
    log: quiet,
    port: 0,
    host: "127.0.0.1",
    limits,
    ...(accept === undefined ? {} : { accept: (delivery: Delivery) => accept(delivery, jobs, world) }),
  });
  const issue = world.openIssue("It fails");
  world.app.hookUrl = `${server.url}${webhookPath}`;
  try {
    return await work({
      world,
      server,
      jobs,
      issue,
      clock,
      deliver: (event, payload, options = {}) =>
        sendWebhook(`${server.url}${webhookPath}`, {
          secret: options.secret ?? world.app.webhookSecret,
          event,
          guid: options.guid ?? randomUUID(),
          body: JSON.stringify(payload),
        }),
    });
  } finally {
    await server.close();
    await world.stop();
  }
}

/** An App without guards: whatever looks like a command anywhere in a comment becomes a run. */
export const obedient: Naive = async (delivery, jobs) => {
  const { comment } = JSON.parse(delivery.body) as { readonly comment?: { readonly body?: string } };
  if (delivery.event === "issue_comment" && comment?.body?.includes("/tuneup") === true)
    jobs.push({ name: "run", key: delivery.id, payload: { text: comment.body } });
};

/** A comment's webhook as GitHub sends it. */
export const commentPayload = (
  rig: Pick<AppRig, "issue">,
  body: string,
  changes: { readonly id?: number; readonly action?: string; readonly user?: object; readonly app?: object } = {},
): object => ({
  action: changes.action ?? "created",
  installation: { id: 99 },
  repository: { id: 1, name: "support-agent", full_name: "acme/support-agent", owner: { login: "acme" } },
  issue: { number: rig.issue },
  comment: {
    id: changes.id ?? 555,
    body,
    created_at: "2026-01-20T12:00:00Z",
    user: { login: "ada", type: "User", ...changes.user },
    performed_via_github_app: changes.app ?? null,
  },
  sender: { login: "ada", type: "User", ...changes.user },
});

export const runs = ({ jobs }: Pick<AppRig, "jobs">): readonly Job[] => jobs.filter((job) => job.name === "run");
