import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as openRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesOf } from "../../src/compose/state.ts";
import { checkCredentials } from "../../src/app/webhook-server.ts";
import { instant } from "../../src/domain/ids.ts";
import { signatureOf } from "../world/webhooks.ts";
import { type AppRig, commentPayload, hookOf, runs, withApp } from "./app-rig.ts";
import { type Case, Findings, type Guard } from "./case.ts";

/** Sends a body with exactly these headers; the status, or 0 when the connection broke. */
function post(url: string, body: string | Buffer, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const sent = openRequest(
      url,
      { method: "POST", headers: { "content-length": String(Buffer.byteLength(body)), ...headers }, agent: false },
      (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on("error", () => resolve(0));
    sent.end(body);
  });
}

/** A front that signs whatever comes with the right secret: behind it, signatures say nothing any more. */
async function withSigner<T>(rig: AppRig, guard: Guard, work: (url: string) => Promise<T>): Promise<T> {
  if (guard === "on") return work(hookOf(rig));
  const front = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const headers = {
        "content-type": "application/json",
        "x-github-event": "issue_comment",
        "x-github-delivery": randomUUID(),
        "x-hub-signature-256": signatureOf(rig.world.app.webhookSecret, body),
      };
      void post(hookOf(rig), body, headers).then((status) => response.writeHead(status).end());
    });
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const address = front.address();
  try {
    return await work(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`);
  } finally {
    front.closeAllConnections();
    front.close();
  }
}

const a22: Case = {
  id: "A22",
  title: "a webhook without, with another's, with an old kind of, or with another body's signature; a weak secret",
  guard: "the check of the signature",
  run: (guard) =>
    withApp((rig) =>
      withSigner(rig, guard, async (url) => {
        const findings = new Findings();
        const { webhookSecret } = rig.world.app;
        const hmac = (kind: string, secret: string, text: string): string =>
          `${kind}=${createHmac(kind, secret).update(text).digest("hex")}`;
        const variants: readonly ((body: string) => Readonly<Record<string, string>>)[] = [
          () => ({}),
          (body) => ({ "x-hub-signature-256": hmac("sha256", "a-secret-of-somebody-else", body) }),
          (body) => ({ "x-hub-signature": hmac("sha1", webhookSecret, body) }),
          (body) => ({ "x-hub-signature-256": hmac("sha1", webhookSecret, body) }),
          (body) => ({ "x-hub-signature-256": hmac("sha256", webhookSecret, `${body} `) }),
          (body) => ({ "x-hub-signature-256": hmac("sha256", "development", body) }),
        ];
        for (const [index, headersOf] of variants.entries()) {
          const body = JSON.stringify(commentPayload(rig, "/tuneup run", { id: 100 + index }));
          const headers = {
            "content-type": "application/json",
            "x-github-event": "issue_comment",
            "x-github-delivery": randomUUID(),
            ...headersOf(body),
          };
          const status = await post(url, body, headers);
          findings.must(status >= 400 && status < 500, `a delivery of kind ${index} was answered with ${status}`);
        }
        findings.must(rig.jobs.length === 0, "an unsigned delivery had an effect");
        for (const weak of ["", "development", "short"])
          findings.must(
            refuses(() => checkCredentials({ id: "7", privateKey: rig.world.app.privateKey, webhookSecret: weak })),
            "a weak secret lets the service start",
          );
        return findings.all;
      }),
    ),
};

function refuses(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}

const a23: Case = {
  id: "A23",
  title: "one delivery fifty times at once, then the same comment under other ids",
  guard: "the memory of deliveries and of what happens once",
  async run(guard) {
    const folder = mkdtempSync(join(tmpdir(), "tuneup-attack-"));
    const records = filesOf(folder).records();
    try {
      return await withApp(
        async (rig) => {
          const guid = randomUUID();
          await Promise.all(Array.from({ length: 50 }, () => rig.deliver("issue_comment", commentPayload(rig, "/tuneup run"), { guid })));
          for (let time = 0; time < 5; time += 1) await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run"));
          return runs(rig).length === 1 ? [] : [`one comment became ${runs(rig).length} runs`];
        },
        async (delivery, jobs) => {
          const known = guard === "on" ? await records.inbox.receive(delivery, instant("2026-01-20T12:00:00.000Z")) : "new";
          if (known === "new") jobs.push({ name: "run", key: delivery.id, payload: {} });
        },
      );
    } finally {
      await records.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const mebibyte = 1024 * 1024;

/** Sends this many bytes without a signature of theirs; ends when the other side answers or breaks off. */
function flood(url: string, bytes: number): Promise<void> {
  const piece = Buffer.alloc(mebibyte, 97);
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    };
    const sent = openRequest(url, { method: "POST", headers, agent: false }, (response) => response.resume().on("end", () => resolve()));
    sent.on("error", () => resolve());
    sent.on("close", () => resolve());
    const pour = (left: number): void => {
      if (left <= 0 || sent.destroyed) return void sent.end();
      if (sent.write(piece)) setImmediate(pour, left - piece.length);
      else sent.once("drain", () => pour(left - piece.length));
    };
    pour(bytes);
  });
}

const unbounded = {
  largestDelivery: Number.MAX_SAFE_INTEGER,
  bytesAtOnce: Number.MAX_SAFE_INTEGER,
  connections: 100_000,
  headersMilliseconds: 600_000,
  requestMilliseconds: 600_000,
};

const a24: Case = {
  id: "A24",
  title: "a delivery of 200 MiB, one that comes byte by byte, and many connections at once",
  guard: "the limits of what one sender, and all together, may take",
  run: (guard) =>
    withApp(
      async (rig) => {
        const findings = new Findings();
        const before = process.memoryUsage();
        let highest = 0;
        const watch = setInterval(() => (highest = Math.max(highest, process.memoryUsage().arrayBuffers)), 2);
        await flood(hookOf(rig), 200 * mebibyte);
        clearInterval(watch);
        findings.must(highest - before.arrayBuffers < 64 * mebibyte, "an unsigned body fills the memory");
        const { hostname, port } = new URL(rig.server.url);
        const slow = connect(Number(port), hostname);
        const closed = new Promise<boolean>((resolve) => slow.once("close", () => resolve(true)).on("error", () => resolve(true)));
        slow.resume();
        slow.write("POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n");
        const crowd = Array.from({ length: 200 }, () => connect(Number(port), hostname).on("error", () => undefined));
        const ended = await Promise.race([closed, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1500))]);
        findings.must(ended, "a delivery that never ends keeps its connection");
        for (const one of [slow, ...crowd]) one.destroy();
        const healthy = await fetch(`${rig.server.url}/healthz`).then(
          (answer) => answer.ok,
          () => false,
        );
        findings.must(healthy, "the service does not answer health checks any more");
        return findings.all;
      },
      undefined,
      guard === "on" ? { headersMilliseconds: 300, requestMilliseconds: 600, checkMilliseconds: 50 } : unbounded,
    ),
};

export const wireAttacks: readonly Case[] = [a22, a23, a24];
