import { contentOf, instructionsFrom } from "../reading/content.ts";
import { messagesFrom } from "../reading/messages.ts";
import { toolsFrom } from "../reading/tool-definitions.ts";
import { hasScope, matchOf } from "../reading/attributes.ts";
import { agentFrom, type Dialect } from "../span-facts.ts";

/** A transcript file's session: one span with the whole conversation. */
export const transcript: Dialect = {
  name: "transcript file",
  matches: (span) => matchOf(hasScope(span, "tuneup.transcript"), false),
  read: (span) =>
    agentFrom(
      span,
      contentOf({
        input: messagesFrom(span.attributes["gen_ai.input.messages"]),
        output: messagesFrom(span.attributes["gen_ai.output.messages"], "assistant"),
        instructions: instructionsFrom(span.attributes["gen_ai.system_instructions"]),
        tools: toolsFrom(span.attributes["gen_ai.tool.definitions"]),
      }),
      { isWhole: true },
    ),
};
