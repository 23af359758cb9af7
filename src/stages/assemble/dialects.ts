import type { LogRecord, Span, Trace } from "../../domain/span.ts";
import { adot } from "./dialects/adot.ts";
import { claudeCode } from "./dialects/claude-code.ts";
import { codex, geminiCli } from "./dialects/coding-agents.ts";
import { googleAdk } from "./dialects/google-adk.ts";
import { guide } from "./dialects/guide.ts";
import { langfuse } from "./dialects/langfuse.ts";
import { langsmith } from "./dialects/langsmith.ts";
import { spanOfLog } from "./dialects/log-span.ts";
import { mastra } from "./dialects/mastra.ts";
import { genkit, laminar, mlflow } from "./dialects/named-input-output.ts";
import { openinference } from "./dialects/openinference.ts";
import { openllmetry } from "./dialects/openllmetry.ts";
import { pydanticAi } from "./dialects/pydantic-ai.ts";
import { semconv } from "./dialects/semconv.ts";
import { strands } from "./dialects/strands.ts";
import { transcript } from "./dialects/transcript.ts";
import { vercelAiSdk } from "./dialects/vercel-ai-sdk.ts";
import type { Dialect, Reading, SpanFacts } from "./span-facts.ts";

/** In the order in which they are asked: the most telling first, the conventions that all of them borrow from last. */
export const dialects: readonly Dialect[] = [
  transcript,
  langfuse,
  openinference,
  mastra,
  googleAdk,
  claudeCode,
  vercelAiSdk,
  langsmith,
  laminar,
  pydanticAi,
  strands,
  geminiCli,
  codex,
  genkit,
  mlflow,
  openllmetry,
  guide,
  semconv,
  adot,
];

/** What one trace's spans and log records say, and which of them nobody understands. */
export interface TraceReading {
  readonly facts: readonly SpanFacts[];
  /** Names of the dialects that understood something, most facts first. */
  readonly dialects: readonly string[];
  /** Spans that are understood and hold no part of a conversation. */
  readonly known: number;
  readonly strange: readonly { readonly span: Span; readonly dialect: string | undefined }[];
}

/** Reads every span in the dialect it is written in; one trace often mixes several. */
export function readTrace(trace: Trace): TraceReading {
  const logs = logsBySpan(trace.logs);
  const spans = [...trace.spans, ...spansOfLogs(trace, logs)];
  const read: ReadFacts[] = [];
  const strange: { readonly span: Span; readonly dialect: string | undefined }[] = [];
  let known = 0;
  const counts = new Map<string, number>();
  const note = (dialect: Dialect, count: number): void => void counts.set(dialect.name, (counts.get(dialect.name) ?? 0) + count);
  for (const span of spans) {
    const { asked, dialect, reading } = readSpan(span, logs.get(span.spanId) ?? []);
    if (reading !== undefined && reading !== "known") {
      read.push({ facts: reading, dialect });
      if (dialect !== undefined) note(dialect, 1);
    } else if (reading === "known") known += 1;
    else if (carriesContent(span)) strange.push({ span, dialect: asked?.name });
  }
  for (const dialect of dialects) {
    const own = dialect.readLogs?.(trace.logs) ?? [];
    if (own.length === 0) continue;
    note(dialect, own.length);
    mergeLogFacts(read, own, dialect);
  }
  const names = [...counts].sort((left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1)).map(([name]) => name);
  return { facts: read.map(({ facts }) => facts).toSorted(inTime), dialects: names, known, strange };
}

const inTime = (left: SpanFacts, right: SpanFacts): number =>
  left.span.startedAt < right.span.startedAt ? -1 : left.span.startedAt > right.span.startedAt ? 1 : 0;

interface ReadFacts {
  readonly facts: SpanFacts;
  readonly dialect: Dialect | undefined;
}

/** What log records say wins over spans of the same dialect that only count: those repeat the same calls without their words. */
function mergeLogFacts(read: ReadFacts[], own: readonly SpanFacts[], dialect: Dialect): void {
  if (own.some((one) => one.kind === "model" && one.input.length > 0)) {
    const kept = read.filter((one) => one.dialect !== dialect || one.facts.kind !== "model" || one.facts.input.length > 0);
    read.splice(0, read.length, ...kept);
  }
  const known = new Set(read.flatMap(({ facts }) => (facts.kind === "tool" && facts.id !== undefined ? [facts.id] : [])));
  read.push(...own.filter((one) => one.kind !== "tool" || one.id === undefined || !known.has(one.id)).map((facts) => ({ facts, dialect })));
}

interface SpanReading {
  readonly reading: Reading;
  readonly dialect: Dialect | undefined;
  /** The first dialect that claimed the span. */
  readonly asked: Dialect | undefined;
}

const hasContent = (facts: SpanFacts): boolean => {
  if (facts.kind === "tool") return facts.input !== undefined || facts.output !== undefined;
  return facts.kind === "model" ? facts.input.length + facts.output.length > 0 : facts.conversation.length > 0;
};

/** The first dialect that finds content in the span; without any, the first that knows what the span is. */
function readSpan(span: Span, logs: readonly LogRecord[]): SpanReading {
  const claims = dialects.map((dialect) => ({ dialect, match: dialect.matches(span, logs) }));
  const asked = [...claims.filter(({ match }) => match === "by-scope"), ...claims.filter(({ match }) => match === "by-attributes")];
  let best: Pick<SpanReading, "dialect" | "reading"> = { dialect: undefined, reading: undefined };
  for (const { dialect } of asked) {
    const reading = dialect.read(span, logs);
    if (reading === undefined) continue;
    if (reading !== "known" && hasContent(reading)) return { reading, dialect, asked: asked[0]?.dialect };
    if (best.reading === undefined || (best.reading === "known" && reading !== "known" && dialect === adot)) best = { dialect, reading };
  }
  return { ...best, asked: asked[0]?.dialect };
}

const contentKeys =
  /^(?:gen_ai\.(?:operation|request|input|output|prompt|completion|tool|system_instructions)|llm\.|openinference\.|ai\.(?:prompt|response|operationId)|traceloop\.entity|langfuse\.observation\.(?:input|output)|mlflow\.span|lmnr\.span\.|genkit:|lk\.|flue\.)/;
const carriesContent = (span: Span): boolean => Object.keys(span.attributes).some((key) => contentKeys.test(key));

function logsBySpan(logs: readonly LogRecord[]): ReadonlyMap<string, readonly LogRecord[]> {
  const found = new Map<string, LogRecord[]>();
  for (const log of logs) {
    if (log.spanId === undefined) continue;
    const own = found.get(log.spanId) ?? [];
    own.push(log);
    found.set(log.spanId, own);
  }
  return found;
}

/** Log records whose span never came (only logs are exported, or the span was sampled away) stand for it. */
function spansOfLogs(trace: Trace, logs: ReadonlyMap<string, readonly LogRecord[]>): readonly Span[] {
  const known = new Set(trace.spans.map((span) => span.spanId));
  const orphans = [...logs].filter(([spanId]) => !known.has(spanId)).map(([, own]) => own);
  const alone = trace.logs
    .filter((log) => log.spanId === undefined && log.name === "gen_ai.client.inference.operation.details")
    .map((log) => [log]);
  return [...orphans, ...alone].flatMap((own) => {
    const [first] = own;
    return first === undefined
      ? []
      : [{ ...spanOfLog(first), attributes: Object.assign({}, ...own.map((log) => log.attributes)) as Span["attributes"] }];
  });
}
