import type { ToolEffect } from "./replay.ts";

const readVerbs: ReadonlySet<string> = new Set([
  "get",
  "list",
  "read",
  "search",
  "find",
  "fetch",
  "query",
  "describe",
  "count",
  "lookup",
  "look",
  "check",
  "view",
  "show",
]);
const pureVerbs: ReadonlySet<string> = new Set(["calculate", "compute", "think", "format", "convert", "validate", "parse"]);

/** The words of a tool's name: `getOrderDetails`, `get_order_details` and `orders.get` alike. */
function wordsOf(tool: string): readonly string[] {
  return tool
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== "");
}

/**
 * What a tool does. The operator's word first; then its name: a reading or pure verb as first or last word. Everything else is a write: a
 * tool that is taken for a write by mistake costs evidence, one taken for a read by mistake costs truth.
 */
export function effectOf(tool: string, effects: Readonly<Record<string, ToolEffect>>): ToolEffect {
  if (Object.hasOwn(effects, tool)) return effects[tool] ?? "write";
  const words = wordsOf(tool);
  for (const word of [words[0] ?? "", words.at(-1) ?? ""]) {
    if (readVerbs.has(word)) return "read";
    if (pureVerbs.has(word)) return "pure";
  }
  return "write";
}
