"""A support agent of a few lines that writes its own OpenTelemetry spans: agent.session, agent.turn, gen_ai.chat, tool.execute.

    pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
    export OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20tup_...
    python agent.py
    tuneup scan --project support

The model and the tool are stand-ins, so that it runs without a key; the spans are what matters.
"""

import json

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "support-agent"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("support-agent")

SYSTEM = "You are a support agent. Read the return policy before you issue a refund."


def call_model(messages):
    """Stands for your model client."""
    asked = messages[-1]["content"]
    if "refund" in asked and messages[-1]["role"] == "user":
        return {"role": "assistant", "content": "", "tool_calls": [
            {"id": f"call_{len(messages)}", "function": {"name": "issue_refund", "arguments": json.dumps({"order": "A-1"})}}]}
    return {"role": "assistant", "content": "I refunded order A-1." if "refunded" in asked else "I could not refund it."}


def call_tool(name, arguments, in_time):
    """Stands for your tools."""
    return {"status": "refunded"} if in_time else {"error": "return window closed"}


def chat(messages):
    with tracer.start_as_current_span("gen_ai.chat") as span:
        span.set_attribute("gen_ai.system", "openai")
        span.set_attribute("gen_ai.request.model", "gpt-4.1")
        span.add_event("gen_ai.prompt", {"gen_ai.prompt": json.dumps(messages)})
        reply = call_model(messages)
        span.set_attribute("gen_ai.usage.input_tokens", 200)
        span.set_attribute("gen_ai.usage.output_tokens", 20)
        span.add_event("gen_ai.completion", {"gen_ai.completion": json.dumps(reply)})
        return reply


def execute(call, in_time):
    with tracer.start_as_current_span("tool.execute") as span:
        span.set_attribute("gen_ai.tool.name", call["function"]["name"])
        span.set_attribute("gen_ai.tool.call.id", call["id"])
        span.set_attribute("gen_ai.tool.call.arguments", call["function"]["arguments"])
        result = call_tool(call["function"]["name"], json.loads(call["function"]["arguments"]), in_time)
        span.set_attribute("tool.success", "error" not in result)
        span.set_attribute("gen_ai.tool.call.result", json.dumps(result))
        return result


def session(session_id, user_id, in_time):
    who = {"session.id": session_id, "user.id": user_id}
    with tracer.start_as_current_span("agent.session", attributes=who) as whole:
        with tracer.start_as_current_span("agent.turn", attributes=who):
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Please refund order A-1."}]
            reply = chat(messages)
            while reply.get("tool_calls"):
                call = reply["tool_calls"][0]
                result = execute(call, in_time)
                messages += [reply, {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)}]
                reply = chat(messages)
        # What became of it, as your product knows it: success or failure.
        whole.set_attribute("agent.outcome", "success" if in_time else "failure")


session("py-1", "user-1", in_time=True)
session("py-2", "user-2", in_time=False)
provider.shutdown()
