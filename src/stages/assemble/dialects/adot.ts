import type { Json } from "../../../domain/ids.ts";
import { textOf } from "../../../domain/message.ts";
import type { LogRecord, Span } from "../../../domain/span.ts";
import { fieldsOf, listOf, opened, textIn } from "../reading/values.ts";
import { matchOf } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom, type Reading, toolFrom } from "../span-facts.ts";
import { fromLogBodies } from "./semconv.ts";

const bodyOf = (log: LogRecord): ReturnType<typeof fieldsOf> => {
  const body = fieldsOf(opened(log.body));
  return body !== undefined && (fieldsOf(body["input"]) !== undefined || fieldsOf(body["output"]) !== undefined) ? body : undefined;
};

/**
 * AWS's OpenTelemetry distribution: CloudWatch keeps the content of any instrumentation in log bodies `{input: {messages}, output: {messages}}`. Asked
 * last, for spans whose own dialect says nothing.
 */
export const adot: Dialect = {
  name: "AWS ADOT",
  matches: (_span, logs) =>
    matchOf(
      false,
      logs.some((log) => bodyOf(log) !== undefined),
    ),
  read(span, logs): Reading {
    const body = logs.map((log) => bodyOf(log)).find((one) => one !== undefined);
    if (body === undefined) return undefined;
    const [asked] = listOf(fieldsOf(body["input"])?.["messages"]).map((message) => opened(fieldsOf(message)?.["content"]));
    const answer = listOf(fieldsOf(body["output"])?.["messages"])
      .map((message) => opened(fieldsOf(message)?.["content"]))
      .at(-1);
    return toolIn(span, asked, answer) ?? modelOrFrame(span, logs, asked);
  },
};

/** A tool run's output is LangChain's tool message. */
function toolIn(span: Span, asked: Json | undefined, answer: Json | undefined): Reading {
  const message = fieldsOf(answer);
  const isTool = message !== undefined && (message["type"] === "tool" || message["tool_call_id"] !== undefined);
  if (!isTool) return undefined;
  const isFailure = message["status"] === "error";
  return toolFrom(span, {
    tool: textIn(message, "name"),
    id: textIn(message, "tool_call_id"),
    input: asked,
    output: message["content"],
    error: isFailure ? "the tool reported failure" : undefined,
  });
}

/** A chain's input is its state; a model's is what was said. */
function modelOrFrame(span: Span, logs: readonly LogRecord[], asked: Json | undefined): Reading {
  const content = fromLogBodies(logs);
  if (content === undefined) return undefined;
  // A LangGraph branch answers with the name of its next node.
  if (content.output.every((message) => textOf(message) === "__end__") && content.output.length > 0) return "known";
  const isState = fieldsOf(asked)?.["messages"] !== undefined || Array.isArray(asked);
  return isState ? agentFrom(span, content, { isFrame: false }) : modelFrom(span, content);
}
