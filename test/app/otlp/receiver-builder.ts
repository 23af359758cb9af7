import { otlpCodec } from "../../../src/adapters/otlp/otlp-codec.ts";
import { MemoryTraceStore } from "../../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../../../src/app/otlp/otlp-receiver.ts";
import type { ReceiverLimits } from "../../../src/app/otlp/receiver-limits.ts";
import { instant, type Json, later, type ProjectId, projectId } from "../../../src/domain/ids.ts";
import type { Trace } from "../../../src/domain/span.ts";
import { hashOfToken, makeProjectToken, type ProjectToken } from "../../../src/domain/receiving/project-token.ts";
import type { ProjectDirectory, Received } from "../../../src/ports/project-directory.ts";
import type { TraceStore } from "../../../src/ports/trace-store.ts";

export const support = projectId("support");
export const token: ProjectToken = makeProjectToken(new Uint8Array(32).fill(1));
export const strangeToken: ProjectToken = makeProjectToken(new Uint8Array(32).fill(9));

/** A receiver on a free port with one project, a clock that stands still until it is moved, and everything that it logged and counted. */
export interface TestReceiver extends AsyncDisposable, OtlpReceiver {
  readonly store: TraceStore;
  readonly logged: { readonly level: string; readonly message: string; readonly fields: Readonly<Record<string, Json>> }[];
  readonly received: (Received & { readonly project: ProjectId })[];
  /** Ends the project's token. */
  endToken(): void;
  pass(milliseconds: number): void;
  post(path: string, body: string | Uint8Array<ArrayBuffer>, headers?: Readonly<Record<string, string>>): Promise<Response>;
  traces(project?: ProjectId): Promise<readonly Trace[]>;
}

export async function aReceiver(
  changes: { readonly limits?: Partial<ReceiverLimits>; readonly store?: Partial<TraceStore>; readonly port?: number } = {},
): Promise<TestReceiver> {
  let now = instant("2026-01-20T00:00:00.000Z");
  let isOpen = true;
  const store = new MemoryTraceStore();
  const logged: TestReceiver["logged"] = [];
  const received: TestReceiver["received"] = [];
  const at = (level: string) => (fields: Readonly<Record<string, Json>>, message: string) => void logged.push({ level, message, fields });
  const projects: Pick<ProjectDirectory, "projectOf" | "noteReceived"> = {
    projectOf: async (hash) => (isOpen && hash === hashOfToken(token) ? support : undefined),
    noteReceived: async (project, counts) => void received.push({ project, ...counts }),
  };
  const receiver = await startOtlpReceiver({
    store: { add: changes.store?.add ?? ((project, batch) => store.add(project, batch)) },
    projects,
    codec: otlpCodec,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    now: () => now,
    port: changes.port ?? 0,
    host: "127.0.0.1",
    limits: { checkEvery: 10, lingerTime: 50, stopTime: 200, ...changes.limits },
  });
  return {
    ...receiver,
    store,
    logged,
    received,
    endToken: () => void (isOpen = false),
    pass: (milliseconds) => void (now = later(now, milliseconds)),
    post: (path, body, headers = {}) =>
      fetch(`${receiver.url}${path}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...headers },
      }),
    async traces(project = support) {
      const found: Trace[] = [];
      for await (const trace of store.read({ project })) found.push(trace);
      return found;
    },
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

let spans = 0;

/** One export request in JSON with so many spans of one session. */
export function aRequest(count = 1, attributes: Readonly<Record<string, string>> = { "session.id": "s-1" }): string {
  return JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: count }, () => ({
              traceId: "5b8efff798038103d269b633813fc60c",
              spanId: (spans += 1).toString(16).padStart(16, "0"),
              name: "gen_ai.chat",
              startTimeUnixNano: "1768867200000000000",
              endTimeUnixNano: "1768867201000000000",
              attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
            })),
          },
        ],
      },
    ],
  });
}
