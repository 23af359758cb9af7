import { z } from "zod";

/** One search/replace hunk as the model writes it: `search` is copied from the file, `replace` takes its place. */
const edit = z.object({
  path: z.string().min(1).max(500),
  search: z.string().min(1).max(8000),
  replace: z.string().max(8000),
  reason: z.string().max(600).default(""),
});

const candidate = z.object({
  kind: z.enum(["insert", "rewrite", "tool-description", "parameter", "example"]),
  hypothesis: z.string().min(1).max(600),
  edits: z.array(edit).min(1).max(5),
});

/**
 * The drafter's answer. The wire format of drafting, also for whoever writes another drafter:
 * `{"hypotheses": [{level, cause, change}], "candidates": [{kind, hypothesis, edits: [{path, search, replace, reason}]}]}`.
 * No candidates and only hypotheses of level code, data or user means: no edit of a prompt can mend this.
 */
export const draftReply = z.object({
  hypotheses: z
    .array(
      z.object({
        level: z.enum(["prompt", "tool-description", "parameter", "code", "data", "user"]),
        cause: z.string().min(1).max(600),
        change: z.string().max(600).default(""),
      }),
    )
    .max(8)
    .default([]),
  /** Parsed one by one, so that a broken candidate costs only itself. */
  candidates: z.array(z.unknown()).max(12).default([]),
});
export type DraftReply = z.infer<typeof draftReply>;

export const draftCandidate = candidate;
export type DraftCandidate = z.infer<typeof candidate>;

/** The JSON Schema given to models that can be held to one. */
export const draftSchema = z.toJSONSchema(draftReply.extend({ candidates: z.array(candidate).max(12) }));
