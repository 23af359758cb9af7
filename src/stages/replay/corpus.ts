import { callKey, canonicalInput } from "../../domain/canonical-input.ts";
import { canonicalJson } from "../../domain/digest.ts";
import type { Json, SessionId } from "../../domain/ids.ts";
import { type Session, type ToolCall, toolCalls } from "../../domain/session.ts";

interface Answers {
  /** Canonical answer → how often, and one of them as it came. */
  readonly counts: Map<string, { count: number; readonly output: Json }>;
  readonly sessions: Set<SessionId>;
}

/** Recorded calls of all sessions, looked up by tool and canonical input. Built once, used by every replay. */
export class Corpus {
  readonly #answers = new Map<string, Answers>();
  readonly #successes = new Map<string, Json[]>();
  /** Input fields that differ in every call: request ids, timestamps, nonces. */
  readonly volatile: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(sessions: readonly Session[]) {
    this.volatile = volatileFields(sessions);
    for (const session of sessions) for (const call of toolCalls(session)) this.#add(session.id, call);
  }

  #add(session: SessionId, call: ToolCall): void {
    if (call.error !== undefined || call.output === undefined) return;
    const key = this.key(call.tool, call.input);
    const known = this.#answers.get(key) ?? { counts: new Map(), sessions: new Set() };
    const text = canonicalJson(call.output);
    const answer = known.counts.get(text) ?? { count: 0, output: call.output };
    answer.count += 1;
    known.counts.set(text, answer);
    known.sessions.add(session);
    this.#answers.set(key, known);
    const successes = this.#successes.get(call.tool) ?? [];
    if (successes.length < mostShapes) successes.push(call.output);
    this.#successes.set(call.tool, successes);
  }

  key(tool: string, input: Json): string {
    return callKey(tool, input, this.volatile.get(tool));
  }

  /** The answer on which recorded sessions agree: at least `calls` of them, `agreement` of them equal. */
  agreed(tool: string, input: Json, need: { readonly calls: number; readonly agreement: number }): Json | undefined {
    const known = this.#answers.get(this.key(tool, input));
    if (known === undefined) return undefined;
    const answers = [...known.counts.values()].toSorted((left, right) => right.count - left.count);
    const total = answers.reduce((sum, answer) => sum + answer.count, 0);
    const [best] = answers;
    if (best === undefined || total < need.calls || best.count < need.agreement * total) return undefined;
    return best.output;
  }

  /** Successful answers of a tool, for their shape. */
  successes(tool: string): readonly Json[] {
    return this.#successes.get(tool) ?? [];
  }
}

const mostShapes = 50;
const fewestCalls = 20;

/** Fields whose values were all different over at least twenty calls of a tool and never stood earlier in the conversation. */
function volatileFields(sessions: readonly Session[]): ReadonlyMap<string, ReadonlySet<string>> {
  const seen = new Map<string, Map<string, { values: Set<string>; calls: number; echoed: boolean }>>();
  for (const session of sessions) {
    for (const call of toolCalls(session)) {
      if (call.input === null || typeof call.input !== "object" || Array.isArray(call.input)) continue;
      const fields = seen.get(call.tool) ?? new Map<string, { values: Set<string>; calls: number; echoed: boolean }>();
      seen.set(call.tool, fields);
      for (const [name, value] of Object.entries(call.input)) {
        const field = fields.get(name) ?? { values: new Set<string>(), calls: 0, echoed: false };
        const text = canonicalJson(canonicalInput(value));
        field.calls += 1;
        field.values.add(text);
        // A value that was said before belongs to the conversation, however often it changes.
        if (!field.echoed) field.echoed = standsBefore(session, call, value);
        fields.set(name, field);
      }
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

const corpora = new WeakMap<readonly Session[], Corpus>();

/** The corpus of these sessions; the same list is indexed once. */
export function corpusOf(sessions: readonly Session[]): Corpus {
  const known = corpora.get(sessions);
  if (known !== undefined) return known;
  const corpus = new Corpus(sessions);
  corpora.set(sessions, corpus);
  return corpus;
}
