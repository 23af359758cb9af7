import { hasPrefix, matchOf } from "../reading/attributes.ts";
import { agentFrom, type Dialect, modelFrom } from "../span-facts.ts";
import { genaiContent, genaiTool } from "./semconv.ts";

const names: ReadonlySet<string> = new Set(["gen_ai.chat", "tool.execute", "agent.turn", "agent.session"]);

/** The widely copied hand-written instrumentation: `agent.session`, `agent.turn`, `gen_ai.chat`, `tool.execute`; prompts and completions as span events. */
export const guide: Dialect = {
  name: "hand-written guide",
  matches: (span) => matchOf(false, names.has(span.name) && !hasPrefix(span.attributes, "gen_ai.operation.name")),
  read(span, logs) {
    if (span.name === "gen_ai.chat") return modelFrom(span, genaiContent(span, logs));
    if (span.name === "tool.execute") return genaiTool(span);
    return agentFrom(span, genaiContent(span, logs), { isFrame: false });
  },
};
