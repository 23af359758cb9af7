import { callKey, canonicalInput } from "../../domain/canonical-input.ts";
import { canonicalJson } from "../../domain/digest.ts";
import type { Json, SessionId } from "../../domain/ids.ts";
import type { ToolEffect } from "../../domain/replay.ts";
import { type Session, type ToolCall, toldOutputs, toolCalls } from "../../domain/session.ts";
import { effectOf } from "../../domain/tool-effect.ts";

/** One recorded answer of a tool. */
export interface RecordedAnswer {
  readonly output: Json;
  /** The answer in canonical form: equal texts are equal answers. */
  readonly text: string;
  readonly session: SessionId;
  /** The user's digest; absent where the traces do not say who it was. */
  readonly user?: string;
  /** When its session began, in milliseconds. */
  readonly time: number;
  /** The tools that had written in its session before. */
  readonly writes: readonly string[];
}

/** Recorded calls of all sessions, looked up by tool and canonical input. Built once, used by every replay. */
export class Corpus {
  readonly #answers = new Map<string, RecordedAnswer[]>();
  readonly #successes = new Map<string, { readonly session: SessionId; readonly input: Json; readonly output: Json }[]>();
  readonly #schemas: ReadonlyMap<string, Json>;
  readonly #effects: Readonly<Record<string, ToolEffect>>;
  /** Input fields that differ in every call: request ids, timestamps, nonces. */
  readonly volatile: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(sessions: readonly Session[], effects: Readonly<Record<string, ToolEffect>>) {
    this.#effects = effects;
    this.#schemas = schemasOf(sessions);
    this.volatile = volatileFields(sessions);
    for (const session of sessions) this.#addSession(session);
  }

