import type { Json } from "../../../domain/ids.ts";
import { exchange, isEmpty } from "../reading/content.ts";
import { fieldsOf, firstOf, opened } from "../reading/values.ts";
import { hasPrefix, hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { genaiContent } from "./semconv.ts";

/** LangSmith's OpenTelemetry exporter (langchain-ai/langsmith-sdk, _otel_exporter.py): a run's whole inputs and outputs as JSON in `gen_ai.prompt` and `gen_ai.completion`. */
export const langsmith: Dialect = {
  name: "LangSmith",
  matches: (span) => matchOf(hasScope(span, "langsmith*"), hasPrefix(span.attributes, "langsmith.span.")),
  read(span, logs) {
    const { attributes } = span;
    const kind = textAt(attributes, "langsmith.span.kind")?.toLowerCase();
    if (kind === undefined) return undefined;
    const [input, output] = [attributes["gen_ai.prompt"], attributes["gen_ai.completion"]];
    const both = exchange(input, output);
    const content = isEmpty(both) ? genaiContent(span, logs) : both;
    if (kind === "llm") return modelFrom(span, content);
    if (kind === "tool")
      return toolFrom(span, {
        tool: textAt(attributes, "gen_ai.tool.name") ?? span.name,
        input: unwrap(input, "input"),
        output: unwrap(output, "output", "content"),
      });
    if (kind === "chain" && span.parentId === undefined) return agentFrom(span, content, { isFrame: false });
    return "known";
  },
};

/** A tool run's inputs are `{input: …}` and its outputs `{output: …}`. */
function unwrap(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  const given = opened(value);
  const fields = fieldsOf(given);
  if (fields === undefined || Object.keys(fields).length !== 1) return given;
  return opened(firstOf(fields, ...keys)) ?? given;
}
