import { placeholdersOf } from "../../domain/config-change.ts";
import type { Refusal } from "../../domain/edit.ts";

const moreVariables: readonly RegExp[] = [
  /\{%[-+]?[\s\S]{0,400}?%\}/g,
  /\{\{\{?[^{}]{0,200}\}?\}\}/g,
  /\{#|#\}|\{%|%\}|\{\{|\}\}|\$\{|<%|%>|\[\[|\]\]/g,
  /\{[\p{L}_][^{}\n"':]{0,80}(?:[!:][^{}\n"']{0,20})?\}/gu,
  /%\([\w.]{1,60}\)[a-z]|%[sdifr](?![\p{L}\p{N}])/gu,
  /\$[A-Za-z_]\w{0,60}/g,
];

const braces = /[{}]/g;
const openTag = /<([A-Za-z][\w.-]{0,60})>/g;
const closeTag = /<\/([A-Za-z][\w.-]{0,60})>/g;

const sorted = (found: readonly string[]): string => found.toSorted().join("\u0000");

function variablesOf(text: string): string {
  return sorted([...placeholdersOf(text), ...moreVariables.flatMap((pattern) => text.match(pattern) ?? [])]);
}

/** Names in angle brackets: variables where nothing closes them, structure where something does. */
function anglesOf(text: string): { readonly variables: string; readonly open: string; readonly closed: string } {
  const opened = [...text.matchAll(openTag)].map((match) => match[1] ?? "");
  const closed = [...text.matchAll(closeTag)].map((match) => match[1] ?? "");
  return {
    variables: sorted(opened.filter((name) => !closed.includes(name))),
    open: sorted(opened.filter((name) => closed.includes(name))),
    closed: sorted(closed),
  };
}

/**
 * Template variables of a region must all be kept and none added: a rendering fills exactly these. `before` and `after` are the whole region,
 * so that a hunk that cuts through a variable is seen.
 */
export function variableRefusals(path: string, before: string, after: string): readonly Refusal[] {
  const refuse = (message: string): readonly Refusal[] => [
    { rule: "template-variable", path, message, remedy: "Keep every variable and bracket exactly as it is." },
  ];
  if (variablesOf(before) !== variablesOf(after)) return refuse("it adds or drops a template variable");
  const isTemplate = placeholdersOf(before).length > 0 || /\{%|\{\{/.test(before);
  const count = (text: string): number => text.match(braces)?.length ?? 0;
  if (isTemplate && count(before) !== count(after)) return refuse("it adds or drops a brace in a template");
  const [old, now] = [anglesOf(before), anglesOf(after)];
  if (old.variables !== now.variables) return refuse("it adds or drops a name in angle brackets that nothing closes");
  return old.open === old.closed && now.open !== now.closed ? refuse("it opens or closes a tag without its other half") : [];
}
