import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, detectResources, envDetector, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

export interface ProviderOptions {
  readonly version: string;
  /** Share of the traces that begin here, 0..1, and whether those that go on from elsewhere follow what was decided there. */
  readonly sampling: { readonly share: number; readonly followsParent: boolean };
  /** Told of the first batch that could not be sent, and of the first after one that could. */
  readonly failed: () => void;
}

/** Who speaks: `tuneup` with its version, and what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say on top. */
export const resourceOf = (version: string): Resource =>
  defaultResource()
    .merge(resourceFromAttributes({ "service.name": "tuneup", "service.version": version }))
    .merge(detectResources({ detectors: [envDetector] }));

/** OpenTelemetry's SDK with its OTLP exporter (protobuf over HTTP), which finds its address, headers and certificates in `OTEL_EXPORTER_OTLP_*` itself. */
export function otlpProvider({ failed, sampling, version }: ProviderOptions): TracerProvider {
  return new TracerProvider({
    resource: resourceOf(version),
    sampler: samplerOf(sampling),
    spanProcessors: [new BatchSpanProcessor({ exporter: watched(new OTLPTraceExporter(), failed), exportTimeoutMillis: 5000 })],
  });
}

function samplerOf({ followsParent, share }: ProviderOptions["sampling"]): Sampler {
  const root = share >= 1 ? new AlwaysOnSampler() : share <= 0 ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(share);
  return followsParent ? new ParentBasedSampler({ root }) : root;
}

/** Says once that spans cannot be sent, and again only after it went well. */
function watched(exporter: SpanExporter, failed: () => void): SpanExporter {
  let isFailing = false;
  return {
    export(spans: ReadableSpan[], done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined && !isFailing) failed();
        isFailing = result.error !== undefined;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}
