import nock from "nock";
import { afterEach, expect, test } from "vitest";
import { decodeOtlp } from "../../../src/adapters/otlp/decode-otlp.ts";
import { jaegerSource } from "../../../src/adapters/remote-traces/jaeger.ts";
import { openReader, readAll } from "./open-reader.ts";
import { jaegerStandIn } from "./stand-ins.ts";

const host = "https://store.example";
afterEach(() => nock.cleanAll());

const open = (depth: number): ReturnType<typeof openReader> =>
  openReader((http) =>
    jaegerSource(http, { url: host, pageSize: depth, project: "support-agent" }, (bytes) =>
      decodeOtlp(bytes, { encoding: "json", signal: "traces" }),
    ),
  );

/** A Jaeger that holds these traces, one a minute given, and gives at most as many as it is asked for. */
function holding(minutes: readonly number[]): void {
  const spans = minutes.map((minute, index) => ({ trace: "abcdef"[index] ?? "9", span: String(index + 1), session: `s${index}`, minute }));
  nock(host)
    .persist()
    .get("/api/v3/services")
    .reply(200, { services: ["support-agent"] });
  nock(host)
    .persist()
    .get("/api/v3/traces")
    .query(true)
    .reply((request: Request) => {
      const { searchParams } = new URL(request.url);
      const at = (minute: number): number => Date.UTC(2026, 0, 10, 0, minute);
      const found = spans
        .filter(
          (one) =>
            at(one.minute) >= Date.parse(searchParams.get("query.startTimeMin") ?? "") &&
            at(one.minute) < Date.parse(searchParams.get("query.startTimeMax") ?? ""),
        )
        .slice(0, Number(searchParams.get("query.searchDepth")));
      if (found.length === 0) return [404, '{"error":{"httpCode":404,"message":"no traces found"}}'];
      return [200, JSON.stringify(jaegerStandIn.answer(found, undefined, new URL(host)))];
    });
}

test("a busy time is read in ever smaller pieces until none of its traces can be missing", async () => {
  holding([1, 2, 3, 600, 601]);
  expect((await readAll(open(2))).map((trace) => trace.key)).toEqual(["s0", "s1", "s2", "s3", "s4"]);
});

test("more traces at one moment than a search gives are an error, not a part", async () => {
  holding([5, 5, 5]);
  await expect(readAll(open(2))).rejects.toThrow(/some would be missing/);
});

test("a wrong address is not mistaken for a store without traces, nor an unknown service for a quiet one", async () => {
  nock(host).get("/api/v3/services").reply(404, "nothing here");
  await expect(readAll(open(10))).rejects.toThrow(/answered 404/);
  nock(host)
    .get("/api/v3/services")
    .reply(200, { services: ["checkout"] });
  await expect(readAll(open(10))).rejects.toMatchObject({
    message: expect.stringContaining("support-agent") as string,
    remedy: "Known: checkout.",
  });
});
