import { langfuseSource } from "../../../src/adapters/remote-traces/langfuse.ts";
import { host, spanHex, type StoreStandIn, timeAt, traceHex } from "../../contracts/remote-traces.ts";

/** Langfuse's public API as its openapi.yml describes it (langfuse/langfuse, web/public/generated/api/openapi.yml). */
export const langfuseStandIn: StoreStandIn = {
  name: "Langfuse",
  pages: true,
  open: (http) => langfuseSource(http, { url: host, pageSize: 50 }),
  pageOf: (url) =>
    url.pathname === "/api/public/v2/observations" ? Number((url.searchParams.get("cursor") ?? "page-0").replace("page-", "")) : undefined,
  answer: (spans, next) => ({
    data: spans.map((one) => ({
      id: spanHex(one.span),
      traceId: traceHex(one.trace),
      projectId: "p",
      parentObservationId: one.parent === undefined ? null : spanHex(one.parent),
      type: "GENERATION",
      name: "chat",
      startTime: timeAt(one.minute),
      endTime: timeAt(one.minute + 1),
      level: "DEFAULT",
      statusMessage: null,
      environment: "default",
      userId: null,
      sessionId: one.session,
      input: '[{"role":"user","content":"Hello"}]',
      output: '{"role":"assistant","content":"Good day"}',
      metadata: { scope: { name: "langfuse-sdk" }, attributes: {} },
      providedModelName: "model-x",
      usageDetails: { input: 3, output: 2 },
    })),
    meta: next === undefined ? {} : { cursor: `page-${next}` },
  }),
  rest: () => ({ data: [], meta: {} }),
};
