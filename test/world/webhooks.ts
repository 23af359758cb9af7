import { createHmac, randomUUID } from "node:crypto";
import { request as openRequest } from "node:http";
import type { Accounts } from "./accounts.ts";
import { type App, type Delivery, fullName, type Installation, type Repository } from "./state.ts";
import { accountView, repositoryView } from "./views.ts";

/** Events that GitHub sends to every App, asked for or not. */
const alwaysSent = new Set(["installation", "installation_repositories", "github_app_authorization"]);

interface Places {
  readonly accounts: Accounts;
  readonly now: () => string;
  readonly pages: () => string;
}

/** A webhook's `X-Hub-Signature-256`. */
export const signatureOf = (secret: string, body: string | Buffer): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

/** Sends one signed webhook to an address and resolves with the answer's status; 0 when nobody answers. */
export function sendWebhook(
  url: string,
  parts: { readonly secret: string; readonly event: string; readonly guid: string; readonly body: string; readonly app?: number },
): Promise<number> {
  return new Promise((resolve) => {
    const sent = openRequest(
      url,
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(parts.body),
          "user-agent": "GitHub-Hookshot/stand-in",
          "x-github-event": parts.event,
          "x-github-delivery": parts.guid,
          "x-github-hook-id": "1",
          "x-github-hook-installation-target-type": "integration",
          "x-github-hook-installation-target-id": String(parts.app ?? 1),
          "x-hub-signature-256": signatureOf(parts.secret, parts.body),
        },
        timeout: 10_000,
        agent: false,
      },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(0));
    sent.end(parts.body);
  });
}

/** Signed deliveries to the Apps, kept as GitHub keeps them; GitHub itself never sends one again by itself. */
export class Webhooks {
  readonly deliveries: Delivery[] = [];
  /** While false, events are recorded as failed and not sent: the App, or the way to it, is down. */
  reachable = true;
  readonly #places: Places;
  #last: Promise<unknown> = Promise.resolve();
  #next = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Tells every App that watches a repository what happened there. */
  emit(repository: Repository, event: string, by: string, payload: Readonly<Record<string, unknown>>): void {
    const { accounts } = this.#places;
    for (const installation of accounts.installations.values()) {
      const app = accounts.apps.get(installation.app);
      if (app === undefined || installation.suspended || !accounts.covers(installation, repository)) continue;
      if (!alwaysSent.has(event) && !app.events.includes(event)) continue;
      this.send(app, event, {
        ...payload,
        repository: repositoryView(repository, this.#places),
        ...this.#sender(installation, by),
      });
    }
  }

  /** Tells one App about its installation. */
  emitInstallation(installation: Installation, event: string, by: string, payload: Readonly<Record<string, unknown>>): void {
    const app = this.#places.accounts.apps.get(installation.app);
    if (app !== undefined) this.send(app, event, { ...payload, ...this.#sender(installation, by) });
  }

  /** Delivers an event now, whatever the App asked for. */
  send(app: App, event: string, payload: Readonly<Record<string, unknown>>, again?: Delivery): void {
    this.#next += 1;
    const { action } = payload;
    const delivery: Delivery = {
      id: this.#next,
      guid: again?.guid ?? randomUUID(),
      app: app.id,
      event,
      action: typeof action === "string" ? action : null,
      payload,
      delivered_at: this.#places.now(),
      redelivery: again !== undefined,
      status_code: 0,
      status: "pending",
      duration: 0,
    };
    this.deliveries.push(delivery);
    const { hookUrl } = app;
    if (hookUrl === undefined || !this.reachable) {
      delivery.status = "failed to connect to host";
      return;
    }
    this.#last = this.#last.then(() => this.#deliver(app, hookUrl, delivery));
  }

  /** Sends a recorded delivery once more, under its own GUID. */
  redeliver(id: number): boolean {
    const known = this.deliveries.find((one) => one.id === id);
    const app = this.#places.accounts.apps.get(known?.app ?? 0);
    if (known === undefined || app === undefined) return false;
    this.send(app, known.event, known.payload, known);
    return true;
  }

  /** Resolves when everything that was to be sent has been answered. */
  async idle(): Promise<void> {
    for (let seen: unknown; seen !== this.#last;) {
      seen = this.#last;
      await this.#last;
    }
  }

  async #deliver(app: App, url: string, delivery: Delivery): Promise<void> {
    const body = JSON.stringify(delivery.payload);
    delivery.status_code = await sendWebhook(url, {
      secret: app.webhookSecret,
      event: delivery.event,
      guid: delivery.guid,
      body,
      app: app.id,
    });
    delivery.status =
      delivery.status_code === 0 ? "failed to connect to host" : delivery.status_code < 300 ? "OK" : "Invalid HTTP Response";
  }

  #sender(installation: Installation, by: string): Readonly<Record<string, unknown>> {
    return {
      installation: { id: installation.id, node_id: `MDIz${installation.id}` },
      sender: accountView(this.#places.accounts.account(by), this.#places),
    };
  }
}

/** What `repository` webhooks say of a rename, a transfer, an archive. */
export const repositoryEvent = (repository: Repository, action: string, changes?: object): Readonly<Record<string, unknown>> => ({
  action,
  ...(changes === undefined ? {} : { changes }),
  repository: { full_name: fullName(repository) },
});
