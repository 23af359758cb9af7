import { isScalar, parseAllDocuments, visit } from "yaml";
import type { TextRange } from "../../domain/text/apply-hunk.ts";
import { decodeLiteral, formOf, hasLiterals, isYaml } from "../../domain/text/string-form.ts";

/** The text around a place as the program reads it: escapes and indentation of its container undone. `undefined` where that cannot be said. */
export function valueAt(path: string, text: string, region: TextRange, place: TextRange): string | undefined {
  if (isYaml(path)) return yamlValue(text, place);
  if (!hasLiterals(path)) return text.slice(region.start, region.end);
  const form = formOf(path, text, place);
  return form?.kind === "literal" ? decodeLiteral(text.slice(form.literal.start, form.literal.end), form) : undefined;
}

/** As `valueAt`, without what the same literal holds before and behind the region. */
export function partAt(path: string, text: string, region: TextRange, place: TextRange): string | undefined {
  const form = hasLiterals(path) ? formOf(path, text, place) : undefined;
  if (form?.kind !== "literal" || region.start < form.literal.start || region.end > form.literal.end)
    return valueAt(path, text, region, place);
  return decodeLiteral(text.slice(region.start, region.end), form);
}

/** The string of a YAML file that a place lies in. */
function yamlValue(text: string, place: TextRange): string | undefined {
  const values: string[] = [];
  try {
    const documents = parseAllDocuments(text);
    if (!Array.isArray(documents)) return undefined;
    for (const document of documents) {
      if (document.errors.length > 0) return undefined;
      visit(document, {
        Scalar(key, node) {
          const [start = 0, end = 0] = node.range ?? [];
          if (key !== "key" && isScalar(node) && typeof node.value === "string" && start <= place.start && place.end <= end)
            values.push(node.value);
        },
      });
    }
  } catch {
    return undefined;
  }
  const [value] = values;
  return values.length === 1 ? value : undefined;
}
