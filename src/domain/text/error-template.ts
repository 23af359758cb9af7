const longest = 400;

/** What is masked, in order: the most specific shape first. All expressions are linear: no nested repetition. */
const masks: readonly RegExp[] = [
  /\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/g,
  /\bhttps?:\/\/[^\s"'<>)\]]{1,300}/g,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /"[^"\n]{0,200}"|'[^'\n]{1,200}'|`[^`\n]{1,200}`/g,
  /(?:\/[\w.@-]{1,100}){2,20}/g,
  /\b[A-Za-z]:\\[^\s"']{1,200}/g,
  /(?<![\w-])[+-]?\d[\d.,:]*(?:ms|s|kb|mb|gb|%)?(?![\w-])/gi,
  /\b(?=[a-z_-]*\d)[\w-]*\d[\w-]*\b/gi,
  /[+-]?\d[\d.,:]*/g,
];

/**
 * An error text with its variable parts masked as `<*>` (numbers, ids, hex, paths, addresses, quoted text), so that equal failures have
 * equal templates (after Drain; He et al. 2017). Bounded; empty for a text without words.
 */
export function errorTemplate(text: string): string {
  let template = text.slice(0, longest);
  for (const mask of masks) template = template.replace(mask, "<*>");
  return template
    .replace(/<\*>(?:[\s,;:]*<\*>)+/g, "<*>")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}
