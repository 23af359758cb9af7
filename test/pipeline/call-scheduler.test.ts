import { describe, expect, test } from "vitest";
import { measure } from "../../bench/replay/makespan.ts";
import { VirtualClock } from "../../bench/replay/virtual-clock.ts";
import { VirtualProvider } from "../../bench/replay/virtual-provider.ts";
import { textMessage } from "../../src/domain/message.ts";
import { CallScheduler } from "../../src/pipeline/call-scheduler.ts";
import { AdaptiveLimit } from "../../src/pipeline/call-scheduler/adaptive-limit.ts";
import { TokenBucket } from "../../src/pipeline/call-scheduler/token-bucket.ts";
import type { ModelClient, ModelRequest } from "../../src/ports/model-client.ts";

const never = new AbortController().signal;
const request = (system: string, conversation = "c"): ModelRequest => ({
  purpose: "replay",
  conversation,
  system,
  messages: [textMessage("user", "hi")],
  maxTokens: 10,
});

/** A model that takes a second a call and notes what was under way when. */
function slowModel(clock: VirtualClock): { readonly client: ModelClient; readonly starts: string[]; most: () => number } {
  const starts: string[] = [];
  let running = 0;
  let most = 0;
  const client: ModelClient = {
    model: "m",
    simulated: false,
    complete: async (one, signal) => {
      starts.push(one.conversation ?? "");
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(1000, signal);
      running -= 1;
      return { message: textMessage("assistant", "ok"), finish: "stop", usage: { inputTokens: 10, outputTokens: 1 } };
    },
  };
  return { client, starts, most: () => most };
}

/** Conversations of so many calls each, all at once. */
const converse = async (
  scheduler: CallScheduler,
  model: ModelClient,
  chains: readonly { readonly name: string; readonly calls: number; readonly block?: number; readonly system?: string }[],
  signal: AbortSignal = never,
): Promise<void> => {
  await Promise.all(
    chains.map(async ({ block = 0, calls, name, system = "s" }) => {
      const client = scheduler.client(model, { block, expectedCalls: calls });
      for (let call = 0; call < calls; call += 1) await client.complete(request(system, name), signal);
    }),
  );
};

describe("calls that take turns", () => {
  test("are never more than the slots at once", async () => {
    const clock = new VirtualClock();
    const { client, most } = slowModel(clock);
    const chains = Array.from({ length: 20 }, (_, index) => ({ name: `c${index}`, calls: 3 }));
    await clock.time(() => converse(new CallScheduler(4, clock), client, chains));
    expect(most()).toBe(4);
  });

  test("go to the conversation with most calls left, so that no long one is left over", async () => {
    const clock = new VirtualClock();
    const { client } = slowModel(clock);
    const chains = [...Array.from({ length: 8 }, (_, index) => ({ name: `short${index}`, calls: 2 })), { name: "long", calls: 10 }];
    // 26 calls on two slots: 13 seconds, and one more for the first call, which goes alone.
    expect(await clock.time(() => converse(new CallScheduler(2, clock), client, chains))).toBeLessThanOrEqual(14_000);
  });

  test("go to an earlier block first, however long a later one's conversations are", async () => {
    const clock = new VirtualClock();
    const { client, starts } = slowModel(clock);
    const chains = [
      { name: "later", calls: 9, block: 2 },
      { name: "first", calls: 3, block: 1 },
    ];
    await clock.time(() => converse(new CallScheduler(1, clock), client, chains));
    expect(starts.slice(1, 4)).toEqual(["first", "first", "first"]);
  });

  test("with a prefix nobody has sent yet wait for the first of them, which fills the provider's cache", async () => {
    const clock = new VirtualClock();
    const reply = () => textMessage("assistant", "ok");
    const provider = new VirtualProvider({ latency: 1000, requestsPerMinute: 1e6, reply }, clock);
    const chains = ["before", "after"].flatMap((system) =>
      Array.from({ length: 6 }, (_, index) => ({ name: `${system}${index}`, calls: 1, system })),
    );
    await clock.time(() => converse(new CallScheduler(12, clock), provider.client("m"), chains));
    const warm = provider.log.filter((call) => (call.usage.cacheReadTokens ?? 0) >= call.prefix);
    expect([provider.log.length, warm.length]).toEqual([12, 10]);
  });

  test("whose first one fails do not wait for ever", async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const { client } = slowModel(clock);
    const flaky: ModelClient = {
      ...client,
      complete: (one, signal) => ((calls += 1) === 1 ? Promise.reject(new Error("down")) : client.complete(one, signal)),
    };
    const scheduler = new CallScheduler(3, clock);
    const ends: string[] = [];
    await clock.time(() =>
      Promise.all(
        ["a", "b", "c"].map(async (name) => {
          const ended = await scheduler
            .client(flaky, { block: 0, expectedCalls: 1 })
            .complete(request("s", name), never)
            .then(
              () => "ok",
              () => "failed",
            );
          ends.push(ended);
        }),
      ),
    );
    expect(ends.toSorted()).toEqual(["failed", "ok", "ok"]);
  });

  test("that still wait end at once when the user stops", async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const scheduler = new CallScheduler(1, clock);
    const { client, starts } = slowModel(clock);
    const waiting = converse(scheduler, client, [{ name: "a", calls: 1 }], stop.signal).catch((error: unknown) => error);
    const other = converse(scheduler, client, [{ name: "b", calls: 1 }], stop.signal).catch((error: unknown) => error);
    stop.abort();
    expect(await other).toMatchObject({ code: "cancelled" });
    expect(starts).toEqual(["a"]);
    await clock.time(() => waiting);
  });
});

describe("a provider's limits", () => {
  test("are kept as its headers tell them: nothing is refused, and hardly any time is lost", async () => {
    const scheduled = await measure({ seed: 3, sessions: 30, requestsPerMinute: 150, scheduled: true });
    expect(scheduled).toMatchObject({ refused: 0 });
    expect(scheduled.makespan).toBeGreaterThan(0.95);
    expect((await measure({ seed: 3, sessions: 30, requestsPerMinute: 150, scheduled: false })).refused).toBeGreaterThan(50);
  });

  test("halve what is under way when they are passed, once a burst, and let it grow back", () => {
    const limit = new AdaptiveLimit(8);
    limit.refused(0, 100);
    limit.refused(50, 101);
    expect(limit.current).toBe(4);
    limit.refused(100, 200);
    limit.refused(200, 300);
    limit.refused(300, 400);
    expect(limit.current).toBe(1);
    for (let call = 0; call < 40; call += 1) limit.succeeded();
    expect(limit.current).toBe(8);
  });

  test("fill up evenly; a call larger than the bucket waits for a full one", () => {
    const bucket = new TokenBucket();
    expect(bucket.waitFor(1e9, 0)).toBe(0);
    bucket.learn({ perMinute: 60_000, remaining: 500 }, 0, 0);
    expect(bucket.waitFor(400, 0)).toBe(0);
    bucket.take(400, 0);
    expect(bucket.waitFor(300, 0)).toBe(200);
    expect(bucket.waitFor(1e9, 0)).toBe(59_900);
  });
});
