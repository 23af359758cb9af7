import type { Attributes } from "../../../domain/ids.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";
import { contentOf, instructionsFrom } from "../reading/content.ts";
import { listOf, opened } from "../reading/values.ts";
import { hasScope, matchOf, textAt } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, toolFrom } from "../span-facts.ts";
import { genaiContent, genaiTool } from "./semconv.ts";

const isStrands = (attributes: Attributes): boolean => textAt(attributes, "gen_ai.system", "gen_ai.provider.name") === "strands-agents";

/** Strands Agents (strands-agents/sdk-python, telemetry/tracer.py): Bedrock's blocks in span events; history repeats on the cycle spans, so only `chat` is read. */
export const strands: Dialect = {
  name: "Strands Agents",
  matches: (span) =>
    matchOf(
      hasScope(span, "strands.telemetry.tracer", "strands-agents"),
      isStrands(span.attributes) || /^execute_(?:event|agent)_loop_cycle$/.test(span.name),
    ),
  read(span, logs) {
    const operation = textAt(span.attributes, "gen_ai.operation.name");
    if (operation === "chat") return modelFrom(span, genaiContent(span, logs));
    if (operation === "execute_tool") return tool(span, logs);
    if (operation === "invoke_agent") return frame(span, logs);
    return "known";
  },
};

function frame(span: Span, logs: readonly LogRecord[]): ReturnType<typeof agentFrom> {
  const own = genaiContent(span, logs);
  const given = opened(span.attributes["system_prompt"]);
  return agentFrom(
    span,
    contentOf({ input: own.input, output: own.output, tools: own.tools, instructions: own.instructions ?? instructionsFrom(given) }),
  );
}

/** Arguments in `gen_ai.tool.message`, the answer in `gen_ai.choice`, both with the call's id. */
function tool(span: Span, logs: readonly LogRecord[]): ReturnType<typeof toolFrom> {
  const event = (name: string): Attributes => span.events.find((one) => one.name === name)?.attributes ?? {};
  const genai = genaiTool(span, logs);
  const answer = opened(event("gen_ai.choice")["message"]);
  const isBlocks = listOf(answer).length > 0;
  return toolFrom(span, {
    id: genai.id ?? textAt(event("gen_ai.tool.message"), "id"),
    input: span.attributes["gen_ai.tool.call.arguments"] ?? event("gen_ai.tool.message")["content"] ?? genai.input,
    output: span.attributes["gen_ai.tool.call.result"] ?? (isBlocks ? answer : (answer ?? genai.output)),
  });
}
