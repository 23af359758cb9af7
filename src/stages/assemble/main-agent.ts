import { addUsage, type Message, noUsage, type Usage } from "../../domain/message.ts";
import type { Span } from "../../domain/span.ts";
import { keyOf } from "./conversation.ts";
import type { ModelFacts, SpanFacts } from "./span-facts.ts";

const farthest = 300;

/** The spans above each span, as far as they are known. A loop of parents, which only a broken sender writes, ends the walk. */
class Ancestry {
  readonly #parents: ReadonlyMap<string, string | undefined>;

  constructor(spans: readonly Span[]) {
    this.#parents = new Map(spans.map((span) => [span.spanId, span.parentId]));
  }

  *above(span: Span): Iterable<string> {
    let id = span.parentId;
    for (let step = 0; id !== undefined && id !== span.spanId && step < farthest; step += 1) {
      yield id;
      id = this.#parents.get(id);
    }
  }

  root(span: Span): string {
    return [...this.above(span)].at(-1) ?? span.spanId;
  }
}

/**
 * The facts of the main agent. Left out: what runs inside a second agent's frame or inside a tool, which is that agent's own conversation; model
 * spans around other model spans, which count and say the same twice; calls that share nothing with the main conversation.
 */
export function ofMainAgent(facts: readonly SpanFacts[], spans: readonly Span[]): readonly SpanFacts[] {
  const ancestry = new Ancestry(spans);
  return withSharedModel(withoutSideCalls(outermost(withoutRepeats(facts, ancestry), ancestry), ancestry));
}

/** Some instrumentations take the model's name from the reply, so a failed call has none: it is the model of all the others, if they agree. */
function withSharedModel(facts: readonly SpanFacts[]): readonly SpanFacts[] {
  const known = facts.filter((one) => one.kind === "model").filter((one) => one.model !== "unknown");
  const [first] = known;
  if (first === undefined || known.some((one) => one.model !== first.model || one.provider !== first.provider)) return facts;
  return facts.map((one) =>
    one.kind === "model" && one.model === "unknown" ? { ...one, model: first.model, provider: first.provider } : one,
  );
}

/** Of model spans within model spans those stay that hold the request: the inner ones if any does, else the outer one with what the inner ones counted. */
function withoutRepeats(facts: readonly SpanFacts[], ancestry: Ancestry): readonly SpanFacts[] {
  const models = new Map(facts.flatMap((one) => (one.kind === "model" ? [[one.span.spanId, one] as const] : [])));
  const barriers = new Set(
    facts.filter((one) => one.kind !== "model" && (one.kind === "tool" || one.isFrame)).map((one) => one.span.spanId),
  );
  const inside = new Map<string, ModelFacts[]>();
  for (const inner of models.values()) {
    for (const id of ancestry.above(inner.span)) {
      if (barriers.has(id)) break;
      if (!models.has(id)) continue;
      const own = inside.get(id) ?? [];
      own.push(inner);
      inside.set(id, own);
    }
  }
  const dropped = new Set<ModelFacts>();
  const merged = new Map<ModelFacts, ModelFacts>();
  for (const [id, inner] of inside) {
    const outer = models.get(id);
    if (outer === undefined) continue;
    if (inner.some((one) => one.input.length > 0) && !saysMore(outer, inner)) dropped.add(outer);
    else {
      for (const one of inner) dropped.add(one);
      merged.set(outer, withInner(outer, inner));
    }
  }
  return facts.flatMap((one): readonly SpanFacts[] => (one.kind !== "model" ? [one] : dropped.has(one) ? [] : [merged.get(one) ?? one]));
}

/** How much a call says: messages, and twice for each tool call or answer that is more than text. */
function weight(one: ModelFacts): number {
  const parts = [...one.input, ...one.output].flatMap((message) => message.parts);
  const structured = parts.filter((part) => part.kind === "tool-request" || part.kind === "tool-result").length;
  return one.input.length + one.output.length + 2 * structured + one.tools.length + (one.instructions === undefined ? 0 : 1);
}

/** One request under another, where the inner instrumentation flattened the conversation into a text. */
const saysMore = (outer: ModelFacts, inner: readonly ModelFacts[]): boolean =>
  inner.length === 1 && inner.every((one) => weight(outer) > weight(one) + 1);

const isCounted = (usage: Usage): boolean => usage.inputTokens + usage.outputTokens > 0;

function withInner(outer: ModelFacts, inner: readonly ModelFacts[]): ModelFacts {
  const usage = isCounted(outer.usage) ? outer.usage : inner.reduce((sum, one) => addUsage(sum, one.usage), noUsage);
  const model = outer.model === "unknown" ? inner.find((one) => one.model !== "unknown")?.model : outer.model;
  const provider = outer.provider === "unknown" ? inner.find((one) => one.provider !== "unknown")?.provider : outer.provider;
  const finish = outer.finish ?? inner.at(-1)?.finish;
  const error = outer.error ?? inner.at(-1)?.error;
  return {
    ...outer,
    usage,
    model: model ?? "unknown",
    provider: provider ?? "unknown",
    parameters: { ...inner[0]?.parameters, ...outer.parameters },
    ...(finish === undefined ? {} : { finish }),
    ...(error === undefined ? {} : { error }),
  };
}

