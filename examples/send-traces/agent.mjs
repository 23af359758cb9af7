/**
 * A support agent of a few lines that writes its own OpenTelemetry spans: agent.session, agent.turn, gen_ai.chat, tool.execute.
 *
 *     npm install @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-proto
 *     export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
 *     export OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20tup_...
 *     node agent.mjs
 *     tuneup scan --project support
 *
 * The model and the tool are stand-ins, so that it runs without a key; the spans are what matters.
 */
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const system = "You are a support agent. Read the return policy before you issue a refund.";

/** Stands for your model client. */
function callModel(messages) {
  const last = messages.at(-1);
  if (last.role === "user") {
    const call = { id: `call_${messages.length}`, function: { name: "issue_refund", arguments: JSON.stringify({ order: "A-1" }) } };
    return { role: "assistant", content: "", tool_calls: [call] };
  }
  return { role: "assistant", content: last.content.includes("refunded") ? "I refunded order A-1." : "I could not refund it." };
}

/** Stands for your tools. */
const callTool = (inTime) => (inTime ? { status: "refunded" } : { error: "return window closed" });

/** Runs two sessions, one that ends well and one that does not. */
export function converse(tracer) {
  const within = (context, name, attributes, work) => {
    const span = tracer.startSpan(name, { attributes }, context);
    try {
      return work(span, trace.setSpan(context, span));
    } finally {
      span.end();
    }
  };

  const chat = (context, messages) =>
    within(context, "gen_ai.chat", { "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4.1" }, (span) => {
      span.addEvent("gen_ai.prompt", { "gen_ai.prompt": JSON.stringify(messages) });
      const reply = callModel(messages);
      span.setAttributes({ "gen_ai.usage.input_tokens": 200, "gen_ai.usage.output_tokens": 20 });
      span.addEvent("gen_ai.completion", { "gen_ai.completion": JSON.stringify(reply) });
      return reply;
    });

  const execute = (context, call, inTime) => {
    const attributes = { "gen_ai.tool.name": call.function.name, "gen_ai.tool.call.id": call.id, "gen_ai.tool.call.arguments": call.function.arguments };
    return within(context, "tool.execute", attributes, (span) => {
      const result = callTool(inTime);
      span.setAttributes({ "tool.success": !("error" in result), "gen_ai.tool.call.result": JSON.stringify(result) });
      return result;
    });
  };

  const session = (id, user, inTime) => {
    const who = { "session.id": id, "user.id": user };
    within(ROOT_CONTEXT, "agent.session", who, (whole, outer) => {
      within(outer, "agent.turn", who, (_, context) => {
        const messages = [
          { role: "system", content: system },
          { role: "user", content: "Please refund order A-1." },
        ];
        let reply = chat(context, messages);
        while (reply.tool_calls !== undefined) {
          const [call] = reply.tool_calls;
          const result = execute(context, call, inTime);
          messages.push(reply, { role: "tool", tool_call_id: call.id, content: JSON.stringify(result) });
          reply = chat(context, messages);
        }
      });
      // What became of it, as your product knows it: success or failure.
      whole.setAttribute("agent.outcome", inTime ? "success" : "failure");
    });
  };

  session("js-1", "user-1", true);
  session("js-2", "user-2", false);
}

if (import.meta.main) {
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] });
  converse(provider.getTracer("support-agent"));
  await provider.shutdown();
}
