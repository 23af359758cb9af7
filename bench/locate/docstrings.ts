import type { DefinedTool } from "./tool-definitions.ts";

/** The heading of a section, with or without its colon. */
export const section = /^\s*(?:args|arguments|parameters|params|returns?|raises|yields|examples?|notes?|attributes|references)\s*:?\s*$/i;
const entry = /^(\s+)(\w+)\s*(\([^)]*\))?\s*:\s*(\S.*)$/;

/** As Python's `inspect.cleandoc`: the indentation that all lines but the first share is taken away, and empty lines at both ends. */
export function cleandoc(text: string): string {
  const [first = "", ...others] = text.replaceAll("\t", "        ").split("\n");
  const margins = others.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const margin = margins.length === 0 ? 0 : Math.min(...margins);
  const lines = [first.trimStart(), ...others.map((line) => line.slice(margin))];
  while (lines.at(-1)?.trim() === "") lines.pop();
  while (lines[0]?.trim() === "") lines.shift();
  return lines.join("\n");
}

interface Entry {
  readonly part: string;
  description: string;
  last: number;
  readonly first: number;
  readonly indent: number;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The parameters that a documentation string describes below `Args:`, with the lines of the file. */
export function documented(lines: readonly string[], first: number, parameters: ReadonlySet<string>): DefinedTool["parts"] {
  const found: Entry[] = [];
  let inside: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (section.test(line)) {
      inside = /^\s*(?:args|arguments|parameters|params)\s*:/i.test(line) ? indentOf(line) : undefined;
      continue;
    }
    const [, indent = "", name = "", , description = ""] = entry.exec(line) ?? [];
    const last = found.at(-1);
    if (inside !== undefined && parameters.has(name) && indent.length > inside)
      found.push({ part: name, description: description.trim(), first: first + index, last: first + index, indent: indent.length });
    else if (inside !== undefined && line.trim() !== "" && last !== undefined && indentOf(line) > last.indent) {
      last.description += ` ${line.trim()}`;
      last.last = first + index;
    } else if (line.trim() !== "" && inside !== undefined && indentOf(line) <= inside) inside = undefined;
  }
  return found.map(({ description, first: from, last, part }) => ({ part, description, lines: [from, last] }));
}
