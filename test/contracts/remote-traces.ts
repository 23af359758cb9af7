import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { httpReading } from "../../src/adapters/remote-traces/http-reading.ts";
import type { HttpReading } from "../../src/adapters/remote-traces/http-reading.ts";
import { RemoteTraceReader } from "../../src/adapters/remote-traces/remote-trace-reader.ts";
import type { StoreSource } from "../../src/adapters/remote-traces/store-source.ts";
import type { TuneupError } from "../../src/domain/errors.ts";
import { instant, projectId, sessionId } from "../../src/domain/ids.ts";
import type { Trace } from "../../src/domain/span.ts";

/** One span as a store should show it. */
export interface ShownSpan {
  /** One hex digit, repeated to an id. */
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly session: string;
  /** Minutes after midnight of 2026-01-10. */
  readonly minute: number;
}

export const traceHex = (digit: string): string => digit.repeat(32);
export const spanHex = (digit: string): string => digit.repeat(16);
export const timeAt = (minute: number): string => new Date(Date.UTC(2026, 0, 10, 0, minute)).toISOString();

/** A store that answers as its documentation says: how to open it, and its answer to each of its span pages. */
export interface StoreStandIn {
  readonly name: string;
  /** False for a store that has no pages: its lists are read in pieces of another kind. */
  readonly pages: boolean;
  open(http: HttpReading): StoreSource;
  /** The page that a request asks for, from 0; `undefined` for a request of another kind. */
  pageOf(url: URL, body: string): number | undefined;
  /** The answer for a page; `next` is the page after it, where there is one. */
  answer(spans: readonly ShownSpan[], next: number | undefined, url: URL): unknown;
  /** The answer to all other requests. */
  rest(url: URL): unknown;
}

export const host = "https://store.example";
const secret = "key-that-must-not-leak";
const project = projectId("support");

/** What happens to the first requests for a page before it is answered. */
type Fault = (count: number) => readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>] | undefined;

/** Answers every request to the store; returns how often each page was asked for. */
export function serve(
  standIn: StoreStandIn,
  pages: readonly (readonly ShownSpan[])[],
  faults: Readonly<Record<number, Fault>> = {},
): Map<number, number> {
  const asked = new Map<number, number>();
  const reply = (request: Request, body: string): [number, string, Record<string, string>] => {
    const url = new URL(request.url);
    const page = standIn.pageOf(url, body);
    if (page === undefined) return [200, JSON.stringify(standIn.rest(url)), {}];
    const count = (asked.get(page) ?? 0) + 1;
    asked.set(page, count);
    const [status, fault, headers] = faults[page]?.(count) ?? [];
    if (status !== undefined) return [status, typeof fault === "string" ? fault : JSON.stringify(fault), { ...headers }];
    return [200, JSON.stringify(standIn.answer(pages[page] ?? [], page + 1 < pages.length ? page + 1 : undefined, url)), {}];
  };
  const scope = nock(host).persist();
  scope.get(/.*/).reply((request: Request) => reply(request, ""));
  scope.post(/.*/).reply(async (request: Request) => reply(request, await request.text()));
  return asked;
}

