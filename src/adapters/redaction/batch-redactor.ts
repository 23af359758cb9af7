import { TuneupError } from "../../domain/errors.ts";
import type { Attributes, Json, ProjectId } from "../../domain/ids.ts";
import { sessionKeyOf, userIdOf } from "../../domain/session-key.ts";
import type { Feedback, LogRecord, Span, SpanEvent, TraceBatch } from "../../domain/span.ts";
import type { Redacted, Redactor, SecretScanner } from "../../ports/redactor.ts";
import { isOperatorAttribute, isOperatorName } from "./operator-text.ts";
import { furtherDetectors } from "./personal-data.ts";
import { placeholderMaker } from "./placeholder.ts";
import { type TextPlace, TextRedactor } from "./text-redactor.ts";
import { type UserPattern, userDetector } from "./user-patterns.ts";

/** What an operator sets. */
export interface RedactionSettings {
  readonly also?: readonly (keyof typeof furtherDetectors)[];
  readonly patterns?: readonly UserPattern[];
  /** Values that stay wherever they stand, in any case. */
  readonly keep?: readonly string[];
}

export interface RedactorParts {
  readonly scanner: SecretScanner;
  /** The key of a project's tags: 32 bytes that no other project has. */
  readonly keyOf: (project: ProjectId) => Uint8Array;
  readonly settings: RedactionSettings;
}

const mostProjects = 50;
const mostPasses = 60;

/** A redactor that looks at each message once, however often an agent repeats it. Throws `config-invalid` for a pattern that cannot be read. */
export function makeRedactor({ keyOf, scanner, settings }: RedactorParts): Redactor {
  const further = [
    ...(settings.also ?? []).map((kind) => furtherDetectors[kind]),
    ...(settings.patterns ?? []).map((pattern) => userDetector(pattern)),
  ];
  const keep = new Set((settings.keep ?? []).map((value) => value.trim().toLowerCase()));
  const projects = new Map<ProjectId, TextRedactor>();
  const of = (project: ProjectId): TextRedactor => {
    const known = projects.get(project);
    if (known !== undefined) return known;
    if (projects.size >= mostProjects) projects.clear();
    const made = new TextRedactor({ placeholder: placeholderMaker(keyOf(project)), scanner, further, keep });
    projects.set(project, made);
    return made;
  };
  // Passes of two requests must not mix: what one learns is settled before the next begins.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };
  return {
    redact: (project, batch) => inTurn(() => redactBatch(of(project), batch)),
    redactValue: (project, value) =>
      inTurn(
        async () => (await inPasses(of(project), (redactor) => redactor.redact(value, { field: "", operator: false, session: "" }))).result,
      ),
  };
}

async function inPasses<T>(
  redactor: TextRedactor,
  pass: (redactor: TextRedactor) => T,
): Promise<{ result: T; counts: ReadonlyMap<string, number> }> {
  for (let passes = 1; ; passes += 1) {
    redactor.begin();
    const result = pass(redactor);
    if (await redactor.isFinal()) return { result, counts: redactor.settle() };
    // What a pass learns only ever grows, so that this ends; the bound is for the day on which it does not. Unscanned is not clean.
    if (passes === mostPasses)
      throw new TuneupError("internal", `Redaction did not come to an end after ${passes} passes; the batch was not stored.`, {
        remedy: "Report it; until then `redaction: off` stores traces as they come.",
      });
  }
}

async function redactBatch(redactor: TextRedactor, batch: TraceBatch): Promise<Redacted> {
  const { counts, result } = await inPasses(redactor, () => new BatchPass(redactor).batch(batch));
  return { batch: result, counts: Object.fromEntries(counts) };
}

/** One pass over a batch. What does not change is handed back as the same object. */
class BatchPass {
  readonly #redactor: TextRedactor;
  readonly #resources = new Map<Attributes, Attributes>();
  #place: TextPlace = { field: "", operator: false, session: "" };

  constructor(redactor: TextRedactor) {
    this.#redactor = redactor;
  }

