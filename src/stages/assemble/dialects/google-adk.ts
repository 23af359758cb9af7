import type { Json } from "../../../domain/ids.ts";
import type { Span } from "../../../domain/span.ts";
import { type Content, contentOf, replyMessages, requestContent, settingsIn } from "../reading/content.ts";
import { fieldsOf, firstOf, opened, textIn } from "../reading/values.ts";
import { finishFrom, hasPrefix, hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { genaiContent } from "./semconv.ts";

/** Google's Agent Development Kit (google/adk-python, telemetry/tracing.py): the whole Gemini request and response as JSON text on `call_llm`. */
export const googleAdk: Dialect = {
  name: "Google ADK",
  matches: (span) => matchOf(hasScope(span, "gcp.vertex.agent"), hasPrefix(span.attributes, "gcp.vertex.agent.")),
  read(span, logs) {
    const { attributes } = span;
    const operation = textAt(attributes, "gen_ai.operation.name");
    if (operation === "execute_tool") return span.name.includes("(merged tools)") ? "known" : tool(span);
    if (operation === "invoke_agent") return agentFrom(span, genaiContent(span, logs));
    const request = opened(attributes["gcp.vertex.agent.llm_request"]);
    const answer = opened(attributes["gcp.vertex.agent.llm_response"]);
    if (request !== undefined || span.name === "call_llm") return modelFrom(span, content(request, answer), { finish: finishOf(answer) });
    if (operation === "generate_content") return modelFrom(span, genaiContent(span, logs));
    return /^(?:invocation|agent_run|send_data)/.test(span.name) ? "known" : undefined;
  },
};

/** The request's config holds system prompt, tools and settings beside transport options that are nobody's business. */
function content(request: Json | undefined, answer: Json | undefined): Content {
  const fields = fieldsOf(request) ?? {};
  const config = fieldsOf(firstOf(fields, "config")) ?? {};
  const asked = requestContent(fields);
  return contentOf({
    input: asked.input,
    output: replyMessages(answer),
    instructions: asked.instructions,
    tools: asked.tools,
    parameters: settingsIn(config),
  });
}

const finishOf = (answer: Json | undefined): string | undefined =>
  finishFrom(firstOf(fieldsOf(answer) ?? {}, "finish_reason", "finishReason"));

/** A tool's failure shows in its answer alone: an object with `error` at its top. */
function tool(span: Span): ReturnType<typeof toolFrom> {
  const { attributes } = span;
  const output = opened(attributes["gcp.vertex.agent.tool_response"] ?? attributes["gen_ai.tool.call.result"]);
  return toolFrom(span, {
    id: textAt(attributes, "gen_ai.tool.call.id"),
    input: attributes["gcp.vertex.agent.tool_call_args"] ?? attributes["gen_ai.tool.call.arguments"],
    output,
    error: textIn(fieldsOf(output) ?? {}, "error"),
  });
}
