import nock from "nock";
import { afterEach, expect, test } from "vitest";
import { decodeOtlp } from "../../../src/adapters/otlp/decode-otlp.ts";
import { tempoHeaders, tempoSource } from "../../../src/adapters/remote-traces/tempo.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { openReader, readAll } from "./open-reader.ts";

const host = "https://store.example";
afterEach(() => nock.cleanAll());

const open = (pageSize: number, project?: string): ReturnType<typeof openReader> =>
  openReader((http) =>
    tempoSource(http, { url: host, pageSize, ...(project === undefined ? {} : { project }) }, (bytes) =>
      decodeOtlp(bytes, { encoding: "json", signal: "traces" }),
    ),
  );

const idOf = (index: number): string => (index + 1).toString(16).padStart(32, "0");
const at = (second: number): number => Date.UTC(2026, 0, 10) / 1000 + second;
const said = (key: string, text: string): object => ({ key, value: { stringValue: text } });
const spanOf = (index: number, second: number, attributes: readonly object[] = []): object => ({
  traceId: Buffer.from(idOf(index), "hex").toString("base64"),
  spanId: Buffer.from(idOf(index).slice(16), "hex").toString("base64"),
  name: "chat model-x",
  kind: "SPAN_KIND_CLIENT",
  startTimeUnixNano: `${at(second)}000000000`,
  endTimeUnixNano: `${at(second) + 1}000000000`,
  attributes: [said("session.id", `s${index}`), said("gen_ai.operation.name", "chat"), ...attributes],
  status: {},
});
const traceOf = (...spans: readonly object[]): object => ({
  resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: {}, spans }] }],
});

/** A Tempo that holds a trace for each second given, and gives at most as many as it is asked for; returns the searches. */
function holding(
  seconds: readonly number[],
  trace = (index: number, second: number): [number, object] => [200, { trace: traceOf(spanOf(index, second)) }],
): URLSearchParams[] {
  const searches: URLSearchParams[] = [];
  nock(host)
    .persist()
    .get("/api/search")
    .query(true)
    .reply((request: Request) => {
      const { searchParams } = new URL(request.url);
      searches.push(searchParams);
      const found = seconds.flatMap((second, index) =>
        at(second) >= Number(searchParams.get("start")) && at(second) <= Number(searchParams.get("end"))
          ? // Tempo leaves leading zeros out.
            [{ traceID: idOf(index).replace(/^0+/, ""), startTimeUnixNano: `${at(second)}000000000` }]
          : [],
      );
      return [200, JSON.stringify({ traces: found.slice(0, Number(searchParams.get("limit"))), metrics: {} })];
    });
  for (const [index, second] of seconds.entries())
    nock(host)
      .persist()
      .get(`/api/v2/traces/${idOf(index)}`)
      .reply(() => {
        const [status, body] = trace(index, second);
        return [status, JSON.stringify(body)];
      });
  return searches;
}

test("asks for spans of language models of one service, a day at a time", async () => {
  const searches = holding([10]);
  expect((await readAll(open(100, 'the "agent"'))).map((trace) => trace.key)).toEqual(["s0"]);
  expect(searches[0]?.get("q")).toContain('resource.service.name = "the \\"agent\\"" && (span.gen_ai.operation.name != nil ||');
  expect(searches.map((one) => Number(one.get("end")) - Number(one.get("start")))).toEqual([86_400, 86_400]);
});

test("a busy time is searched in ever smaller pieces until none of its traces can be missing", async () => {
  holding([1, 2, 3, 4, 600, 601, 80_000]);
  expect((await readAll(open(3))).length).toBe(7);
});

test("more traces within a second than a search gives are an error, not a part", async () => {
  holding([5, 5, 5]);
  await expect(readAll(open(2))).rejects.toThrow(/within one second; some would be missing/);
});

test("attributes as long as Tempo's limit are marked as cut, and so is their session", async () => {
  const hello = JSON.stringify([{ role: "user", parts: [{ type: "text", content: "Hello" }] }]);
  const whole = "x".repeat(2047);
  const values = [`${whole}y`, whole, `${"ä".repeat(1023)}x\ufffd`, `${whole}yy`];
  holding(
    values.map((_value, index) => index),
    (index, second) => [
      200,
      {
        trace: traceOf(
          spanOf(index, second, [said("gen_ai.input.messages", hello), said("gen_ai.system_instructions", values[index] ?? "")]),
        ),
      },
    ],
  );
  const traces = await readAll(open(100));
  expect(traces.map((trace) => trace.spans[0]?.attributes["tuneup.truncated"])).toEqual([
    ["gen_ai.system_instructions"],
    undefined,
    ["gen_ai.system_instructions"],
    undefined,
  ]);
  const { sessions } = assemble(traces);
  expect(sessions.filter((session) => session.missing.includes("truncated")).map((session) => session.id)).toEqual(["s0", "s2"]);
});

test("a trace that is given in part, without spans or not at all ends the reading", async () => {
  holding([1], (index, second) => [200, { trace: traceOf(spanOf(index, second)), status: "PARTIAL", message: "too large" }]);
  await expect(readAll(open(10))).rejects.toThrow(/in part only \(PARTIAL\)/);
  nock.cleanAll();
  holding([1], () => [200, { trace: traceOf() }]);
  await expect(readAll(open(10))).rejects.toThrow(/gives no span of it/);
  nock.cleanAll();
  holding([1], () => [404, {}]);
  nock(host)
    .get(/\/api\/traces\//)
    .reply(404, "trace not found");
  await expect(readAll(open(10))).rejects.toThrow(/answered 404/);
});

test("an older Tempo is read by its first version, which calls the spans batches", async () => {
  holding([1], () => [404, {}]);
  nock(host)
    .get(`/api/traces/${idOf(0)}`)
    .reply(200, { batches: [{ resource: {}, instrumentationLibrarySpans: [{ spans: [spanOf(0, 1)] }] }] });
  expect((await readAll(open(10))).map((trace) => trace.key)).toEqual(["s0"]);
});

test("the tenant stands before the service's first slash", () => {
  expect(tempoHeaders("team-a/agent")).toEqual({ "x-scope-orgid": "team-a" });
  expect(tempoHeaders("agent")).toEqual({});
  expect(tempoHeaders("/with/slash")).toEqual({});
});
