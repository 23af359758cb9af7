import type { ProjectId } from "../domain/ids.ts";
import type { TraceBatch } from "../domain/span.ts";

/** How many values were replaced, by kind (`EMAIL`, `SECRET` …). Never the values. */
export type RedactionCounts = Readonly<Record<string, number>>;

/** A batch without secrets and personal data, and how much was replaced in it. */
export interface Redacted {
  readonly batch: TraceBatch;
  /** Places in this batch; a message that was seen before counts again where it is repeated. */
  readonly counts: RedactionCounts;
}

/**
 * Replaces secrets and personal data by typed placeholders, `<EMAIL_k7f3…>`. Within a project equal values (after normalising: case, spaces,
 * separators) get equal placeholders and different values different ones. JSON inside a string stays JSON. Redacting twice changes nothing more. In system
 * prompts and tool definitions personal data stays where it is the same for everybody: it is the operator's own text.
 */
export interface Redactor {
  redact(project: ProjectId, batch: TraceBatch): Promise<Redacted>;
  /** One value as `redact` would store it: how a session or a user is found again by what the outside calls it. */
  redactValue(project: ProjectId, value: string): Promise<string>;
}

/** A place in a text that holds a credential: UTF-16 offsets, `end` exclusive, and the rule that found it. */
export interface SecretRange {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
}

/** Finds credentials. `suspects` is a quick look that is never false where `find` would find something. */
export interface SecretScanner {
  suspects(text: string): boolean;
  /** In order of start. Throws where a text cannot be scanned: unscanned is not clean. */
  find(text: string): Promise<readonly SecretRange[]>;
}
