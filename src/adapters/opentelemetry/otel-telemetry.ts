import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { type Attributes, type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { ownScope } from "../../domain/receiving/own-spans.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Facts, Progress, SpanStart, Telemetry } from "../../ports/runtime.ts";

/** What the SDK's `TracerProvider` is to us. */
export interface SpanSource {
  getTracer(name: string, version?: string): Tracer;
  shutdown(): Promise<void>;
}

/** One span under way, with the stages that are open in it. */
interface Scope {
  readonly context: Context;
  /** In the order in which they began: what is opened meanwhile belongs to the last. */
  readonly stages: Map<string, Span>;
}

/** A receiver that does not answer must not keep a command from ending. */
const longestClose = 3000;

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** Tuneup's spans through OpenTelemetry's SDK. No global of OpenTelemetry is set: other libraries in this process stay untraced. */
export function otelTelemetry(source: SpanSource, version: string): Telemetry {
  const tracer = source.getTracer(ownScope, version);
  const storage = new AsyncLocalStorage<Scope>();

  return {
    async span(start, work) {
      const parent = parentOf(start, storage.getStore());
      const span = tracer.startSpan(start.name, optionsOf(start), parent);
      const scope: Scope = { context: trace.setSpan(parent, span), stages: new Map() };
      try {
        return await storage.run(scope, () => work({ note: (facts) => void span.setAttributes(attributesOf(facts)) }));
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        for (const stage of scope.stages.values()) stage.end();
        span.end();
      }
    },
    stage(progress) {
      const scope = storage.getStore();
      if (scope !== undefined) follow(progress, scope, tracer);
    },
    here() {
      const scope = storage.getStore();
      const span = scope === undefined ? undefined : trace.getSpan(contextIn(scope));
      return span === undefined ? undefined : traceparentOf(span);
    },
    async close() {
      await Promise.race([source.shutdown().catch(() => undefined), pause(longestClose, undefined, { ref: false })]);
    },
  };
}

function follow({ done, stage, state, total, unit }: Progress, scope: Scope, tracer: Tracer): void {
  const open = scope.stages.get(stage);
  const isUnderWay = state === "started" || state === "running";
  if (open !== undefined && isUnderWay) return;
  const span = open ?? tracer.startSpan(stage, { attributes: { "tuneup.stage": stage } }, scope.context);
  if (isUnderWay) {
    scope.stages.set(stage, span);
    return;
  }
  scope.stages.delete(stage);
  // The note is left out: it may name what sessions are about.
  const counts = { "tuneup.done": done, "tuneup.total": total, "tuneup.unit": unit };
  const known = Object.entries(counts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  span.setAttributes({ "tuneup.state": state, ...Object.fromEntries(known) });
  span.end();
}

/** Where something that is opened in this scope belongs. */
function contextIn({ context, stages }: Scope): Context {
  const stage = [...stages.values()].at(-1);
  return stage === undefined ? context : trace.setSpan(context, stage);
}

const optionsOf = ({ facts = {}, kind }: SpanStart) => ({
  attributes: attributesOf(facts),
  ...(kind === undefined ? {} : { kind: kinds[kind] }),
});

const attributesOf = (facts: Facts): Attributes =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === "object" ? [...value] : value]));

/** Only the kind of an error: messages may quote what was sent. */
function fail(span: Span, error: unknown): void {
  span.setAttribute("error.type", kindOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function kindOf(error: unknown): string {
  if (error instanceof TuneupError) return error.code;
  if (!(error instanceof Error)) return "_OTHER";
  return "status" in error && typeof error.status === "number" ? String(error.status) : error.name;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const traceparent = /^00-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

function parentOf({ parent }: SpanStart, scope: Scope | undefined): Context {
  const { flags, spanId, traceId } = traceparent.exec(parent ?? "")?.groups ?? {};
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId))
    return scope === undefined ? ROOT_CONTEXT : contextIn(scope);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags ?? "0", 16), isRemote: true });
}

function traceparentOf(span: Span): string {
  const { spanId, traceFlags, traceId } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}
