import { MemoryTraceStore } from "../../adapters/memory-trace-store/memory-trace-store.ts";
import { httpReading } from "../../adapters/remote-traces/http-reading.ts";
import { clickhouseSource } from "../../adapters/remote-traces/clickhouse.ts";
import { jaegerSource } from "../../adapters/remote-traces/jaeger.ts";
import { langfuseSource } from "../../adapters/remote-traces/langfuse.ts";
import { langsmithSource } from "../../adapters/remote-traces/langsmith.ts";
import { mlflowSource } from "../../adapters/remote-traces/mlflow.ts";
import { tempoHeaders, tempoSource } from "../../adapters/remote-traces/tempo.ts";
import { phoenixSource } from "../../adapters/remote-traces/phoenix.ts";
import { decodeOtlp } from "../../adapters/otlp/decode-otlp.ts";
import { RemoteTraceReader } from "../../adapters/remote-traces/remote-trace-reader.ts";
import type { HttpReading } from "../../adapters/remote-traces/http-reading.ts";
import type { StoreAddress, StoreSource } from "../../adapters/remote-traces/store-source.ts";
import type { OperatorSettings, TraceStoreKind, TraceStoreSettings } from "../../config/operator-file.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { ProjectId } from "../../domain/ids.ts";
import type { TraceReader, TraceStore } from "../../ports/trace-store.ts";
import { realRetryTools, systemNow } from "../runtime.ts";

/** What a kind of store needs: where its key is looked for, how the key is sent, and how it is read. */
interface StoreKind {
  readonly title: string;
  readonly keyName: string;
  /** False where a store often stands open within one's own network. */
  readonly needsKey: boolean;
  readonly headers: (key: string) => Readonly<Record<string, string>>;
  /** Further headers that `traces.project` asks for. */
  readonly projectHeaders?: (project: string | undefined) => Readonly<Record<string, string>>;
  readonly source: (http: HttpReading, address: StoreAddress) => StoreSource;
}

const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` });
const basic = (key: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(key, "utf8").toString("base64")}`,
});

const basicOrBearer = (key: string): Readonly<Record<string, string>> => (key.includes(":") ? basic(key) : bearer(key));

const decodeSpans = (bytes: Uint8Array): ReturnType<typeof decodeOtlp> => decodeOtlp(bytes, { encoding: "json", signal: "traces" });

function clickhouseUser(key: string): Readonly<Record<string, string>> {
  const colon = key.indexOf(":");
  return colon < 0 ? { "x-clickhouse-key": key } : { "x-clickhouse-user": key.slice(0, colon), "x-clickhouse-key": key.slice(colon + 1) };
}

const kinds: Readonly<Record<TraceStoreKind, StoreKind>> = {
  langfuse: { title: "Langfuse", keyName: "LANGFUSE_KEYS", needsKey: true, headers: basic, source: langfuseSource },
  phoenix: { title: "Phoenix", keyName: "PHOENIX_API_KEY", needsKey: false, headers: bearer, source: phoenixSource },
  langsmith: {
    title: "LangSmith",
    keyName: "LANGSMITH_API_KEY",
    needsKey: true,
    headers: (key) => ({ "x-api-key": key }),
    source: langsmithSource,
  },
  mlflow: { title: "MLflow", keyName: "MLFLOW_KEY", needsKey: false, headers: basicOrBearer, source: mlflowSource },
  jaeger: {
    title: "Jaeger",
    keyName: "JAEGER_KEY",
    needsKey: false,
    headers: basicOrBearer,
    source: (http, address) => jaegerSource(http, address, decodeSpans),
  },
  tempo: {
    title: "Tempo",
    keyName: "TEMPO_KEY",
    needsKey: false,
    headers: basicOrBearer,
    projectHeaders: tempoHeaders,
    source: (http, address) => tempoSource(http, address, decodeSpans),
  },
  clickhouse: { title: "ClickHouse", keyName: "CLICKHOUSE_KEY", needsKey: false, headers: clickhouseUser, source: clickhouseSource },
};

