import { z } from "zod";
import type { Hypothesis } from "../../domain/documents.ts";
import { understand } from "../../domain/text/structured-reply.ts";

const kinds = ["insert", "rewrite", "tool-description", "parameter", "example"] as const;
const levels = ["prompt", "tool-description", "parameter", "code", "data", "user"] as const;
const longestText = 8000;
const longestRemark = 600;
const mostEdits = 5;
const mostCandidates = 12;
const mostHypotheses = 8;

/** Words for people: too long is cut, not refused. */
const remark = z
  .string()
  .transform((text) => text.trim().slice(0, longestRemark))
  .default("");

/** One search/replace hunk as the model writes it: `search` is copied from the file, `replace` takes its place. */
const edit = z.object({
  path: z.string().min(1).max(500),
  search: z.string().min(1).max(longestText),
  replace: z.string().max(longestText),
  reason: remark,
});

const candidate = z.object({
  kind: z.enum(kinds),
  hypothesis: remark,
  edits: z.array(edit).min(1).max(mostEdits),
});
export type DraftCandidate = z.infer<typeof candidate>;

const hypothesis = z.object({ level: z.enum(levels), cause: z.string().min(1), change: z.string().default("") });

/** Lists are parsed item by item, so that a broken item costs only itself. */
const envelope = z
  .object({ hypotheses: z.array(z.unknown()).optional(), candidates: z.array(z.unknown()).optional() })
  .refine((reply) => reply.hypotheses !== undefined || reply.candidates !== undefined, "it has neither hypotheses nor candidates");

/** One candidate of a reply by its 1-based place, or what is wrong with its form. */
export type ReadCandidate =
  | { readonly ok: true; readonly place: number; readonly candidate: DraftCandidate }
  | { readonly ok: false; readonly place: number; readonly why: string };

export type ReadReply =
  | { readonly ok: true; readonly hypotheses: readonly Hypothesis[]; readonly candidates: readonly ReadCandidate[] }
  | { readonly ok: false; readonly why: string };

/**
 * Reads the drafter's answer. The wire format of drafting, also for whoever writes another drafter:
 * `{"hypotheses": [{level, cause, change}], "candidates": [{kind, hypothesis, edits: [{path, search, replace, reason}]}]}`.
 * No candidates and only hypotheses of level code, data or user means: no edit of a prompt can mend this. A fence or prose around the object
 * is let pass. Never throws: whatever cannot be used is named, so that the model can be told.
 */
export function readReply(text: string): ReadReply {
  const understood = understandAny(text);
  if (!understood.ok) return understood;
  const { candidates = [], hypotheses = [] } = understood.value;
  const tooMany = candidates.length > mostCandidates;
  return {
    ok: true,
    hypotheses: hypotheses.slice(0, mostHypotheses).flatMap((one) => hypothesisIn(one)),
    candidates: [
      ...candidates.slice(0, mostCandidates).map((one, index) => candidateIn(one, index + 1)),
      ...(tooMany
        ? [
            {
              ok: false,
              place: mostCandidates + 1,
              why: `only the first ${mostCandidates} of ${candidates.length} candidates were read`,
            } as const,
          ]
        : []),
    ],
  };
}

/** The reply as a whole; failing that, from each place where an object of this format may begin: prose before it may hold braces of its own. */
function understandAny(text: string): ReturnType<typeof understand<z.infer<typeof envelope>>> {
  const whole = understand(text, envelope);
  if (whole.ok) return whole;
  const beginnings = [...text.slice(0, 200_000).matchAll(/\{\s*"(?:hypotheses|candidates)"/g)].slice(0, 5);
  for (const { index } of beginnings) {
    const found = understand(objectAt(text, index), envelope);
    if (found.ok) return found;
  }
  return whole;
}

/** The text of the JSON object that begins at a brace, up to its closing brace; to the end of the text when there is none. */
function objectAt(text: string, start: number): string {
  let depth = 0;
  let isInString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (isInString) {
      if (character === "\\") index += 1;
      else if (character === '"') isInString = false;
      continue;
    }
    if (character === '"') isInString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    if (depth === 0) return text.slice(start, index + 1);
  }
  return text.slice(start);
}

function hypothesisIn(value: unknown): readonly Hypothesis[] {
  const parsed = hypothesis.safeParse(value);
  if (!parsed.success) return [];
  const { cause, change, level } = parsed.data;
  return [{ level, cause: cause.slice(0, longestRemark), change: change.slice(0, longestRemark) }];
}

function candidateIn(value: unknown, place: number): ReadCandidate {
  const parsed = candidate.safeParse(value);
  if (parsed.success) return { ok: true, place, candidate: parsed.data };
  const problems = parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.map(String).join(".") || "it"}: ${issue.message}`);
  return { ok: false, place, why: problems.join("; ") };
}

/**
 * The JSON Schema that models are held to, where they can be. Every field is required and no lengths are given: what providers enforce
 * knows neither optional fields nor lengths everywhere. The parser above is the one that decides.
 */
export const draftSchema = z.toJSONSchema(
  z.strictObject({
    hypotheses: z.array(z.strictObject({ level: z.enum(levels), cause: z.string(), change: z.string() })),
    candidates: z.array(
      z.strictObject({
        kind: z.enum(kinds),
        hypothesis: z.string(),
        edits: z.array(z.strictObject({ path: z.string(), search: z.string(), replace: z.string(), reason: z.string() })),
      }),
    ),
  }),
);