interface Placed {
  readonly one: SpanFacts;
  readonly root: string;
  /** Frames of agents and tools above it. */
  readonly depth: number;
  readonly isInAgent: boolean;
  readonly isInTool: boolean;
}

/** Under each root, what stands within as few frames of agents and tools as the main agent's calls do. */
function outermost(facts: readonly SpanFacts[], ancestry: Ancestry): readonly SpanFacts[] {
  const agents = new Set(facts.filter((one) => one.kind === "agent" && one.isFrame).map((one) => one.span.spanId));
  const tools = new Set(facts.filter((one) => one.kind === "tool").map((one) => one.span.spanId));
  const placed = facts.map((one): Placed => {
    const above = [...ancestry.above(one.span)];
    return {
      one,
      root: `${one.span.traceId} ${above.at(-1) ?? one.span.spanId}`,
      depth: above.filter((id) => agents.has(id) || tools.has(id)).length,
      isInAgent: above.some((id) => agents.has(id)),
      isInTool: above.some((id) => tools.has(id)),
    };
  });
  const level = levels(placed);
  // A tool's own trace, where the agent that called the tool is elsewhere in the session.
  const isElsewhere = placed.some(({ isInTool, one }) => one.kind === "model" && one.input.length > 0 && !isInTool);
  return placed.flatMap(({ depth, isInTool, one, root }) => {
    if (isElsewhere && isInTool) return [];
    const own = level.get(root) ?? Infinity;
    return depth === own || (depth < own && one.kind !== "model") || own === Infinity ? [one] : [];
  });
}

/**
 * What shows where the main agent stands, the surest first: a call with its request inside an agent that no tool called (calls beside that agent are
 * the application's own), any call with its request, a call that only counts, an agent that repeats its task.
 */
const signs: readonly ((placed: Placed) => boolean)[] = [
  ({ isInAgent, isInTool, one }) => one.kind === "model" && one.input.length > 0 && isInAgent && !isInTool,
  ({ one }) => one.kind === "model" && one.input.length > 0,
  ({ one }) => one.kind === "model",
  ({ one }) => one.kind === "agent" && one.isFrame && one.conversation.length > 0,
];

function levels(placed: readonly Placed[]): ReadonlyMap<string, number> {
  const level = new Map<string, number>();
  for (const sign of signs) {
    const found = new Map<string, number>();
    for (const at of placed) {
      const depth = at.one.kind === "agent" ? at.depth + 1 : at.depth;
      if (sign(at)) found.set(at.root, Math.min(found.get(at.root) ?? Infinity, depth));
    }
    for (const [root, depth] of found) if (!level.has(root)) level.set(root, depth);
  }
  return level;
}

/**
 * Under one root, calls with other instructions whose messages appear nowhere in the longest conversation are somebody else's: a title generator, a
 * classifier, a sub-agent beside its caller. With them goes all that their own agents' frames hold.
 */
function withoutSideCalls(facts: readonly SpanFacts[], ancestry: Ancestry): readonly SpanFacts[] {
  const byRoot = new Map<string, ModelFacts[]>();
  for (const one of facts) {
    if (one.kind !== "model") continue;
    const root = `${one.span.traceId} ${ancestry.root(one.span)}`;
    const own = byRoot.get(root) ?? [];
    own.push(one);
    byRoot.set(root, own);
  }
  const side = new Set<SpanFacts>([...byRoot.values()].flatMap((calls) => sideCalls(calls)));
  if (side.size === 0) return facts;
  const frames = new Set(facts.filter((one) => one.kind === "agent" && one.isFrame).map((one) => one.span.spanId));
  const frameOf = (one: SpanFacts): string | undefined => [...ancestry.above(one.span)].find((id) => frames.has(id));
  const models = facts.filter((one) => one.kind === "model");
  const main = new Set(models.filter((one) => !side.has(one)).map((one) => frameOf(one)));
  const gone = new Set(
    models
      .filter((one) => side.has(one))
      .map((one) => frameOf(one))
      .filter((frame) => frame !== undefined && !main.has(frame)),
  );
  return facts.filter((one) => !side.has(one) && !gone.has(one.span.spanId) && ![...ancestry.above(one.span)].some((id) => gone.has(id)));
}

const said = (call: ModelFacts): readonly Message[] => [...call.input, ...call.output];

function sideCalls(calls: readonly ModelFacts[]): readonly ModelFacts[] {
  if (new Set(calls.map((call) => call.instructions)).size < 2) return [];
  // Of equally long conversations the one that began first is the caller's.
  const longest = new Map<string | undefined, number>();
  for (const call of calls) longest.set(call.instructions, Math.max(longest.get(call.instructions) ?? 0, said(call).length));
  const most = Math.max(...longest.values());
  const chosen = [...longest].find(([, length]) => length === most)?.[0];
  const known = new Set(
    calls.filter((call) => call.instructions === chosen).flatMap((call) => said(call).map((message) => keyOf(message))),
  );
  return calls.filter(
    (call) => call.instructions !== chosen && call.input.length > 0 && !call.input.some((message) => known.has(keyOf(message))),
  );
}
