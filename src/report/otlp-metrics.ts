import type { Instant, Json } from "../domain/ids.ts";
import type { Metric, Sample } from "./prometheus-text.ts";

/** Who speaks: the resource's attributes, and Tuneup's version. */
export interface MetricsSource {
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

const units: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/_seconds$/, "s"],
  [/_bytes$/, "By"],
];

/**
 * Metrics as an OTLP export request in its JSON form (opentelemetry-proto, metrics/v1/metrics.proto). The endings that Prometheus wants in a name become
 * type and unit. Counters are cumulative since the records began, whose time is not known.
 */
export const otlpMetrics = (metrics: readonly Metric[], { resource, version }: MetricsSource, at: Instant): Json => ({
  resourceMetrics: [
    {
      resource: { attributes: pairs(resource) },
      scopeMetrics: [{ scope: { name: "tuneup", version }, metrics: metrics.map((metric) => converted(metric, at)) }],
    },
  ],
});

function converted({ help, kind, name, samples }: Metric, at: Instant): Json {
  const plain = name.replace(/_total$/, "");
  const [ending, unit] = units.find(([pattern]) => pattern.test(plain)) ?? [];
  const dataPoints = samples.map((sample) => point(sample, at));
  return {
    name: ending === undefined ? plain : plain.replace(ending, ""),
    description: help,
    unit: unit ?? "1",
    // 2 is AGGREGATION_TEMPORALITY_CUMULATIVE.
    ...(kind === "counter" ? { sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } } : { gauge: { dataPoints } }),
  };
}

const point = ({ labels = {}, value }: Sample, at: Instant): Json => ({
  attributes: pairs(labels),
  timeUnixNano: `${Date.parse(at)}000000`,
  asDouble: value,
});

const pairs = (values: Readonly<Record<string, string>>): Json =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
