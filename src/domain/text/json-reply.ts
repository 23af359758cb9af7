/** A JSON value found in a model's reply, or why none was. */
export type FoundJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

const longest = 1_000_000;

/**
 * The JSON object of a reply: the whole reply, a fenced block, or the outermost braces with prose around them. Keys named `__proto__` are
 * dropped. Says at which place the text stops being JSON.
 */
export function jsonIn(reply: string): FoundJson {
  if (reply.length > longest) return { ok: false, why: `the reply has ${reply.length} characters; the limit is ${longest}` };
  const first = reply.indexOf("{");
  const last = reply.lastIndexOf("}");
  if (first < 0 || last < first) return { ok: false, why: "the reply holds no JSON object" };
  const inner = reply.slice(first, last + 1);
  try {
    return { ok: true, value: JSON.parse(inner, (key, value: unknown) => (key === "__proto__" ? undefined : value)) as unknown };
  } catch (error) {
    return { ok: false, why: `the reply is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : "cannot be parsed"}` };
  }
}
