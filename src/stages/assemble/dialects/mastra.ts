import type { Json } from "../../../domain/ids.ts";
import type { Span } from "../../../domain/span.ts";
import { type Content, contentOf, exchange, instructionsFrom, replyMessages } from "../reading/content.ts";
import { messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { fieldsOf, listOf, opened, textIn } from "../reading/values.ts";
import { hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom } from "../span-facts.ts";
import { genaiTool } from "./semconv.ts";

/**
 * Mastra (mastra-ai/mastra, observability/otel-exporter). Its `chat` spans count tokens but lack what was asked and which tools were called; the
 * step around each holds both, so the step is the model call's content and the `chat` span its usage.
 */
export const mastra: Dialect = {
  name: "Mastra",
  matches: (span) => matchOf(hasScope(span, "@mastra/*"), span.attributes["mastra.span.type"] !== undefined),
  read(span) {
    const type = textAt(span.attributes, "mastra.span.type");
    if (type === "agent_run") return agentFrom(span, frame(span));
    if (type === "model_step") return modelFrom(span, step(span), { ...modelOf(span) });
    if (type === "model_inference") return modelFrom(span, contentOf({ output: replyMessages(span.attributes["gen_ai.output.messages"]) }));
    if (type === "tool_call" || type === "mcp_tool_call") return genaiTool(span);
    return type === undefined ? undefined : "known";
  },
};

/** Later steps repeat the history as `[tool: name]` without arguments: everything up to there stood better in the steps before. */
const isPlaceholder = (item: Json): boolean => {
  const fields = fieldsOf(item) ?? {};
  const content = fields["content"];
  return (
    fields["role"] === "tool" || (fields["role"] === "assistant" && typeof content === "string" && /^\[tool: [^\]]{1,200}\]$/.test(content))
  );
};

function step(span: Span): Content {
  const given = opened(span.attributes["mastra.model_step.input"] ?? span.attributes["mastra.model_generation.input"]);
  const list = listOf(fieldsOf(given)?.["messages"] ?? given);
  const lossy = list.findLastIndex((item) => isPlaceholder(item));
  const isSystem = (item: Json): boolean => fieldsOf(item)?.["role"] === "system";
  return contentOf({
    input: messagesFrom(list.filter((item, index) => index > lossy || isSystem(item))),
    output: replyMessages(span.attributes["mastra.model_step.output"] ?? span.attributes["mastra.model_generation.output"]),
  });
}

function modelOf(span: Span): { readonly model?: string; readonly provider?: string } {
  const given = fieldsOf(opened(span.attributes["mastra.metadata.modelMetadata"])) ?? {};
  const model = textIn(given, "modelId");
  const provider = textIn(given, "modelProvider")?.replace(/\.(?:chat|responses|messages)$/, "");
  return { ...(model === undefined ? {} : { model }), ...(provider === undefined ? {} : { provider }) };
}

const frame = (span: Span): Content => {
  const both = exchange(span.attributes["mastra.agent_run.input"], span.attributes["mastra.agent_run.output"]);
  return contentOf({
    input: both.input,
    output: both.output,
    instructions: instructionsFrom(span.attributes["gen_ai.system_instructions"]) ?? both.instructions,
    tools: toolsFrom(span.attributes["gen_ai.tool.definitions"]),
  });
};
