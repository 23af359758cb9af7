import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Agent, request } from "node:http";
import { signatureOf } from "../test/world/webhooks.ts";
import { type Bench, type BenchOptions, type BenchReport, round } from "./report.ts";

const perSecond = 500;
const secret = "a-secret-of-more-than-16-characters";

interface ServiceReport {
  readonly url?: string;
  /** Deliveries that were worked on, each counted once. */
  readonly handled?: number;
  readonly runs?: number;
  readonly distinctRuns?: number;
  readonly waiting?: number;
  readonly rss?: number;
}

interface Sent {
  readonly refused: number;
  readonly milliseconds: readonly number[];
}

const payload = (comment: number): string =>
  JSON.stringify({
    action: "created",
    installation: { id: 99 },
    repository: { id: 1, name: "support-agent", full_name: "acme/support-agent", owner: { login: "acme" } },
    issue: { number: 12, title: "It fails", body: "x".repeat(6000) },
    comment: {
      id: comment,
      body: comment % 100 === 0 ? "/tuneup run" : "what a day",
      created_at: "2026-01-20T12:00:00Z",
      user: { login: "ada", type: "User" },
    },
  });

/** Sends one delivery; the status, or 0 when nobody answered. */
function send(url: string, agent: Agent, body: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-github-event": "issue_comment",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": signatureOf(secret, body),
    };
    const sent = request(url, { method: "POST", agent, headers }, (response) =>
      response.resume().on("end", () => resolve(response.statusCode ?? 0)),
    );
    sent.on("error", () => resolve(0));
    sent.end(body);
  });
}

/** Sends at an even pace, whether answers come or not, as GitHub does; a delivery that was not taken is sent again as a redelivery would be. */
async function pour(url: string, seconds: number, first: number): Promise<Sent> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const open: Promise<void>[] = [];
  const milliseconds: number[] = [];
  let refused = 0;
  const begin = performance.now();
  for (let index = 0; index < seconds * perSecond; index += 1) {
    const due = begin + (index * 1000) / perSecond;
    if (due > performance.now() + 1) await wait(due - performance.now());
    const started = performance.now();
    open.push(
      send(url, agent, payload(first + index)).then((status) => {
        milliseconds.push(performance.now() - started);
        if (status !== 200) refused += 1;
      }),
    );
  }
  await Promise.all(open);
  agent.destroy();
  return { refused, milliseconds };
}

const quantile = (values: readonly number[], share: number): number =>
  round(values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? 0);

async function run({ full, say }: BenchOptions): Promise<BenchReport> {
  const seconds = full ? 60 : 20;
  const service = fork(fileURLToPath(new URL("load/service.ts", import.meta.url)), [secret], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const told = (): Promise<ServiceReport> =>
    new Promise((resolve) => service.once("message", (message) => resolve(message as ServiceReport)));
  const ask = async (): Promise<ServiceReport> => {
    const answer = told();
    service.send("report");
    return answer;
  };
  try {
    const { url = "" } = await told();
    // What starts up once (code, tables, the first connections) is no growth.
    const warmUp = 2;
    await pour(url, warmUp, 1);
    await drained(ask);
    const before = await ask();
    say(`${perSecond} webhooks a second for ${seconds} s`);
    const sent = await pour(url, seconds, 1 + warmUp * perSecond);
    const after = await drained(ask);
    const lost = seconds * perSecond - ((after.handled ?? 0) - (before.handled ?? 0));
    const twice = (after.runs ?? 0) - (after.distinctRuns ?? 0);
    const growth = round(((after.rss ?? 0) - (before.rss ?? 0)) / 1024 ** 2);
    const setting = { perSecond, seconds, sent: seconds * perSecond };
    return {
      figures: [
        { name: "webhooks-lost", value: lost, bar: "<= 0", holds: lost === 0, setting },
        { name: "jobs-run-twice", value: twice, bar: "<= 0", holds: twice === 0, setting: { runs: after.runs ?? 0 } },
        { name: "rss-growth-mb", value: growth, bar: "<= 64", holds: growth <= 64 },
      ],
      context: [
        { name: "answer-ms-p50", value: quantile(sent.milliseconds, 0.5) },
        { name: "answer-ms-p99", value: quantile(sent.milliseconds, 0.99) },
        { name: "still-waiting", value: after.waiting ?? 0 },
        { name: "not-answered-200", value: sent.refused },
      ],
    };
  } finally {
    service.kill();
  }
}

/** The service's report once nothing waits any more, or after a minute. */
async function drained(ask: () => Promise<ServiceReport>): Promise<ServiceReport> {
  let report = await ask();
  for (let look = 0; look < 120 && (report.waiting ?? 0) > 0; look += 1) {
    await wait(500);
    report = await ask();
  }
  return report;
}

/** 500 signed webhooks a second, one in a hundred a command, against the App's own server, inbox and queue in a process of their own. */
export const load: Bench = {
  name: "load",
  description:
    "500 webhooks a second against the App's server, inbox and job memory: what is lost, run twice, and how much memory it takes",
  run,
};
