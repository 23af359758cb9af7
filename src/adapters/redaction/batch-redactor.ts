import { TuneupError } from "../../domain/errors.ts";
import type { Attributes, Json, ProjectId } from "../../domain/ids.ts";
import { sessionKeyOf, userIdOf } from "../../domain/session-key.ts";
import type { LogRecord, Span, SpanEvent, TraceBatch, TraceFeedback } from "../../domain/span.ts";
import type { Redacted, Redactor, SecretScanner } from "../../ports/redactor.ts";
import { isOperatorName, isOperatorRole, rolesOf } from "./operator-text.ts";
import { furtherDetectors } from "./personal-data.ts";
import { placeholderMaker } from "./placeholder.ts";
import { type Redaction, type TextPlace, TextRedactor } from "./text-redactor.ts";
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
    redactValue: (project, value) => inTurn(() => redactText(of(project), value)),
  };
}

/** Makes passes until one says that nothing is left to look at. Each is told whether what is open must be looked at again. */
async function inPasses(redactor: TextRedactor, pass: (hasLearned: boolean) => void): Promise<void> {
  for (let passes = 1; ; passes += 1) {
    pass(redactor.begin());
    if (await redactor.isFinal()) return redactor.settle();
    // What a pass learns only ever grows, so that this ends; the bound is for the day on which it does not. Unscanned is not clean.
    if (passes === mostPasses)
      throw new TuneupError("internal", `Redaction did not come to an end after ${passes} passes; the batch was not stored.`, {
        remedy: "Report it; until then `redaction: off` stores traces as they come.",
      });
  }
}

async function redactText(redactor: TextRedactor, value: string): Promise<string> {
  let redacted = value;
  await inPasses(redactor, () => {
    redacted = redactor.look(() => redactor.redact(value, { field: "", operator: false, session: "" })).redacted;
  });
  return redacted;
}

async function redactBatch(redactor: TextRedactor, batch: TraceBatch): Promise<Redacted> {
  const of = new ItemRedactor(redactor);
  const resources = new Items(redactor, firstByResource(batch), ([resource, item]) => of.resource(resource, item));
  const spans = new Items(redactor, batch.spans, (span) => of.span(span));
  const logs = new Items(redactor, batch.logs ?? [], (log) => of.log(log));
  const feedback = new Items(redactor, batch.feedback ?? [], (one) => of.feedback(one));
  const lists = [resources, spans, logs, feedback];
  await inPasses(redactor, (hasLearned) => {
    for (const list of lists) list.pass(hasLearned);
  });
  const resource = new Map(firstByResource(batch).map(([plain], index) => [plain, resources.redacted[index] ?? {}] as const));
  const withResource = <T extends Span | LogRecord>(item: T): T => ({ ...item, resource: resource.get(item.resource) ?? {} });
  const counts: Record<string, number> = {};
  for (const list of lists) list.addCounts(counts);
  return {
    counts,
    batch: {
      spans: spans.redacted.map(withResource),
      ...(batch.logs === undefined ? {} : { logs: logs.redacted.map(withResource) }),
      ...(batch.feedback === undefined ? {} : { feedback: feedback.redacted }),
    },
  };
}

/** Spans of one sender share their resource: each once, with the first item that has it. */
function firstByResource({ logs = [], spans }: TraceBatch): readonly (readonly [Attributes, Span | LogRecord])[] {
  const found = new Map<Attributes, Span | LogRecord>();
  for (const items of [spans, logs]) for (const item of items) if (!found.has(item.resource)) found.set(item.resource, item);
  return [...found];
}

/** Items of one kind, each looked at again only while it is not final. */
class Items<T, R> {
  readonly #redactor: TextRedactor;
  readonly #items: readonly T[];
  readonly #work: (item: T) => R;
  readonly #looks: Redaction<R>[] = [];

  constructor(redactor: TextRedactor, items: readonly T[], work: (item: T) => R) {
    this.#redactor = redactor;
    this.#items = items;
    this.#work = work;
  }

  pass(hasLearned: boolean): void {
    for (const [index, item] of this.#items.entries()) {
      const standing = this.#looks[index]?.standing;
      if (standing === "final" || (standing === "open" && !hasLearned)) continue;
      this.#looks[index] = this.#redactor.look(() => this.#work(item));
    }
  }

