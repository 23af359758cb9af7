import nock from "nock";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ClickhouseDatabase, connectClickhouse } from "../../../src/adapters/clickhouse/clickhouse-database.ts";
import { ClickhouseTraceStore } from "../../../src/adapters/clickhouse/clickhouse-trace-store.ts";
import { projectId } from "../../../src/domain/ids.ts";
import type { TuneupError } from "../../../src/domain/errors.ts";
import { aSpan } from "../../contracts/trace-store.ts";

const url = "http://clickhouse.example:8123";
const address = { url, database: "tuneup", keyName: "CLICKHOUSE_KEY" };
let waits = 0;

const open = (): ClickhouseTraceStore =>
  new ClickhouseTraceStore(
    new ClickhouseDatabase(connectClickhouse(address, "writer:secret-word"), address, {
      sleep: async () => {
        waits += 1;
      },
      random: () => 0.5,
      now: () => 0,
    }),
  );
const failure = async (store: ClickhouseTraceStore): Promise<TuneupError> =>
  store.add(projectId("support"), { spans: [aSpan({ attributes: { said: "words of a session" } })] }).then(
    () => expect.fail("nothing failed"),
    (error: unknown) => error as TuneupError,
  );
const refusal = (code: number, type: string): [number, string, Record<string, string>] => [
  500,
  `Code: ${code}. DB::Exception: while reading "words of a session": no. (${type}) (version 25.8.1.1)`,
  { "x-clickhouse-exception-code": String(code) },
];

beforeEach(() => {
  waits = 0;
  nock.disableNetConnect();
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe("a ClickHouse server that cannot take what is sent", () => {
  test.each([
    [516, "AUTHENTICATION_FAILED", "Check user and password in CLICKHOUSE_KEY", false],
    [497, "ACCESS_DENIED", "needs SELECT, INSERT, ALTER", false],
    [81, "UNKNOWN_DATABASE", "CREATE DATABASE tuneup", false],
    [252, "TOO_MANY_PARTS", "send larger batches", true],
    [243, "NOT_ENOUGH_SPACE", "disk is full", true],
    [60, "UNKNOWN_TABLE", "own log", false],
  ])("code %i (%s) is an error with its remedy, and quotes nobody", async (code, type, remedy, retryable) => {
    nock(url)
      .persist()
      .post(/.*/)
      .reply(() => refusal(code, type));
    const error = await failure(open());
    expect(error).toMatchObject({ code: "trace-store-unavailable", retryable });
    expect(error.message).toContain(`ClickHouse at ${url} refused`);
    expect(error.message).toContain(type);
    expect(error.remedy).toContain(remedy);
    expect(`${error.message} ${error.remedy} ${JSON.stringify(error.fields)} ${String(error.cause)}`).not.toMatch(
      /secret-word|words of a session/,
    );
    expect(waits).toBe(retryable ? 2 : 0);
  });

  test("a server that is down is an error that says so, and is asked anew the next time", async () => {
    nock(url)
      .persist()
      .post(/.*/)
      .replyWithError(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
    const store = open();
    const error = await failure(store);
    expect(error).toMatchObject({ code: "trace-store-unavailable", retryable: true });
    expect(error.message).toBe(`ClickHouse at ${url} cannot be reached for its version: ECONNREFUSED.`);
    expect(waits).toBe(2);
    nock.cleanAll();
    nock(url).persist().post(/.*/).reply(200, '{"version":"23.3.1.1"}\n');
    expect((await failure(store)).message).toContain("version 23.3.1.1, which is too old");
  });
});

test("an address with a name and password in it is refused without being quoted", () => {
  expect(() => connectClickhouse({ ...address, url: "https://writer:secret-word@clickhouse.example" }, undefined)).toThrow(
    /without a name and password in it/,
  );
});

test("waits for what it inserts, and sends user and password in a header, never in the address", async () => {
  const asked: { readonly url: URL; readonly authorization: string | null }[] = [];
  nock(url)
    .persist()
    .post(/.*/)
    .reply((request: Request) => {
      asked.push({ url: new URL(request.url), authorization: request.headers.get("authorization") });
      return [200, '{"version":"25.8.1.1"}\n'];
    });
  await open().add(projectId("support"), { spans: [aSpan()] });
  const inserts = asked.filter(({ url: { searchParams } }) => searchParams.get("query")?.startsWith("INSERT") === true);
  expect(inserts.map(({ url: { searchParams } }) => searchParams.get("query")?.split(" ")[2])).toEqual([
    "tuneup_migrations",
    "tuneup_migrations",
    "otel_traces",
    "tuneup_index",
  ]);
  expect(new Set(inserts.map(({ url: { searchParams } }) => searchParams.get("async_insert")))).toEqual(new Set(["0"]));
  for (const one of asked) {
    expect(one.url.href).not.toContain("secret-word");
    expect(one.url.searchParams.get("database")).toBe("tuneup");
    expect(one.authorization).toBe(`Basic ${Buffer.from("writer:secret-word").toString("base64")}`);
  }
});