/** Another store that traces are read from, as `doctor` looks at it. */
export interface RemoteTraces {
  readonly name: string;
  readonly days: number;
  readonly limits: readonly string[];
  /** Asks the store for as little as possible; throws what reading would throw. */
  check(): Promise<void>;
}

/** Where a project's traces are read from. */
export interface ReadingFrom {
  readonly reader: TraceReader;
  /** The project's own store elsewhere; `undefined` when its traces are in Tuneup's own. */
  readonly remote: (project: ProjectId) => RemoteTraces | undefined;
}

interface Parts {
  readonly operator: OperatorSettings;
  readonly own: TraceStore;
  /** Wraps a store so that nothing unredacted goes in. */
  readonly redacted: (store: TraceStore) => TraceStore;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Where a project's traces are, by the operator file: at the repository that has this project, else for the whole installation; else here. */
function settingsOf(operator: OperatorSettings, project: ProjectId): TraceStoreSettings | undefined {
  const listed = Object.values(operator.repositories ?? {}).find((one) => one.project === project);
  // With repositories listed the general `traces` is the general project's: another project's sessions must not come from it.
  if (listed?.traces !== undefined) return listed.traces;
  return (operator.project ?? "default") === project || operator.repositories === undefined ? operator.traces : undefined;
}

/** Reads each project's traces where the operator file says they are: in Tuneup's own store, or in another one in place. Nothing is asked yet. */
export function readTracesFrom(parts: Parts): ReadingFrom {
  const opened = new Map<ProjectId, { readonly reader: RemoteTraceReader; readonly remote: RemoteTraces } | undefined>();
  const of = (project: ProjectId): { readonly reader: RemoteTraceReader; readonly remote: RemoteTraces } | undefined => {
    if (opened.has(project)) return opened.get(project);
    const settings = settingsOf(parts.operator, project);
    const made = settings === undefined ? undefined : openRemote(settings, parts);
    opened.set(project, made);
    return made;
  };
  const readerOf = (project: ProjectId): TraceReader => of(project)?.reader ?? parts.own;
  return {
    remote: (project) => of(project)?.remote,
    reader: {
      read: (query) => readerOf(query.project).read(query),
      session: (project, key) => readerOf(project).session(project, key),
      clusters: (project) => readerOf(project).clusters(project),
      async close() {
        for (const one of opened.values()) await one?.reader.close();
      },
    },
  };
}

const defaultDays = 14;

function openRemote(settings: TraceStoreSettings, parts: Parts): { readonly reader: RemoteTraceReader; readonly remote: RemoteTraces } {
  const kind = kinds[settings.kind];
  const keyName = settings.keyEnv ?? kind.keyName;
  const key = parts.variables[keyName]?.trim();
  if ((key === undefined || key === "") && (kind.needsKey || settings.keyEnv !== undefined)) {
    throw new TuneupError("config-invalid", `${kind.title} needs a key, and the variable ${keyName} is not set.`, {
      remedy: `Set ${keyName}, or name another variable in \`traces.keyEnv\`; docs/trace-stores.md says what each store's key looks like.`,
      fields: { variable: keyName },
    });
  }
  const http = httpReading({
    store: kind.title,
    url: settings.url,
    headers: { ...kind.projectHeaders?.(settings.project), ...(key === undefined || key === "" ? {} : kind.headers(key)) },
    retry: realRetryTools,
    keyName,
    ...(settings.requestsPerSecond === undefined ? {} : { perSecond: settings.requestsPerSecond }),
  });
  const source = kind.source(http, {
    url: settings.url,
    pageSize: settings.pageSize ?? 100,
    ...(settings.project === undefined ? {} : { project: settings.project }),
  });
  const days = settings.days ?? defaultDays;
  return {
    reader: new RemoteTraceReader({
      source,
      hold: () => parts.redacted(new MemoryTraceStore()),
      now: systemNow,
      days,
      clusterBy: settings.clusterBy ?? [],
    }),
    remote: { name: source.name, days, limits: source.limits, check: () => source.check() },
  };
}
