import nock from "nock";
import { afterEach, describe, expect, test } from "vitest";
import { langsmithSource } from "../../../src/adapters/remote-traces/langsmith.ts";
import { mlflowSource } from "../../../src/adapters/remote-traces/mlflow.ts";
import { phoenixSource } from "../../../src/adapters/remote-traces/phoenix.ts";
import { type ShownSpan, spanHex, traceHex } from "../../contracts/remote-traces.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { openReader, project, readAll } from "./open-reader.ts";
import { langsmithStandIn, mlflowStandIn, phoenixStandIn } from "./stand-ins.ts";

const host = "https://store.example";
const shown = [{ trace: "a", span: "1", session: "s", minute: 1 }];
const address = new URL(host);
afterEach(() => nock.cleanAll());

const summary = (clusters: readonly { readonly id: string; readonly title: string; readonly members: readonly string[] }[]): unknown =>
  clusters.map(({ id, members, title }) => [id, title, members]);

test("LangSmith's open Issues are clusters as they are; completed ones are not", async () => {
  nock(host)
    .post("/api/v2/runs/query")
    .reply(200, langsmithStandIn.answer(shown, undefined, address) as nock.Body);
  nock(host)
    .get("/api/v1/feedback")
    .query(true)
    .reply(200, [{ run_id: spanHex("1"), key: "helpful", score: 0, value: null, comment: "no", feedback_source: { type: "app" } }]);
  nock(host)
    .get("/api/v1/platform/issues")
    .query(true)
    .reply(200, [
      { id: "i-1", name: "Refuses refunds", description: "…", status: "open", severity: 2, traces: ["a".repeat(32)] },
      { id: "i-2", name: "Mended", status: "completed", traces: ["a".repeat(32)] },
    ]);
  const reader = openReader((http) => langsmithSource(http, { url: host, pageSize: 50, project: "p" }));
  const traces = await readAll(reader);
  expect(traces[0]?.feedback).toEqual([{ name: "helpful", score: 0, comment: "no", spanId: spanHex("1"), by: "reviewer" }]);
  expect(JSON.stringify(assemble(traces).sessions)).toContain("Good day");
  expect(summary(await reader.clusters(project))).toEqual([["i-1", "Refuses refunds", ["s"]]]);
});

test("without Issues the most specific clusters of LangSmith's newest Insights report are taken", async () => {
  nock(host)
    .post("/api/v2/runs/query")
    .reply(200, langsmithStandIn.answer(shown, undefined, address) as nock.Body);
  nock(host).get("/api/v1/feedback").query(true).reply(200, []);
  nock(host).get("/api/v1/platform/issues").query(true).reply(404, {});
  nock(host)
    .get("/api/v1/sessions/p/insights")
    .reply(200, {
      clustering_jobs: [
        { id: "old", status: "success", end_time: "2026-01-01" },
        { id: "new", status: "success", end_time: "2026-01-09" },
      ],
    });
  nock(host)
    .get("/api/v1/sessions/p/insights/new")
    .reply(200, {
      clusters: [
        { id: "top", parent_id: null, name: "Money" },
        { id: "leaf", parent_id: "top", name: "Refund asked twice" },
      ],
    });
  nock(host)
    .get("/api/v1/sessions/p/insights/new/runs")
    .query({ cluster_id: "leaf", limit: 100, offset: 0 })
    .reply(200, { runs: [{ id: "x", trace_id: "a".repeat(32) }] });
  const reader = openReader((http) => langsmithSource(http, { url: host, pageSize: 50, project: "p" }));
  expect(summary(await reader.clusters(project))).toEqual([["leaf", "Refund asked twice", ["s"]]]);
});

test("an Issues list that fails is an error, not a store without clusters", async () => {
  nock(host)
    .post("/api/v2/runs/query")
    .reply(200, langsmithStandIn.answer(shown, undefined, address) as nock.Body);
  nock(host).get("/api/v1/feedback").query(true).reply(200, []);
  nock(host).get("/api/v1/platform/issues").query(true).reply(403, {});
  const reader = openReader((http) => langsmithSource(http, { url: host, pageSize: 50, project: "p" }));
  await expect(reader.clusters(project)).rejects.toMatchObject({ code: "trace-store-unavailable" });
});

