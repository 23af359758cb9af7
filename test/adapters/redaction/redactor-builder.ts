import { makeRedactor, type RedactionSettings } from "../../../src/adapters/redaction/batch-redactor.ts";
import { secretScanner } from "../../../src/adapters/secretlint-scanner/secret-ranges.ts";
import { type Attributes, instant, type Json, projectId } from "../../../src/domain/ids.ts";
import type { Span } from "../../../src/domain/span.ts";
import type { Redactor } from "../../../src/ports/redactor.ts";

export const project = projectId("support");

/** A redactor whose keys are made of the project's name. */
export const aRedactor = (settings: RedactionSettings = {}): Redactor =>
  makeRedactor({ scanner: secretScanner, keyOf: (of) => Buffer.from(of.padEnd(32, ".")), settings });

let count = 0;
export function aSpan(attributes: Attributes, changes: Partial<Span> = {}): Span {
  count += 1;
  return {
    traceId: "a".repeat(32),
    spanId: count.toString(16).padStart(16, "0"),
    name: "chat",
    startedAt: instant("2026-01-01T00:00:00.000Z"),
    status: "ok",
    attributes,
    events: [],
    resource: {},
    ...changes,
  };
}

/** What becomes of one attribute's value. */
export async function redacted(value: Json, redactor: Redactor = aRedactor(), key = "text"): Promise<Json | undefined> {
  const { batch } = await redactor.redact(project, { spans: [aSpan({ [key]: value })] });
  return batch.spans[0]?.attributes[key];
}

/** What becomes of one attribute's text, as text. */
export async function redactedText(text: string, redactor: Redactor = aRedactor()): Promise<string> {
  const out = await redacted(text, redactor);
  return typeof out === "string" ? out : JSON.stringify(out);
}