  get redacted(): readonly R[] {
    return this.#looks.map(({ redacted }) => redacted);
  }

  addCounts(counts: Record<string, number>): void {
    for (const look of this.#looks) for (const [kind, count] of look.counts) counts[kind] = (counts[kind] ?? 0) + count;
  }
}

/** What the name of an attribute or field says. */
interface NameFacts {
  readonly isHarmless: boolean;
  readonly isOperators: boolean;
  /** The attributes that hold the role of the message whose content it is. */
  readonly role: readonly string[];
}

/** Redacts spans, log records and feedback. What does not change is handed back as the same object. */
class ItemRedactor {
  readonly #redactor: TextRedactor;
  readonly #names = new Map<string, NameFacts>();
  #place: TextPlace = { field: "", operator: false, session: "" };

  constructor(redactor: TextRedactor) {
    this.#redactor = redactor;
  }

  resource(resource: Attributes, first: Span | LogRecord): Attributes {
    this.#at(first);
    return this.#attributes(resource);
  }

  #at(item: Span | LogRecord): void {
    const user = userIdOf(item);
    const session = sessionKeyOf(item) ?? item.traceId ?? "";
    this.#place = { field: "", operator: false, session, ...(user === undefined ? {} : { user }) };
  }

  /** All but the resource. */
  span(span: Span): Span {
    this.#at(span);
    return {
      ...span,
      name: this.#text(span.name),
      ...(span.statusMessage === undefined ? {} : { statusMessage: this.#text(span.statusMessage) }),
      attributes: this.#attributes(span.attributes),
      events: span.events.length === 0 ? span.events : span.events.map((event) => this.#event(event)),
    };
  }

  #event(event: SpanEvent): SpanEvent {
    return { ...event, name: this.#text(event.name), attributes: this.#attributes(event.attributes, isSystemEvent(event.name)) };
  }

  /** All but the resource. */
  log(log: LogRecord): LogRecord {
    this.#at(log);
    const operator = isSystemEvent(log.name);
    return {
      ...log,
      name: this.#text(log.name),
      ...(log.body === undefined ? {} : { body: this.#json(log.body, { ...this.#place, operator }) }),
      attributes: this.#attributes(log.attributes, operator),
    };
  }

  feedback({ feedback, traceId }: TraceFeedback): TraceFeedback {
    this.#place = { field: "", operator: false, session: traceId };
    return {
      traceId,
      feedback: {
        ...feedback,
        name: this.#text(feedback.name),
        ...(feedback.label === undefined ? {} : { label: this.#text(feedback.label) }),
        ...(feedback.comment === undefined ? {} : { comment: this.#text(feedback.comment) }),
      },
    };
  }

  /** A batch has few names, each many times. */
  #name(name: string): NameFacts {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const facts = { isHarmless: this.#redactor.isHarmlessName(name), isOperators: isOperatorName(name), role: rolesOf(name) };
    this.#names.set(name, facts);
    return facts;
  }

  #text(text: string): string {
    return this.#redactor.redact(text, this.#place);
  }

  #attributes(attributes: Attributes, operator = false): Attributes {
    let changed: Record<string, Json> | undefined;
    for (const [key, value] of Object.entries(attributes)) {
      const facts = this.#name(key);
      const name = facts.isHarmless ? key : this.#text(key);
      const own = operator || facts.isOperators || facts.role.some((other) => isOperatorRole(attributes[other]));
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
    const inside = place.operator || isOperatorRole(record["role"]);
    let changed: Record<string, Json> | undefined;
    for (const [key, value] of Object.entries(record)) {
      const facts = this.#name(key);
      const name = facts.isHarmless ? key : this.#text(key);
      const redacted = this.#json(value, { ...place, field: key, operator: inside || facts.isOperators });
      if (name === key && redacted === value) continue;
      changed ??= { ...record };
      if (name !== key) delete changed[key];
      changed[name] = redacted;
    }
    return changed ?? record;
  }
}

const isSystemEvent = (name: string): boolean => name === "gen_ai.system.message" || name === "gen_ai.developer.message";
