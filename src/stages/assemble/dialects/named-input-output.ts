import type { Span } from "../../../domain/span.ts";
import { exchange } from "../reading/content.ts";
import { opened } from "../reading/values.ts";
import { hasPrefix, hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, type Reading, toolFrom } from "../span-facts.ts";
import { semconv } from "./semconv.ts";

/** A dialect that writes every span's input and output under one pair of keys. */
interface NamedPair {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly prefix: string;
  readonly kind: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly model: ReadonlySet<string>;
  readonly tool: ReadonlySet<string>;
  readonly agent: ReadonlySet<string>;
  readonly toolName?: string;
}

const first = (span: Span, keys: readonly string[]) => keys.map((key) => span.attributes[key]).find((value) => value !== undefined);

function readPair(pair: NamedPair, span: Span): Reading {
  const given = opened(span.attributes[pair.kind]);
  const kind = typeof given === "string" ? given.toLowerCase() : "";
  const [input, output] = [first(span, pair.input), first(span, pair.output)];
  if (kind === "") return undefined;
  if (pair.model.has(kind)) return modelFrom(span, exchange(input, output));
  if (pair.tool.has(kind))
    return toolFrom(span, {
      tool: textAt(span.attributes, pair.toolName ?? "gen_ai.tool.name") ?? span.name,
      input: opened(input),
      output: opened(output),
    });
  if (pair.agent.has(kind)) return agentFrom(span, exchange(input, output));
  return "known";
}

const dialectOf = (pair: NamedPair): Dialect => ({
  name: pair.name,
  matches: (span) => matchOf(hasScope(span, ...pair.scopes), hasPrefix(span.attributes, pair.prefix)),
  read(span, logs) {
    const own = readPair(pair, span);
    const genai =
      own === undefined || own === "known" || own.kind !== "model" || own.input.length === 0 ? semconv.read(span, logs) : undefined;
    return genai !== undefined && genai !== "known" && genai.kind === "model" && genai.input.length > 0 ? genai : (own ?? genai);
  },
});

/** Laminar (lmnr-ai/lmnr). */
export const laminar: Dialect = dialectOf({
  name: "Laminar",
  scopes: ["lmnr*"],
  prefix: "lmnr.",
  kind: "lmnr.span.type",
  input: ["lmnr.span.input"],
  output: ["lmnr.span.output"],
  model: new Set(["llm"]),
  tool: new Set(["tool"]),
  agent: new Set(["agent"]),
});

/** MLflow as an OpenTelemetry source (mlflow/mlflow, tracing/otel): JSON texts under `mlflow.spanInputs` and `mlflow.spanOutputs`. */
export const mlflow: Dialect = dialectOf({
  name: "MLflow",
  scopes: [],
  prefix: "mlflow.span",
  kind: "mlflow.spanType",
  input: ["mlflow.spanInputs"],
  output: ["mlflow.spanOutputs"],
  model: new Set(["llm", "chat_model"]),
  tool: new Set(["tool"]),
  agent: new Set(["agent"]),
});

/** Google's Genkit. */
export const genkit: Dialect = dialectOf({
  name: "Genkit",
  scopes: ["genkit*"],
  prefix: "genkit:",
  kind: "genkit:metadata:subtype",
  input: ["genkit:input"],
  output: ["genkit:output"],
  model: new Set(["model"]),
  tool: new Set(["tool"]),
  agent: new Set(["agent", "flow"]),
  toolName: "genkit:name",
});
