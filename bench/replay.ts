import { createServer } from "node:http";
import type { Json } from "../src/domain/ids.ts";
import { recordedWorld } from "../src/stages/replay.ts";
import { type Bench, type BenchReport, type ContextFigure, type Figure, round } from "./report.ts";
import { installPromptfoo, instantServer, ourCpu, promptfooCpu, promptfooVersion } from "./replay/cpu.ts";
import { measure, type Measured, slots } from "./replay/makespan.ts";
import { resolverTruth } from "./replay/resolver-truth.ts";
import { recordShop } from "./replay/toy-shop.ts";

const unlimited = 1_000_000;
/** Requests a minute that bind: eight slots at two seconds a call would make 240. */
const binding = 150;

/** Time, money and truth of replaying: against what nobody could go below, and against the shop itself. */
export const replay: Bench = {
  name: "replay",
  description: "time and money against their lower bounds; live calls, stale and cross-person answers; CPU beside promptfoo",
  async run({ full, say }): Promise<BenchReport> {
    const efficiency = await efficiencies(full, say);
    const truth = truthFigures(full, say);
    const live = await liveCalls();
    say(`live calls: ${live}`);
    const cpu = await cpuBeside(full, say);
    return {
      figures: [
        ...efficiency.figures,
        { name: "live-side-effects", value: live, bar: "0", holds: live === 0, setting: { calls: 4 * liveSessions } },
        ...truth.figures,
        ...cpu.figures,
      ],
      context: [...efficiency.context, ...truth.context, ...cpu.context],
    };
  },
};

async function efficiencies(full: boolean, say: (line: string) => void): Promise<BenchReport> {
  const seeds = full ? 20 : 5;
  const sessions = 60;
  const runs: { readonly scheduled: boolean; readonly limit: number; readonly measured: Measured }[] = [];
  for (let seed = 1; seed <= seeds; seed += 1)
    for (const limit of [unlimited, binding])
      for (const scheduled of [true, false])
        runs.push({ scheduled, limit, measured: await measure({ seed, sessions, requestsPerMinute: limit, scheduled }) });
  const of = (scheduled: boolean, limit?: number): readonly Measured[] =>
    runs.filter((run) => run.scheduled === scheduled && (limit === undefined || run.limit === limit)).map((run) => run.measured);
  const worst = (list: readonly Measured[], what: "makespan" | "cost"): number => round(Math.min(...list.map((one) => one[what])));
  const ours = of(true);
  const makespan = worst(ours, "makespan");
  const cost = worst(ours, "cost");
  say(`makespan ${makespan}, cost ${cost}, worst of ${ours.length} runs`);
  const setting = { runs: ours.length, sessions, slots, "seconds-a-call": 2 };
  const estimates = ours.map((one) => one.estimate);
  return {
    figures: [
      {
        name: "makespan-efficiency",
        value: makespan,
        bar: ">= 0.95",
        holds: makespan >= 0.95,
        beside: { "sessions-in-order": worst(of(false, unlimited), "makespan") },
        setting,
      },
      {
        name: "cost-efficiency",
        value: cost,
        bar: ">= 0.90",
        holds: cost >= 0.9,
        beside: { "no-warm-up": worst(of(false, unlimited), "cost") },
        setting,
      },
    ],
    context: [
      { name: "estimate-by-paid-lowest", value: round(Math.min(...estimates)) },
      { name: "estimate-by-paid-highest", value: round(Math.max(...estimates)) },
      {
        name: "refused-by-the-provider-when-its-limit-binds",
        value: sum(of(true, binding)),
        setting: { calls: of(true, binding)[0]?.calls ?? 0 },
      },
      { name: "refused-without-a-scheduler", value: sum(of(false, binding)) },
    ],
  };
}

const sum = (list: readonly Measured[]): number => list.reduce((all, one) => all + one.refused, 0);

function truthFigures(full: boolean, say: (line: string) => void): BenchReport {
  const sessions = full ? 600 : 200;
  const seeds = full ? 10 : 3;
  const total = { calls: 0, grounded: 0, right: 0, reads: 0, stale: 0, crossPerson: 0 };
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const knownUsers of [true, false]) {
      const truth = resolverTruth(seed, { sessions, knownUsers });
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += truth[key];
    }
  }
  say(`${total.grounded} of ${total.calls} calls answered from recordings, ${total.stale} stale, ${total.crossPerson} of another person`);
  const setting = { calls: total.calls, answered: total.grounded };
  const zero = (name: string, value: number): Figure => ({ name, value, bar: "0", holds: value === 0, setting });
  return {
    figures: [zero("stale-reads", total.stale), zero("cross-person-reads", total.crossPerson)],
    context: [
      { name: "answered-from-recordings", value: round(total.grounded / total.calls) },
      { name: "right-reads", value: round(total.right / total.reads) },
    ],
  };
}

const liveSessions = 200;

/** Connections that reach a tool server whose address stands in recorded calls, while these calls are replayed and varied. */
async function liveCalls(): Promise<number> {
  let touched = 0;
  const trap = createServer((_request, response) => response.end());
  trap.on("connection", () => {
    touched += 1;
  });
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  const address = trap.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
  const sessions = recordShop(1, liveSessions, { knownUsers: true }).map((one) => one.session);
  for (const session of sessions) {
    const world = recordedWorld({ session, corpus: sessions, effects: {} });
    const inputs: readonly (readonly [string, Json])[] = [
      ["http_request", { url, method: "POST" }],
      ["fetch", { url, method: "GET" }],
      ["get_order", { order_id: url }],
      ["cancel_order", { order_id: url }],
    ];
    for (const [tool, input] of inputs) world.answer(tool, input);
  }
  await new Promise<void>((resolve) => void setTimeout(resolve, 50));
  trap.closeAllConnections();
  trap.close();
  return touched;
}

async function cpuBeside(full: boolean, say: (line: string) => void): Promise<BenchReport> {
  const [few, many] = full ? [200, 4200] : [100, 1100];
  const server = await instantServer();
  try {
    const ours = await ourCpu(server.url, few, many);
    const installed = await installPromptfoo(full ? 900_000 : 100_000);
    const theirs = "bin" in installed ? await promptfooCpu(installed.bin, server.url, few, many) : undefined;
    const own: ContextFigure[] =
      ours === undefined ? [] : [{ name: "cpu-ms-per-call", value: round(ours), setting: { calls: many - few } }];
    if (ours === undefined || theirs === undefined) {
      const why = "why" in installed ? installed.why : "one of the two runs failed";
      say(`cpu: ${ours ?? "?"} ms a call; promptfoo was not measured: ${why}`);
      return { figures: [], context: [...own, { name: "cpu-vs-promptfoo-not-measured", value: 1, setting: { why } }] };
    }
    const value = round(ours / theirs);
    say(`cpu: ${ours.toFixed(2)} ms a call, promptfoo ${theirs.toFixed(2)} ms`);
    const setting = { promptfoo: promptfooVersion, calls: many - few };
    return {
      figures: [
        {
          name: "cpu-vs-promptfoo",
          value,
          bar: "<= 0.5",
          holds: value <= 0.5,
          beside: { "promptfoo-ms-per-call": round(theirs) },
          setting,
        },
      ],
      context: own,
    };
  } finally {
    server.close();
  }
}