/** The suite that the reader of every store passes. */
export function remoteTracesContract(standIn: StoreStandIn): void {
  describe(`${standIn.name}, read in place`, () => {
    let waits: number[] = [];
    beforeEach(() => {
      nock.disableNetConnect();
      waits = [];
    });
    afterEach(() => {
      nock.cleanAll();
      nock.enableNetConnect();
    });

    const open = (): RemoteTraceReader =>
      new RemoteTraceReader({
        source: standIn.open(
          httpReading({
            store: standIn.name,
            url: host,
            headers: { authorization: `Bearer ${secret}` },
            keyName: "STORE_KEY",
            retry: {
              sleep: async (milliseconds) => {
                waits.push(milliseconds);
              },
              random: () => 0.5,
              now: () => Date.parse("2026-01-11T00:00:00Z"),
            },
          }),
        ),
        hold: () => new MemoryTraceStore(),
        now: () => instant("2026-01-11T00:00:00.000Z"),
        days: 2,
        clusterBy: [],
      });
    const all = async (reader: RemoteTraceReader): Promise<readonly Trace[]> => {
      const traces: Trace[] = [];
      for await (const trace of reader.read({ project })) traces.push(trace);
      return traces;
    };
    const failure = async (reader: RemoteTraceReader): Promise<TuneupError> =>
      all(reader).then(
        () => expect.fail("the read brought sessions"),
        (error: unknown) => error as TuneupError,
      );

    const first: ShownSpan = { trace: "a", span: "1", session: "late", minute: 30 };
    const second: ShownSpan = { trace: "b", span: "2", session: "early", minute: 10 };
    const child: ShownSpan = { trace: "a", span: "3", parent: "1", session: "late", minute: 31 };

    test("gives sessions and spans in start order, wherever they stood", async () => {
      serve(standIn, standIn.pages ? [[child, second], [first]] : [[child, second, first]]);
      const traces = await all(open());
      expect(traces.map((trace) => [trace.key, trace.spans.map((span) => span.spanId)])).toEqual([
        ["early", [spanHex("2")]],
        ["late", [spanHex("1"), spanHex("3")]],
      ]);
      const inner = traces[1]?.spans[1];
      expect(inner).toMatchObject({ traceId: traceHex("a"), parentId: spanHex("1"), startedAt: timeAt(31) });
      expect(await open().session(project, sessionId("late"))).toMatchObject({ key: "late" });
    });

    test("an empty store has no sessions", async () => {
      serve(standIn, [[]]);
      expect(await all(open())).toEqual([]);
    });

    test("an answer that fails is an error that names no key, and no sessions", async () => {
      serve(standIn, [[first]], { 0: () => [403, `no entry for ${secret}`] });
      const error = await failure(open());
      expect(error).toMatchObject({ code: "trace-store-unavailable", retryable: false });
      expect(`${error.message} ${error.remedy} ${JSON.stringify(error.fields)} ${String(error.cause)}`).not.toContain(secret);
      expect(error.message).toContain(host);
      expect(error.remedy).toContain("STORE_KEY");
    });

    test("waits as the store asks and reads on", async () => {
      serve(standIn, [[first]], { 0: (count) => (count === 1 ? [429, "slow down", { "retry-after": "7" }] : undefined) });
      expect((await all(open())).length).toBe(1);
      expect(waits[0]).toBe(7000);
    });

    test("a page, a cut answer and an unknown shape are errors", async () => {
      for (const body of ["<html>sign in</html>", '{"data": [', { surprise: [] }, [1]]) {
        serve(standIn, [[first]], { 0: () => [200, body] });
        expect(["trace-store-unavailable", "trace-store-corrupt"]).toContain((await failure(open())).code);
        nock.cleanAll();
      }
    });

    test("the key is not carried to another address", async () => {
      let visits = 0;
      const elsewhere = nock("https://elsewhere.example").persist();
      const visited = (): [number, string] => {
        visits += 1;
        return [200, "{}"];
      };
      elsewhere.get(/.*/).reply(visited);
      elsewhere.post(/.*/).reply(visited);
      serve(standIn, [[first]], { 0: () => [307, "", { location: "https://elsewhere.example/api" }] });
      expect((await failure(open())).message).toContain("not followed");
      expect(visits).toBe(0);
    });

    if (!standIn.pages) return;

    test("a page that fails in the middle is an error, and the next read goes on there", async () => {
      const asked = serve(standIn, [[child, second], [first]], { 1: (count) => (count <= 5 ? [500, "broken"] : undefined) });
      const reader = open();
      expect((await failure(reader)).retryable).toBe(true);
      expect((await all(reader)).map((trace) => trace.key)).toEqual(["early", "late"]);
      expect(asked.get(0)).toBe(1);
    });

    test("an empty page in the middle is an error, not the end", async () => {
      serve(standIn, [[first], [], [second]]);
      expect((await failure(open())).message).toContain("empty page");
    });
  });
}