  batch(batch: TraceBatch): TraceBatch {
    return {
      spans: batch.spans.map((span) => this.#span(span)),
      ...(batch.logs === undefined ? {} : { logs: batch.logs.map((log) => this.#log(log)) }),
      ...(batch.feedback === undefined
        ? {}
        : { feedback: batch.feedback.map(({ feedback, traceId }) => ({ traceId, feedback: this.#feedback(feedback, traceId) })) }),
    };
  }

  #at(item: Span | LogRecord): void {
    const user = userIdOf(item);
    const session = sessionKeyOf(item) ?? item.traceId ?? "";
    this.#place = { field: "", operator: false, session, ...(user === undefined ? {} : { user }) };
  }

  #span(span: Span): Span {
    this.#at(span);
    return {
      ...span,
      name: this.#text(span.name),
      ...(span.statusMessage === undefined ? {} : { statusMessage: this.#text(span.statusMessage) }),
      attributes: this.#attributes(span.attributes),
      events: span.events.length === 0 ? span.events : span.events.map((event) => this.#event(event)),
      resource: this.#resource(span.resource),
    };
  }

  #event(event: SpanEvent): SpanEvent {
    return { ...event, name: this.#text(event.name), attributes: this.#attributes(event.attributes, isSystemEvent(event.name)) };
  }

  #log(log: LogRecord): LogRecord {
    this.#at(log);
    const operator = isSystemEvent(log.name);
    return {
      ...log,
      name: this.#text(log.name),
      ...(log.body === undefined ? {} : { body: this.#json(log.body, { ...this.#place, operator }) }),
      attributes: this.#attributes(log.attributes, operator),
      resource: this.#resource(log.resource),
    };
  }

  #feedback(feedback: Feedback, traceId: string): Feedback {
    this.#place = { field: "", operator: false, session: traceId };
    return {
      ...feedback,
      name: this.#text(feedback.name),
      ...(feedback.label === undefined ? {} : { label: this.#text(feedback.label) }),
      ...(feedback.comment === undefined ? {} : { comment: this.#text(feedback.comment) }),
    };
  }

  #text(text: string): string {
    return this.#redactor.redact(text, this.#place);
  }

  /** Spans of one sender share their resource. */
  #resource(resource: Attributes): Attributes {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const redacted = this.#attributes(resource);
    this.#resources.set(resource, redacted);
    return redacted;
  }

  #attributes(attributes: Attributes, operator = false): Attributes {
    let changed: Record<string, Json> | undefined;
    for (const [key, value] of Object.entries(attributes)) {
      const name = this.#text(key);
      const own = operator || isOperatorAttribute(key, (other) => attributes[other]);
      const redacted = this.#json(value, { ...this.#place, field: key, operator: own });
      if (name === key && redacted === value) continue;
      changed ??= { ...attributes };
      if (name !== key) delete changed[key];
      changed[name] = redacted;
    }
    return changed ?? attributes;
  }

  #json(value: Json, place: TextPlace): Json {
    if (typeof value === "string") return this.#redactor.redact(value, place);
    if (typeof value === "number") return this.#number(value, place);
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) {
      const items = value.map((item: Json) => this.#json(item, place));
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    return this.#record(value as Attributes, place);
  }

  #number(value: number, place: TextPlace): Json {
    if (!Number.isSafeInteger(value) || value < 100_000_000) return value;
    const digits = String(value);
    const redacted = this.#redactor.redactNumber(digits, place);
    return redacted === digits ? value : redacted;
  }

  #record(record: Attributes, place: TextPlace): Json {
    const role = record["role"];
    const inside = place.operator || role === "system" || role === "developer";
    let changed: Record<string, Json> | undefined;
    for (const [key, value] of Object.entries(record)) {
      const name = this.#text(key);
      const redacted = this.#json(value, { ...place, field: key, operator: inside || isOperatorName(key) });
      if (name === key && redacted === value) continue;
      changed ??= { ...record };
      if (name !== key) delete changed[key];
      changed[name] = redacted;
    }
    return changed ?? record;
  }
}

const isSystemEvent = (name: string): boolean => name === "gen_ai.system.message" || name === "gen_ai.developer.message";
