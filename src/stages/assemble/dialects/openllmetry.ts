import type { Json } from "../../../domain/ids.ts";
import type { Span } from "../../../domain/span.ts";
import { exchange, isEmpty } from "../reading/content.ts";
import { fieldsOf, opened } from "../reading/values.ts";
import { hasPrefix, hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { genaiContent, genaiTool, semconv } from "./semconv.ts";

/** OpenLLMetry (traceloop/openllmetry) and Koog: indexed `gen_ai.prompt.N` before 0.55, the conventions after; workflows, tasks, agents and tools by `traceloop.span.kind`. */
export const openllmetry: Dialect = {
  name: "OpenLLMetry",
  matches: (span) =>
    matchOf(
      hasScope(span, "@traceloop/*", "traceloop.tracer", "ai.koog"),
      hasPrefix(span.attributes, "traceloop.") ||
        span.attributes["gen_ai.prompt.0.role"] !== undefined ||
        span.attributes["llm.request.type"] !== undefined,
    ),
  read(span, logs) {
    const { attributes } = span;
    const kind = textAt(attributes, "traceloop.span.kind");
    if (kind === "tool") return tool(span);
    if (kind === "agent" || kind === "workflow") {
      const entity = exchange(attributes["traceloop.entity.input"], attributes["traceloop.entity.output"]);
      const own = genaiContent(span, logs);
      return agentFrom(span, isEmpty(own) ? entity : own, {
        isFrame: kind === "agent",
        agent: textAt(attributes, "gen_ai.agent.name", "traceloop.entity.name"),
      });
    }
    if (kind === "task") return "known";
    // Koog's tool spans say so in their name only.
    if (span.scope === "ai.koog" && span.name.startsWith("tool.")) return tool(span);
    if (span.scope === "ai.koog" && span.name.startsWith("node.")) return "known";
    const content = genaiContent(span, logs);
    return isEmpty(content) ? semconv.read(span, logs) : (semconv.read(span, logs) ?? modelFrom(span, content));
  },
};

function tool(span: Span): ReturnType<typeof toolFrom> {
  const { attributes } = span;
  const genai = genaiTool(span);
  return toolFrom(span, {
    tool: textAt(attributes, "gen_ai.tool.name", "traceloop.entity.name") ?? span.name.replace(/^tool\./, "").replace(/\.tool$/, ""),
    id: genai.id,
    input: genai.input ?? entityInput(attributes["traceloop.entity.input"]),
    output: genai.output ?? opened(attributes["traceloop.entity.output"]),
  });
}

/** `{"args": [...], "kwargs": {...}}`, or LangChain's `{"input_str": "…", "inputs": {…}}`. */
function entityInput(value: Json | undefined): Json | undefined {
  const given = opened(value);
  const fields = fieldsOf(given);
  return fieldsOf(fields?.["inputs"]) ?? fieldsOf(fields?.["kwargs"]) ?? given;
}
