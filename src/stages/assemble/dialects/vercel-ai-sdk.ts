import type { Json } from "../../../domain/ids.ts";
import type { Span } from "../../../domain/span.ts";
import { type Content, contentOf, requestContent } from "../reading/content.ts";
import { messageFrom, messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { listOf, opened } from "../reading/values.ts";
import { hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { semconv } from "./semconv.ts";

/**
 * Vercel's AI SDK 3 to 6, and 7 with its legacy integration (vercel/ai, telemetry.mdx): `ai.generateText` around `ai.generateText.doGenerate`. The inner
 * spans hold what the provider was really sent. The SDK's version 7 writes the GenAI conventions under the same scope.
 */
export const vercelAiSdk: Dialect = {
  name: "Vercel AI SDK",
  matches: (span) => matchOf(hasScope(span, "ai", "opencode"), textAt(span.attributes, "ai.operationId") !== undefined),
  read(span, logs) {
    const operation = textAt(span.attributes, "ai.operationId");
    if (operation === undefined) return span.attributes["gen_ai.operation.name"] === undefined ? undefined : semconv.read(span, logs);
    if (operation === "ai.toolCall") return tool(span);
    if (/^ai\.(?:embed|rerank)/.test(operation)) return "known";
    if (/\.do(?:Generate|Stream)$/.test(operation)) return modelFrom(span, content(span, span.attributes["ai.prompt.messages"]));
    return /^ai\.(?:generate|stream)/.test(operation)
      ? agentFrom(span, content(span, span.attributes["ai.prompt"]), { agent: textAt(span.attributes, "ai.telemetry.functionId") })
      : undefined;
  },
};

const tool = (span: Span): ReturnType<typeof toolFrom> =>
  toolFrom(span, {
    tool: textAt(span.attributes, "ai.toolCall.name"),
    id: textAt(span.attributes, "ai.toolCall.id"),
    input: span.attributes["ai.toolCall.args"] ?? span.attributes["ai.toolCall.input"],
    output: span.attributes["ai.toolCall.result"] ?? span.attributes["ai.toolCall.output"],
  });

function content(span: Span, prompt: Json | undefined): Content {
  const { attributes } = span;
  const asked = Array.isArray(opened(prompt)) ? contentOf({ input: messagesFrom(prompt) }) : requestContent(prompt);
  const text = textAt(attributes, "ai.response.text", "ai.result.text", "ai.response.object", "ai.result.object") ?? "";
  const thought = textAt(attributes, "ai.response.reasoning");
  const calls = listOf(opened(attributes["ai.response.toolCalls"] ?? attributes["ai.result.toolCalls"]));
  const reply =
    text === "" && calls.length === 0 && thought === undefined
      ? []
      : messageFrom(
          {
            role: "assistant",
            content: text === "" ? [] : [{ type: "text", text }],
            tool_calls: [...calls],
            reasoning_content: thought ?? null,
          },
          "assistant",
        );
  return contentOf({
    input: asked.input,
    output: reply,
    instructions: asked.instructions,
    tools: toolsFrom(attributes["ai.prompt.tools"]),
  });
}