  /** One text for equal calls. Schemas and volatile fields are those of the recordings, never those of an edited configuration. */
  key(tool: string, input: Json): string {
    return callKey(tool, input, { ignored: this.volatile.get(tool), schema: this.#schemas.get(tool) });
  }

  /** The successful answers that other sessions recorded to the same call. */
  answers(tool: string, input: Json, except: SessionId): readonly RecordedAnswer[] {
    return (this.#answers.get(this.key(tool, input)) ?? []).filter((one) => one.session !== except);
  }

  /** Successful answers of a tool in other sessions, for their shape. */
  successes(tool: string, except: SessionId): readonly Json[] {
    return (this.#successes.get(tool) ?? [])
      .slice(0, mostShapes)
      .filter((one) => one.session !== except)
      .map((one) => one.output);
  }

  /** Successful calls of a tool in other sessions, with what the model was told. */
  calls(tool: string, except: SessionId): readonly { readonly input: Json; readonly output: Json }[] {
    return (this.#successes.get(tool) ?? []).filter((one) => one.session !== except);
  }

  #addSession(session: Session): void {
    const definitions = new Map(session.tools.map((tool) => [tool.name, tool]));
    const time = Date.parse(session.startedAt);
    const told = toldOutputs(session);
    const writes: string[] = [];
    for (const call of toolCalls(session)) {
      this.#add(session, call, { time, writes: [...writes], output: told(call) ?? call.output ?? null });
      if (effectOf(call.tool, this.#effects, { definition: definitions.get(call.tool), input: call.input }) === "write")
        writes.push(call.tool);
    }
  }

  #add(session: Session, call: ToolCall, { output: said, time, writes }: Pick<RecordedAnswer, "output" | "time" | "writes">): void {
    const { error, output, tool } = call;
    if (error !== undefined || output === undefined) return;
    const key = this.key(tool, call.input);
    const known = this.#answers.get(key) ?? [];
    known.push({
      output: said,
      text: canonicalJson(output),
      session: session.id,
      ...(session.user === undefined ? {} : { user: session.user }),
      time,
      writes,
    });
    this.#answers.set(key, known);
    const successes = this.#successes.get(tool) ?? [];
    if (successes.length < mostCalls) successes.push({ session: session.id, input: call.input, output });
    this.#successes.set(tool, successes);
  }
}

const mostShapes = 50;
/** Calls of one tool that are looked through for nearly the same one. */
const mostCalls = 500;
const fewestCalls = 20;

/** The first recorded input schema of each tool. */
function schemasOf(sessions: readonly Session[]): ReadonlyMap<string, Json> {
  const schemas = new Map<string, Json>();
  for (const session of sessions) for (const tool of session.tools) if (!schemas.has(tool.name)) schemas.set(tool.name, tool.parameters);
  return schemas;
}

interface FieldUse {
  readonly values: Set<string>;
  calls: number;
  /** Some value belongs to the conversation, or was no machine's. */
  echoed: boolean;
}

/** What machines make up: UUIDs, long hex or decimal numbers, points in time. A query that never came twice is none of it. */
const machineMade =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*\d)[0-9a-f]{8,64}|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S{0,20})$/i;

/**
 * Fields that say nothing: over at least twenty calls of a tool their values were machine-made, all different, and never stood earlier in the
 * conversation.
 */
function volatileFields(sessions: readonly Session[]): ReadonlyMap<string, ReadonlySet<string>> {
  const seen = new Map<string, Map<string, FieldUse>>();
  for (const session of sessions) {
    for (const call of toolCalls(session)) {
      if (call.input === null || typeof call.input !== "object" || Array.isArray(call.input)) continue;
      const fields = seen.get(call.tool) ?? new Map<string, FieldUse>();
      seen.set(call.tool, fields);
      for (const [name, value] of Object.entries(call.input)) countUse(fields, name, { session, call, value });
    }
  }
  return new Map(
    [...seen].map(([tool, fields]) => [
      tool,
      new Set(
        [...fields]
          .filter(([, field]) => field.calls >= fewestCalls && field.values.size === field.calls && !field.echoed)
          .map(([name]) => name),
      ),
    ]),
  );
}

function countUse(
  fields: Map<string, FieldUse>,
  name: string,
  use: { readonly session: Session; readonly call: ToolCall; readonly value: Json },
): void {
  const field = fields.get(name) ?? { values: new Set<string>(), calls: 0, echoed: false };
  fields.set(name, field);
  field.calls += 1;
  // A field that repeated a value is not volatile whatever follows; looking further would cost time on every call.
  if (field.values.size + 1 < field.calls) return;
  if (!isMachineMade(use.value)) field.echoed = true;
  field.values.add(canonicalJson(canonicalInput(use.value)));
  // A value that was said before belongs to the conversation, however often it changes.
  if (!field.echoed) field.echoed = standsBefore(use.session, use.call, use.value);
}

const isMachineMade = (value: Json): boolean =>
  (typeof value === "string" && machineMade.test(value.trim())) || (typeof value === "number" && value >= 10_000_000);

function standsBefore(session: Session, call: ToolCall, value: Json): boolean {
  const text = typeof value === "string" ? value : canonicalJson(value);
  if (text.length > 200) return false;
  return session.messages.slice(0, call.at).some((message) => message.parts.some((part) => partHolds(part, text)));
}

function partHolds(part: Session["messages"][number]["parts"][number], text: string): boolean {
  switch (part.kind) {
    case "text":
    case "reasoning":
      return part.text.includes(text);
    case "tool-result":
      return (typeof part.output === "string" ? part.output : canonicalJson(part.output)).includes(text);
    case "tool-request":
    case "opaque":
      return false;
  }
}

const corpora = new WeakMap<readonly Session[], WeakMap<object, Corpus>>();

/** The corpus of these sessions; the same list with the same effects is indexed once. */
export function corpusOf(sessions: readonly Session[], effects: Readonly<Record<string, ToolEffect>>): Corpus {
  const byEffects = corpora.get(sessions) ?? new WeakMap<object, Corpus>();
  corpora.set(sessions, byEffects);
  const known = byEffects.get(effects);
  if (known !== undefined) return known;
  const corpus = new Corpus(sessions, effects);
  byEffects.set(effects, corpus);
  return corpus;
}
