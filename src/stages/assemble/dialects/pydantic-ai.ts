import type { Span } from "../../../domain/span.ts";
import { type Content, contentOf } from "../reading/content.ts";
import { messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, firstContent, modelFrom, toolFrom } from "../span-facts.ts";
import { fromAttributes, fromEventList, genaiContent } from "./semconv.ts";

const keys = ["model_request_parameters", "pydantic_ai.all_messages", "all_messages_events"] as const;

/** Pydantic AI and Logfire (pydantic/pydantic-ai, docs/logfire.md): versions 2 and later as the conventions, version 1 as a list of events in `events`. */
export const pydanticAi: Dialect = {
  name: "Pydantic AI",
  matches: (span) =>
    matchOf(
      hasScope(span, "pydantic-ai"),
      keys.some((key) => span.attributes[key] !== undefined),
    ),
  read(span, logs) {
    const { attributes } = span;
    const operation = textAt(attributes, "gen_ai.operation.name");
    const isTool =
      operation === "execute_tool" || attributes["tool_arguments"] !== undefined || attributes["gen_ai.tool.name"] !== undefined;
    if (isTool) return tool(span);
    if (operation === "chat" || attributes["model_request_parameters"] !== undefined)
      return modelFrom(span, withTools(span, genaiOrEvents(span, logs)));
    if (operation === "invoke_agent" || attributes["agent_name"] !== undefined || attributes["all_messages_events"] !== undefined)
      return agentFrom(span, whole(span));
    return /^(?:running|preprocess|graph)/.test(span.name) ? "known" : undefined;
  },
};

const genaiOrEvents = (span: Span, logs: Parameters<typeof genaiContent>[1]): Content =>
  firstContent(
    () => fromAttributes(span.attributes),
    () => fromEventList(span.attributes["events"]),
  ) ?? genaiContent(span, logs);

function withTools(span: Span, content: Content): Content {
  if (content.tools.length > 0) return content;
  const tools = toolsFrom(span.attributes["gen_ai.tool.definitions"]);
  return { ...content, tools: tools.length > 0 ? tools : toolsFrom(span.attributes["model_request_parameters"]) };
}

const whole = (span: Span): Content =>
  contentOf({ input: messagesFrom(span.attributes["pydantic_ai.all_messages"]) }).input.length > 0
    ? contentOf({ input: messagesFrom(span.attributes["pydantic_ai.all_messages"]) })
    : (fromEventList(span.attributes["all_messages_events"]) ?? contentOf({}));

const tool = (span: Span): ReturnType<typeof toolFrom> =>
  toolFrom(span, {
    id: textAt(span.attributes, "gen_ai.tool.call.id"),
    input: span.attributes["gen_ai.tool.call.arguments"] ?? span.attributes["tool_arguments"],
    output: span.attributes["gen_ai.tool.call.result"] ?? span.attributes["tool_response"],
  });
