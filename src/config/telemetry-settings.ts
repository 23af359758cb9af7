/**
 * OpenTelemetry's own variables, as far as Tuneup obeys them. Those of the exporters (`OTEL_EXPORTER_OTLP_*`) are read by OpenTelemetry's exporter too.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
const names = {
  disabled: "OTEL_SDK_DISABLED",
  endpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
  tracesEndpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  metricsEndpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  headers: "OTEL_EXPORTER_OTLP_HEADERS",
  metricsHeaders: "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
  timeout: "OTEL_EXPORTER_OTLP_TIMEOUT",
  metricsTimeout: "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
  protocol: "OTEL_EXPORTER_OTLP_PROTOCOL",
  tracesProtocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  tracesExporter: "OTEL_TRACES_EXPORTER",
  metricsExporter: "OTEL_METRICS_EXPORTER",
  sampler: "OTEL_TRACES_SAMPLER",
  samplerRatio: "OTEL_TRACES_SAMPLER_ARG",
  metricInterval: "OTEL_METRIC_EXPORT_INTERVAL",
} as const;

/** Read by OpenTelemetry's libraries alone. */
const others = [
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
  "OTEL_EXPORTER_OTLP_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_CLIENT_KEY",
  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
] as const;

/** The variable in which one process hands the span under way to the next (W3C Trace Context, carried by the environment). */
const traceparentVariable = "TRACEPARENT";

/** Everything about telemetry that a process of ours may hand to another. */
export const telemetryVariables: readonly string[] = [...Object.values(names), ...others, traceparentVariable];

/** The span under way as a variable for another process; none where there is none. */
export const carried = (traceparent: string | undefined): Readonly<Record<string, string>> =>
  traceparent === undefined ? {} : { [traceparentVariable]: traceparent };

/** How many of the traces that begin here are kept; those that go on from elsewhere follow what was decided there. */
export type Sampling = { readonly share: number; readonly followsParent: boolean };

/** Where Tuneup's own metrics go. */
export interface MetricsTarget {
  /** Whole address, `/v1/metrics` included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly everyMilliseconds: number;
  readonly timeoutMilliseconds: number;
}

/** Whether and how Tuneup tells of itself. Both are absent unless asked for. */
export interface TelemetrySettings {
  readonly traces?: { readonly sampling: Sampling };
  readonly metrics?: MetricsTarget;
  /** The span that this process goes on from, as W3C `traceparent`. */
  readonly parent?: string;
  /** Settings that are not obeyed, each as a sentence. */
  readonly problems: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads OpenTelemetry's variables. Nothing is sent unless an endpoint is set or the exporter `otlp` is asked for by name. */
export function telemetrySettings(variables: Variables): TelemetrySettings {
  const read = (name: keyof typeof names): string | undefined => variables[names[name]]?.trim() || undefined;
  const parent = variables[traceparentVariable];
  const problems: string[] = [];
  if (read("disabled")?.toLowerCase() === "true") return { problems };
  const isWanted = (signal: "traces" | "metrics"): boolean => {
    const exporter = read(`${signal}Exporter`)?.toLowerCase();
    if (exporter === "none") return false;
    if (exporter !== undefined && exporter !== "otlp") {
      problems.push(`${names[`${signal}Exporter`]}=${exporter} is not known: Tuneup sends over OTLP or not at all (otlp, none).`);
      return false;
    }
    return exporter === "otlp" || (read(`${signal}Endpoint`) ?? read("endpoint")) !== undefined;
  };
  const [traces, metrics] = [isWanted("traces"), isWanted("metrics")];
  const protocol = read("tracesProtocol") ?? read("protocol");
  if (traces && protocol !== undefined && protocol !== "http/protobuf")
    problems.push(`${names.protocol}=${protocol} is not obeyed: traces go out as http/protobuf, metrics as http/json.`);
  return {
    problems,
    ...(traces ? { traces: { sampling: samplingOf(read("sampler"), read("samplerRatio"), problems) } } : {}),
    ...(metrics ? { metrics: metricsTarget(read) } : {}),
    ...(parent === undefined ? {} : { parent }),
  };
}

function samplingOf(sampler = "parentbased_always_on", ratio: string | undefined, problems: string[]): Sampling {
  const followsParent = sampler.startsWith("parentbased_");
  const root = sampler.replace(/^parentbased_/, "");
  if (root === "always_on") return { share: 1, followsParent };
  if (root === "always_off") return { share: 0, followsParent };
  if (root === "traceidratio") {
    const share = Number(ratio ?? 1);
    if (share >= 0 && share <= 1) return { share, followsParent };
    problems.push(`${names.samplerRatio}=${ratio} is no share between 0 and 1: every trace is kept.`);
    return { share: 1, followsParent };
  }
  problems.push(
    `${names.sampler}=${sampler} is not known: every trace is kept. Known are always_on, always_off and traceidratio, each also with parentbased_ before it.`,
  );
  return { share: 1, followsParent: true };
}

function metricsTarget(read: (name: keyof typeof names) => string | undefined): MetricsTarget {
  const base = (read("endpoint") ?? "http://localhost:4318").replace(/\/+$/, "");
  return {
    url: read("metricsEndpoint") ?? `${base}/v1/metrics`,
    headers: { ...headersOf(read("headers")), ...headersOf(read("metricsHeaders")) },
    everyMilliseconds: positive(read("metricInterval"), 60_000),
    timeoutMilliseconds: positive(read("metricsTimeout") ?? read("timeout"), 10_000),
  };
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : otherwise;
}

/** `name=value` pairs, comma between, values percent-encoded (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables). */
function headersOf(text: string | undefined): Readonly<Record<string, string>> {
  const pairs = (text ?? "").split(",").flatMap((pair) => {
    const cut = pair.indexOf("=");
    const name = pair.slice(0, cut).trim().toLowerCase();
    return cut < 1 || name === "" ? [] : [[name, decoded(pair.slice(cut + 1).trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
