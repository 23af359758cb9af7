const longest = 400;

/** What is masked, in order: the most specific shape first. All expressions are linear: no nested repetition. */
const masks: readonly RegExp[] = [
  /\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/g,
  /\bhttps?:\/\/[^\s"'<>)\]]{1,300}/g,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /"[^"\n]{0,200}"|'[^'\n]{1,200}'|`[^`\n]{1,200}`/g,
  /(?:\/[\w.@-]{1,100}){2,20}/g,
  /\b[A-Za-z]:\\[^\s"']{1,200}/g,
  /\b(?=[a-z_-]*\d)[\w-]*\d[\w-]*\b/gi,
  /[+-]?\d[\d.,:]*/g,
];

const longestJson = 20_000;
const messageFields = ["message", "error", "detail", "reason", "title"];
const kindFields = ["code", "type", "error_type"];

/** What an error that is a JSON object says: its kind and its message. Masking the object itself would hide both as quoted text. */
function messageIn(text: string): string {
  if (text.length > longestJson || !/^\s*\{/.test(text)) return text;
  try {
    return described(JSON.parse(text)) ?? text;
  } catch {
    return text;
  }
}

function described(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (value === null || typeof value !== "object" || depth > 3) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const message = messageFields.map((field) => described(fields.get(field), depth + 1)).find((found) => found !== undefined);
  const kind = kindFields.map((field) => fields.get(field)).find((found) => typeof found === "string" && /^[\w.-]{1,60}$/.test(found));
  return message === undefined || typeof kind !== "string" ? message : `${kind}: ${message}`;
}

/**
 * An error text with its variable parts masked as `<*>` (numbers, ids, hex, paths, addresses, quoted text), so that equal failures have
 * equal templates (after Drain; He et al. 2017). Of an error that is a JSON object its kind and message count. Bounded; empty for a text
 * without words.
 */
export function errorTemplate(text: string): string {
  let template = messageIn(text).slice(0, longest);
  for (const mask of masks) template = template.replace(mask, "<*>");
  return template
    .replace(/<\*>(?:[\s,;:]*<\*>)+/g, "<*>")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}
