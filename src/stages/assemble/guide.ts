import { agentFacts, modelFacts, toolFacts } from "./semconv.ts";
import type { Dialect, SpanFacts } from "./span-facts.ts";

/** The widely copied hand-written instrumentation: `agent.session`, `agent.turn`, `gen_ai.chat`, `tool.execute`; prompts and completions as span events. */
export const guide: Dialect = {
  name: "guide",
  read(span): SpanFacts | undefined {
    if (span.attributes["gen_ai.operation.name"] !== undefined) return undefined;
    if (span.name === "gen_ai.chat") return modelFacts(span);
    if (span.name === "tool.execute") return toolFacts(span);
    return span.name === "agent.turn" || span.name === "agent.session" ? agentFacts(span, false) : undefined;
  },
};