test("MLflow's Issues are clusters of the traces that carry their assessments", async () => {
  const page = mlflowStandIn.answer(shown, undefined, address) as { readonly traces: readonly object[] };
  const [info] = page.traces;
  const assessments = [
    { assessment_name: "i-1", issue: {}, source: { source_type: "LLM_JUDGE" } },
    { assessment_name: "polite", feedback: { value: false }, rationale: "curt", source: { source_type: "HUMAN" }, span_id: spanHex("1") },
  ];
  nock(host)
    .persist()
    .post("/api/3.0/mlflow/traces/search")
    .reply(200, { traces: [{ ...info, assessments }] });
  nock(host)
    .get("/api/3.0/mlflow/traces/batchGet")
    .query(true)
    .reply(200, mlflowStandIn.rest(address) as nock.Body);
  nock(host)
    .post("/api/3.0/mlflow/issues/search")
    .reply(200, {
      issues: [
        { issue_id: "i-1", name: "Refuses refunds", description: "Says no.", status: "accepted", root_causes: ["policy unread"] },
        { issue_id: "i-2", name: "Mended", status: "resolved" },
      ],
    });
  const reader = openReader((http) => mlflowSource(http, { url: host, pageSize: 50, project: "7" }));
  const traces = await readAll(reader);
  expect(traces[0]?.feedback).toEqual([{ name: "polite", score: 0, comment: "curt", spanId: spanHex("1"), by: "reviewer" }]);
  expect(JSON.stringify(assemble(traces).sessions)).toContain("Good day");
  expect(summary(await reader.clusters(project))).toEqual([["i-1", "Refuses refunds", ["s"]]]);
});

test("MLflow's traces whose spans are missing are an error", async () => {
  nock(host)
    .post("/api/3.0/mlflow/traces/search")
    .reply(200, mlflowStandIn.answer(shown, undefined, address) as nock.Body);
  nock(host).get("/api/3.0/mlflow/traces/batchGet").query(true).reply(200, { traces: [] });
  const reader = openReader((http) => mlflowSource(http, { url: host, pageSize: 50, project: "7" }));
  await expect(readAll(reader)).rejects.toThrow(/whose spans it does not give/);
});

describe("Phoenix's annotations", () => {
  const result = { label: "refund refused", score: 0, explanation: "read no policy" };
  /** Phoenix with these annotations on its spans, traces and sessions; notes what it was asked for sessions. */
  function phoenix(of: {
    readonly pages?: readonly (readonly ShownSpan[])[];
    readonly onSessions: readonly [number, object];
  }): readonly string[] {
    const pages = of.pages ?? [shown];
    for (const [index, page] of pages.entries())
      nock(host)
        .get("/v1/projects/support/spans")
        .query((query) => query["cursor"] === (index === 0 ? undefined : `page-${index}`))
        .reply(200, phoenixStandIn.answer(page, index + 1 < pages.length ? index + 1 : undefined, address) as nock.Body);
    const answers: Readonly<Record<string, readonly [number, object]>> = {
      span: [200, { data: [{ name: "failure", annotator_kind: "HUMAN", result, span_id: spanHex("1") }], next_cursor: null }],
      trace: [200, { data: [{ name: "tone", annotator_kind: "LLM", result: { score: 0.5 }, trace_id: traceHex("a") }], next_cursor: null }],
      session: of.onSessions,
    };
    const asked: string[] = [];
    for (const [kind, [status, body]] of Object.entries(answers))
      nock(host)
        .persist()
        .get(`/v1/projects/support/${kind}_annotations`)
        .query((query) => kind !== "session" || asked.push(String(query["session_ids"])) > 0)
        .reply(status, body as nock.Body);
    return asked;
  }
  const open = (): ReturnType<typeof openReader> =>
    openReader((http) => phoenixSource(http, { url: host, pageSize: 50, project: "support" }), ["failure"]);

  test("on spans, traces and sessions become feedback and, where named, clusters", async () => {
    const onSession = { name: "solved", annotator_kind: "HUMAN", result: { label: "no" }, session_id: "s" };
    phoenix({ onSessions: [200, { data: [onSession], next_cursor: null }] });
    const reader = open();
    const traces = await readAll(reader);
    expect(traces[0]?.feedback.map((one) => [one.name, one.label, one.by, one.spanId])).toEqual(
      expect.arrayContaining([
        ["failure", "refund refused", "reviewer", spanHex("1")],
        ["tone", undefined, "evaluator", undefined],
        ["solved", "no", "reviewer", undefined],
      ]),
    );
    expect(JSON.stringify(assemble(traces).sessions)).toContain("Good day");
    expect((await reader.clusters(project)).map((one) => one.title)).toEqual(["refund refused"]);
  });

  test("on a session whose spans stand on several pages are read once", async () => {
    const [first] = shown;
    if (first === undefined) throw new Error("nothing is shown");
    const onSession = { name: "solved", annotator_kind: "HUMAN", result: { label: "no" }, session_id: "s" };
    const pages = [[first], [{ ...first, trace: "b", span: "7" }]];
    const asked = phoenix({ pages, onSessions: [200, { data: [onSession], next_cursor: null }] });
    const [trace] = await readAll(open());
    expect(trace?.feedback.filter(({ name }) => name === "solved")).toHaveLength(1);
    expect(asked).toEqual(["s"]);
  });

  test("on sessions may be unknown to it: the others are read all the same, and every other failure is one", async () => {
    phoenix({ onSessions: [404, { detail: "None of the supplied session_ids exist in this project" }] });
    expect((await readAll(open()))[0]?.feedback.map(({ name }) => name)).toEqual(expect.arrayContaining(["failure", "tone"]));
    nock.cleanAll();
    phoenix({ onSessions: [403, {}] });
    await expect(readAll(open())).rejects.toMatchObject({ code: "trace-store-unavailable" });
  });
});
