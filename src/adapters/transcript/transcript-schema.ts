import { z } from "zod";

const text = z.string().max(4_000_000);
const part = z.looseObject({ type: z.string().optional(), text: text.optional() });
const toolCall = z.looseObject({
  id: z.string().max(500).optional(),
  function: z.looseObject({ name: z.string().max(200), arguments: z.unknown() }),
});

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.union([text, z.array(part).max(1000), z.null()]).optional(),
  tool_calls: z.array(toolCall).max(500).nullish(),
  tool_call_id: z.string().max(500).nullish(),
  name: z.string().max(200).nullish(),
});

const definition = z.looseObject({
  name: z.string().max(200).optional(),
  description: text.optional(),
  parameters: z.record(z.string(), z.json()).optional(),
  input_schema: z.record(z.string(), z.json()).optional(),
  function: z
    .looseObject({ name: z.string().max(200), description: text.optional(), parameters: z.record(z.string(), z.json()).optional() })
    .optional(),
});

const label = z.union([z.string().min(1).max(200), z.boolean(), z.number()]);

/** One line of a transcript file. Unknown keys are ignored; docs/transcripts.md describes the known ones. */
export const transcriptSchema = z.object({
  session_id: z.union([z.string().min(1).max(300), z.number()]),
  messages: z.array(message).min(1).max(20_000),
  tools: z.array(definition).max(1000).nullish(),
  model: z.string().max(200).nullish(),
  provider: z.string().max(100).nullish(),
  parameters: z.record(z.string().max(100), z.json()).nullish(),
  outcome: z
    .union([label, z.object({ result: label, name: z.string().max(200).optional(), reason: z.string().max(4000).optional() })])
    .nullish(),
  user: z.union([z.string().max(500), z.number()]).nullish(),
  agent: z.string().max(200).nullish(),
  started_at: z.iso.datetime({ offset: true }).nullish(),
});
export type Transcript = z.infer<typeof transcriptSchema>;
export type TranscriptMessage = Transcript["messages"][number];
