import { jsonIn } from "./json-reply.ts";

/** A reply that was understood, or the sentence to tell the model what was wrong with it. */
export type Understood<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** A parser that reports instead of throwing; zod's `safeParse` fits. */
export interface SafeParser<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };
      };
}

/** Parses a model's reply: JSON first, then its shape; all problems of the shape in one sentence. */
export function understand<T>(reply: string, parser: SafeParser<T>): Understood<T> {
  const found = jsonIn(reply);
  if (!found.ok) return found;
  const parsed = parser.safeParse(found.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.slice(0, 8).map((issue) => `${issue.path.map(String).join(".") || "the object"}: ${issue.message}`);
  return { ok: false, why: `the JSON object has the wrong shape: ${problems.join("; ")}` };
}
