import nock from "nock";
import { afterEach, expect, test } from "vitest";
import { spanHex, traceHex } from "../../contracts/remote-traces.ts";
import { langfuseSource } from "../../../src/adapters/remote-traces/langfuse.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { langfuseStandIn } from "./langfuse-stand-in.ts";
import { openReader, project, readAll } from "./open-reader.ts";

afterEach(() => nock.cleanAll());

const open = (clusterBy: readonly string[] = []) =>
  openReader((http) => langfuseSource(http, { url: "https://store.example", pageSize: 50 }), clusterBy);

const page = langfuseStandIn.answer([{ trace: "a", span: "1", session: "s", minute: 1 }], undefined, new URL("https://store.example"));
const score = (changes: object): object => ({
  id: "1",
  projectId: "p",
  name: "failure_mode",
  value: "refund refused",
  dataType: "CATEGORICAL",
  source: "ANNOTATION",
  comment: "asked twice",
  timestamp: "2026-01-10T01:00:00Z",
  subject: { kind: "trace", id: traceHex("a") },
  ...changes,
});

function answer(scores: readonly object[]): void {
  nock("https://store.example")
    .get("/api/public/v2/observations")
    .query(true)
    .reply(200, page as nock.Body);
  nock("https://store.example")
    .get("/api/public/v3/scores")
    .query(true)
    .reply(200, { data: scores, meta: {} } as nock.Body);
}

test("an observation is read as the model call it was", async () => {
  answer([]);
  const [session] = assemble(await readAll(open())).sessions;
  expect(session).toMatchObject({ id: "s" });
  expect(JSON.stringify(session)).toContain("Good day");
});

test("scores on traces, observations and sessions become feedback; corrections do not", async () => {
  answer([
    score({}),
    score({
      name: "helpful",
      value: 0.25,
      dataType: "NUMERIC",
      source: "EVAL",
      subject: { kind: "observation", id: spanHex("1"), traceId: traceHex("a") },
    }),
    score({ name: "csat", value: 1, dataType: "NUMERIC", source: "API", subject: { kind: "session", id: "s" } }),
    score({ name: "output", dataType: "CORRECTION" }),
  ]);
  const [trace] = await readAll(open());
  expect(trace?.feedback).toHaveLength(2);
  expect(trace?.feedback).toEqual(
    expect.arrayContaining([
      { name: "failure_mode", label: "refund refused", comment: "asked twice", by: "reviewer" },
      { name: "helpful", score: 0.25, comment: "asked twice", spanId: spanHex("1"), by: "evaluator" },
    ]),
  );
  expect(trace?.logs.map((log) => log.attributes["gen_ai.evaluation.name"])).toEqual(["csat"]);
});

test("labels of the scores that the operator names are clusters, and a label that names no failure is none", async () => {
  answer([score({}), score({ id: "2", value: "none" }), score({ id: "3", name: "other", value: "x" })]);
  const reader = open(["failure_mode"]);
  await readAll(reader);
  expect((await reader.clusters(project)).map((one) => [one.title, one.members, one.origin])).toEqual([
    ["refund refused", ["s"], "labelled"],
  ]);
});
