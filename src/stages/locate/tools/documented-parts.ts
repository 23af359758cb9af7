import type { TextRange } from "../../../domain/text/apply-hunk.ts";

/** A parameter that a documentation string describes, with the place of its description. */
export interface DocumentedPart {
  readonly name: string;
  readonly range: TextRange;
}

interface Line {
  readonly start: number;
  readonly text: string;
  readonly indent: number;
}

const longestLine = 2000;
const header = /^(?:args|arguments|parameters|params|attributes|inputs|keyword args|keyword arguments|other parameters)\s*:?$/i;
/** `name: …`, `name (type): …`, `- name: …`, with stars and backticks. */
const entry =
  /^(?:[-*][ \t]+)?[*`]{0,2}([\p{L}_][\p{L}\p{N}_.]{0,100})`?[ \t]*(?:\([^()\n]{0,300}(?:\([^()\n]{0,100}\)[^()\n]{0,100})?\))?[ \t]*:[ \t]*/u;
const field =
  /^:(?:param|parameter|arg|argument|key|keyword)[ \t]+(?:[^:\s]{1,100}[ \t]+)?\*{0,2}([\p{L}_][\p{L}\p{N}_.]{0,100})[ \t]*:[ \t]*/u;
const numpyEntry = /^\*{0,2}([\p{L}_][\p{L}\p{N}_]{0,100})[ \t]*(?::|$)/u;

/** The parameters that a documentation string describes, as Google, NumPy or Sphinx write them. Reads a range of the file's text, line by line. */
export function documentedParts(text: string, range: TextRange): readonly DocumentedPart[] {
  const lines = linesOf(text, range);
  const parts: DocumentedPart[] = [];
  for (const [index, line] of lines.entries()) {
    const words = line.text.trim();
    const [fieldHead, fieldName] = field.exec(words) ?? [];
    if (fieldHead !== undefined && fieldName !== undefined)
      parts.push(...describedBy(lines, { index, name: fieldName, skip: fieldHead.length }));
    else if (header.test(words)) parts.push(...sectionParts(lines, index));
  }
  return parts;
}

function linesOf(text: string, range: TextRange): readonly Line[] {
  const lines: Line[] = [];
  let start = range.start;
  for (const line of text.slice(range.start, range.end).split("\n")) {
    const bounded = line.slice(0, longestLine);
    lines.push({ start, text: bounded, indent: bounded.length - bounded.trimStart().length });
    start += line.length + 1;
  }
  return lines;
}

const isBlank = (line: Line | undefined): boolean => line === undefined || line.text.trim() === "";

/** The entries below a header: indented ones, or behind NumPy's underline those at its own indentation. */
function sectionParts(lines: readonly Line[], at: number): readonly DocumentedPart[] {
  const head = lines[at];
  if (head === undefined) return [];
  const isNumpy = /^-{3,}$/.test(lines[at + 1]?.text.trim() ?? "");
  const first = at + (isNumpy ? 2 : 1);
  const indent = lines.slice(first).find((line) => !isBlank(line))?.indent ?? 0;
  if (isNumpy ? indent !== head.indent : indent <= head.indent) return [];
  const parts: DocumentedPart[] = [];
  for (let index = first; index < lines.length; index += 1) {
    const line = lines[index];
    if (line === undefined || isBlank(line) || line.indent > indent) continue;
    if (line.indent < indent || /^-{3,}$/.test(lines[index + 1]?.text.trim() ?? "")) break;
    const [whole, name] = (isNumpy ? numpyEntry : entry).exec(line.text.trim()) ?? [];
    if (whole === undefined || name === undefined) continue;
    parts.push(...describedBy(lines, { index, name, skip: isNumpy ? line.text.length : whole.length }));
  }
  return parts;
}

/** From behind the name to the last line that is indented deeper. */
function describedBy(
  lines: readonly Line[],
  { index, name, skip }: { readonly index: number; readonly name: string; readonly skip: number },
): readonly DocumentedPart[] {
  const line = lines[index];
  if (line === undefined) return [];
  let last = index;
  for (let next = index + 1; next < lines.length; next += 1) {
    const following = lines[next];
    if (following === undefined || (!isBlank(following) && following.indent <= line.indent)) break;
    if (!isBlank(following)) last = next;
  }
  let start = line.start + Math.min(line.text.length, line.indent + skip);
  if (start >= line.start + line.text.trimEnd().length) {
    const next = lines[index + 1];
    if (next === undefined || last === index) return [];
    start = next.start + next.indent;
  }
  const end = (lines[last]?.start ?? 0) + (lines[last]?.text.trimEnd().length ?? 0);
  return end > start ? [{ name, range: { start, end } }] : [];
}
