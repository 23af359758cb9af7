"""The support agent: loads its prompt, tools and settings, and answers one customer message."""

from datetime import date
from pathlib import Path

import yaml
from anthropic import Anthropic

ROOT = Path(__file__).parent.parent
SETTINGS = yaml.safe_load((ROOT / "agent.yaml").read_text())
TOOLS = yaml.safe_load((ROOT / SETTINGS["tools"]).read_text())


def system_prompt() -> str:
    template = (ROOT / SETTINGS["prompt"]).read_text()
    return template.replace("{{company}}", "Nordlicht").replace("{{today}}", date.today().isoformat())


def answer(client: Anthropic, messages: list, run_tool) -> str:
    """Lets the model work until it answers; `messages` grows by what it said and what the tools answered."""
    for _ in range(SETTINGS["max_turns"]):
        reply = client.messages.create(
            model=SETTINGS["model"],
            system=system_prompt(),
            messages=messages,
            tools=[{"name": t["name"], "description": t["description"], "input_schema": t["parameters"]} for t in TOOLS],
            temperature=SETTINGS["temperature"],
            max_tokens=SETTINGS["max_tokens"],
        )
        messages.append({"role": "assistant", "content": reply.content})
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in reply.content if block.type == "text")
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": run_tool(call.name, call.input)} for call in calls]
        messages.append({"role": "user", "content": results})
    raise RuntimeError("the agent did not come to an answer")
