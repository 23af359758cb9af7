import type { MissingPart } from "../../domain/session.ts";

/** The sentence that says what turns a part on, for one dialect or for all of them. */
type Options = Partial<Readonly<Record<MissingPart | "outcome", string>>>;

const contentParts = ["instructions", "messages", "tool-input"] as const;
const content = (option: string): Options => Object.fromEntries(contentParts.map((part) => [part, option]));

const userKey = "set `user.id` on the agent's spans or on the resource";

/** What helps whatever wrote the traces. */
export const generalOptions: Readonly<Record<MissingPart | "outcome", string>> = {
  instructions: "turn content capture on in your instrumentation; if it is on, the agent sends no system prompt",
  messages: "turn content capture on in your instrumentation",
  "tool-input": "record the tools' arguments (`gen_ai.tool.call.arguments`)",
  "tool-output":
    "record the tools' results (`gen_ai.tool.call.result`): instrument the agent framework or the tools, for a model's client alone sees no tool run",
  "tool-definitions": "record `gen_ai.tool.definitions`, or put them into the repository or into `toolDefinitions` of tuneup.operator.yml",
  user: userKey,
  model: "record `gen_ai.request.model`, or name `models.agent` in tuneup.operator.yml",
  truncated: "raise OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT in the agent, and `max_attribute_bytes` in Tempo (2048 by default)",
  outcome: "send `gen_ai.evaluation.result` events, or `agent.outcome` on the session's root span",
};

/**
 * Which option of a dialect records what, as its documentation names it; dialects and parts that are not here have none of their own. Names are
 * those of the dialects.
 */
export const captureOptions: Readonly<Record<string, Options>> = {
  "OpenTelemetry GenAI": {
    ...content(
      "set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true (SPAN_AND_EVENT in Python) and OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental; Microsoft's Agent Framework: ENABLE_SENSITIVE_DATA=true",
    ),
  },
  OpenInference: {
    ...content(
      "unset OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS, OPENINFERENCE_HIDE_INPUT_MESSAGES and OPENINFERENCE_HIDE_OUTPUT_MESSAGES",
    ),
    user: "wrap the agent in OpenInference's `using_user` (Python) or `setUser` (JavaScript)",
  },
  OpenLLMetry: {
    ...content("unset TRACELOOP_TRACE_CONTENT or set it to true"),
    user: "set the association property `user_id` (`Traceloop.set_association_properties`)",
  },
  "Vercel AI SDK": {
    ...content("leave `recordInputs` and `recordOutputs` of `experimental_telemetry` true"),
    user: "give `metadata: { userId, sessionId }` with `experimental_telemetry`; with version 7, `runtimeContext`",
  },
  LangSmith: { user: "put `user_id` into the run's metadata" },
  "Langfuse SDK": { user: "set the trace's user (`langfuse.user.id`)" },
  "Pydantic AI": { ...content("give `InstrumentationSettings(include_content=True)`, which is the default") },
  "Google ADK": {
    ...content("unset ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS or set it to true"),
  },
  "Claude Code": {
    instructions:
      "set OTEL_LOG_RAW_API_BODIES=1 and export logs as well as traces; requests beyond 60 KB are cut, often before the system prompt",
    messages: "set OTEL_LOG_USER_PROMPTS=1 and OTEL_LOG_RAW_API_BODIES=1, and export logs as well as traces",
    "tool-input": "set OTEL_LOG_TOOL_DETAILS=1",
    "tool-output": "set OTEL_LOG_TOOL_CONTENT=1",
    "tool-definitions": "set OTEL_LOG_RAW_API_BODIES=1 and export logs as well as traces",
    model: "set CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1 for spans",
    truncated:
      "Claude Code cuts inline bodies at 60 KB; set OTEL_LOG_TOOL_CONTENT=1 too, so that what was cut is told by prompts, replies and tool spans",
  },
  "Strands Agents": {
    "tool-definitions": "add gen_ai_tool_definitions to OTEL_SEMCONV_STABILITY_OPT_IN",
    user: "give `trace_attributes` with `user.id` and `session.id` to the agent",
  },
  Mastra: {
    "tool-definitions":
      "Mastra records the tools' names alone; put the definitions into the repository or into `toolDefinitions` of tuneup.operator.yml",
    user: "put `userId` and `threadId` into the run's tracing metadata",
  },
  "Codex CLI": {
    messages: "set `log_user_prompt = true` below `[otel]` and export logs; Codex records no system prompt",
    instructions: "Codex records no system prompt",
  },
  "AWS ADOT": { instructions: "read the trace's own spans as well: the log bodies hold messages alone" },
};

/** What records a part in a dialect: its own option, else what helps everywhere. */
export const optionFor = (dialect: string, part: MissingPart | "outcome"): string =>
  (Object.hasOwn(captureOptions, dialect) ? captureOptions[dialect]?.[part] : undefined) ?? generalOptions[part];
