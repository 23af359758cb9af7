import type { Attributes, Json } from "../../../domain/ids.ts";
import type { Message, ToolDefinition } from "../../../domain/message.ts";
import { type Content, contentOf } from "../reading/content.ts";
import { messageFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { opened } from "../reading/values.ts";

const mostIndexed = 2000;
const mostCalls = 200;

/** Before 1.26, OpenLLMetry and Koog: `gen_ai.prompt.N.role`, `gen_ai.completion.N.content`, tool calls below each. Stops at the first gap. */
export function fromIndexed(attributes: Attributes): Content | undefined {
  if (
    !["gen_ai.prompt.0.role", "gen_ai.prompt.0.content", "gen_ai.completion.0.role", "gen_ai.completion.0.content"].some(
      (key) => attributes[key] !== undefined,
    )
  )
    return undefined;
  const input = indexedMessages(attributes, "gen_ai.prompt", "user");
  const output = indexedMessages(attributes, "gen_ai.completion", "assistant");
  return contentOf({ input, output, tools: indexedTools(attributes) });
}

function indexedMessages(attributes: Attributes, side: string, fallback: Message["role"]): readonly Message[] {
  const messages: Message[] = [];
  for (let index = 0; index < mostIndexed; index += 1) {
    const at = `${side}.${index}`;
    const role = attributes[`${at}.role`];
    const content = attributes[`${at}.content`];
    const calls = indexedCalls(attributes, at);
    if (role === undefined && content === undefined && calls.length === 0) break;
    messages.push(
      ...messageFrom(
        {
          role: role ?? fallback,
          content: opened(content) ?? null,
          tool_calls: [...calls],
          tool_call_id: attributes[`${at}.tool_call_id`] ?? null,
        },
        fallback,
      ),
    );
  }
  return messages;
}

function indexedCalls(attributes: Attributes, at: string): readonly Json[] {
  const calls: Json[] = [];
  for (let index = 0; index < mostCalls; index += 1) {
    const name = attributes[`${at}.tool_calls.${index}.name`];
    if (typeof name !== "string") break;
    calls.push({
      id: attributes[`${at}.tool_calls.${index}.id`] ?? null,
      name,
      arguments: attributes[`${at}.tool_calls.${index}.arguments`] ?? {},
    });
  }
  return calls;
}

function indexedTools(attributes: Attributes): readonly ToolDefinition[] {
  const tools: Json[] = [];
  for (let index = 0; index < 500; index += 1) {
    const at = `llm.request.functions.${index}`;
    const name = attributes[`${at}.name`];
    if (typeof name !== "string") break;
    tools.push({ name, description: attributes[`${at}.description`] ?? "", parameters: attributes[`${at}.parameters`] ?? {} });
  }
  return toolsFrom(tools);
}
