import { z } from "zod";

const part = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("text"), text: z.string() }),
  z.looseObject({ kind: z.literal("reasoning"), text: z.string() }),
  z.looseObject({ kind: z.literal("opaque"), provider: z.string(), value: z.json() }),
  z.looseObject({ kind: z.literal("tool-request"), id: z.string(), tool: z.string(), input: z.json() }),
  z.looseObject({ kind: z.literal("tool-result"), id: z.string(), output: z.json(), isError: z.boolean().optional() }),
]);

/** A conversation as it was kept; what stands in a ledger may be of another version or damaged. */
export const transcriptSchema = z.array(z.object({ role: z.enum(["system", "user", "assistant", "tool"]), parts: z.array(part) }));
