import type { Json } from "../../../domain/ids.ts";
import type { Span } from "../../../domain/span.ts";
import { type Content, exchange, instructionsFrom } from "../reading/content.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { type Fields, fieldsOf, firstOf, opened, textIn } from "../reading/values.ts";
import { errorOf, hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";

const frames: ReadonlySet<string> = new Set(["agent"]);
const others: ReadonlySet<string> = new Set(["event", "retriever", "evaluator", "embedding", "guardrail"]);

/** Langfuse's SDK 3 and later (langfuse/langfuse, packages/shared/src/server/otel/attributes.ts): each observation's input and output as its framework made it. */
export const langfuse: Dialect = {
  name: "Langfuse SDK",
  matches: (span) =>
    matchOf(
      hasScope(span, "langfuse-sdk", "langfuse-sdk*"),
      ["langfuse.observation.input", "langfuse.observation.output", "langfuse.observation.type"].some(
        (key) => span.attributes[key] !== undefined,
      ),
    ),
  read(span) {
    const { attributes } = span;
    const type = textAt(attributes, "langfuse.observation.type")?.toLowerCase() ?? "span";
    const [input, output] = [attributes["langfuse.observation.input"], attributes["langfuse.observation.output"]];
    if (type === "generation") {
      return modelFrom(span, withShared(span, exchange(input, output)), { error: errorIn(span) });
    }
    const message = toolMessage(opened(output));
    if (type === "tool" || message !== undefined) return tool(span, input, output, message);
    if (frames.has(type)) return agentFrom(span, withShared(span, exchange(input, output)));
    if (others.has(type)) return "known";
    return span.parentId === undefined && input !== undefined
      ? agentFrom(span, withShared(span, exchange(input, output)), { isFrame: false })
      : "known";
  },
};

/** Langfuse takes messages out of the attributes it receives; definitions and instructions stay there under the sender's own names. */
function withShared(span: Span, content: Content): Content {
  const { attributes } = span;
  const tools =
    content.tools.length > 0
      ? content.tools
      : toolsFrom(attributes["gen_ai.tool.definitions"] ?? attributes["ai.prompt.tools"] ?? attributes["model_request_parameters"]);
  const instructions = content.instructions ?? instructionsFrom(attributes["gen_ai.system_instructions"]);
  return { ...content, tools, ...(instructions === undefined ? {} : { instructions }) };
}

/** LangGraph's tool nodes are plain spans whose output is a LangChain tool message. */
function toolMessage(output: Json | undefined): Fields | undefined {
  const fields = fieldsOf(output);
  const inner = fieldsOf(firstOf(fields ?? {}, "kwargs")) ?? fields;
  return inner !== undefined && textIn(inner, "tool_call_id") !== undefined && inner["content"] !== undefined ? inner : undefined;
}

const tool = (span: Span, input: Json | undefined, output: Json | undefined, message: Fields | undefined): ReturnType<typeof toolFrom> =>
  toolFrom(span, {
    tool: textAt(span.attributes, "gen_ai.tool.name", "tool.name") ?? span.name,
    id: textIn(message ?? {}, "tool_call_id") ?? textAt(span.attributes, "gen_ai.tool.call.id"),
    input: opened(input),
    output: message?.["content"] ?? opened(output),
    error: message?.["status"] === "error" ? "the tool reported failure" : errorIn(span),
  });

const errorIn = (span: Span): string | undefined =>
  textAt(span.attributes, "langfuse.observation.level") === "ERROR"
    ? (textAt(span.attributes, "langfuse.observation.status_message") ?? "error")
    : errorOf(span);
