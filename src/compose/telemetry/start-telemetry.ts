import type { TelemetrySettings } from "../../config/telemetry-settings.ts";
import type { Log, Telemetry } from "../../ports/runtime.ts";
import { noTelemetry } from "../runtime.ts";

/** Traces of this process over OTLP where the environment asks for them. OpenTelemetry's SDK is loaded only then. */
export async function startTelemetry({ problems, traces }: TelemetrySettings, version: string, log: Log): Promise<Telemetry> {
  for (const problem of problems) log.warn({ problem }, "a setting of OpenTelemetry is not obeyed");
  if (traces === undefined) return noTelemetry;
  const [{ otelTelemetry }, { otlpProvider }] = await Promise.all([
    import("../../adapters/opentelemetry/otel-telemetry.ts"),
    import("../../adapters/opentelemetry/otlp-provider.ts"),
  ]);
  const failed = (): void => log.warn({}, "Tuneup's own traces cannot be sent; look at OTEL_EXPORTER_OTLP_ENDPOINT and its headers");
  return otelTelemetry(otlpProvider({ version, sampling: traces.sampling, failed }), version);
}

/** Who speaks, as attributes of OpenTelemetry's resource: name and version, and what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say. */
export async function telemetryResource(version: string): Promise<Readonly<Record<string, string>>> {
  const { resourceOf } = await import("../../adapters/opentelemetry/otlp-provider.ts");
  return Object.fromEntries(Object.entries(resourceOf(version).attributes).map(([name, value]) => [name, String(value)]));
}
