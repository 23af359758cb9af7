import type { Json } from "./ids.ts";
import type { ToolDefinition } from "./message.ts";
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
  "head",
]);
const pureVerbs: ReadonlySet<string> = new Set(["calculate", "compute", "think", "format", "convert", "validate", "parse"]);
/** A name that holds one of these writes, however it begins: `get_or_create_user`, `find_and_delete`. */
const writeVerbs: ReadonlySet<string> = new Set([
  "create",
  "update",
  "delete",
  "remove",
  "insert",
  "upsert",
  "write",
  "modify",
  "cancel",
  "send",
  "submit",
  "transfer",
  "purchase",
  "approve",
  "execute",
]);
const readMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const methods: ReadonlySet<string> = new Set([...readMethods, "POST", "PUT", "PATCH", "DELETE"]);
/** Statements of a database language that only read. */
const readStatement = /^\s*(?:select|show|describe|explain|values)\b/i;
const statementFields: readonly string[] = ["sql", "statement", "query"];
const statement =
  /^\s*(?:select|show|describe|explain|values|with|insert|update|delete|merge|replace|create|alter|drop|truncate|grant|call)\b/i;
/** What can write although the statement begins as a reading one. */
const writingWord = /\b(?:insert|update|delete|merge|into|create|alter|drop|truncate|grant)\b|;\s*\S/i;

/** The words of a tool's name: `getOrderDetails`, `get_order_details` and `orders.get` alike. */
function wordsOf(tool: string): readonly string[] {
  return tool
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== "");
}

/** What is known of a call beside the tool's name. */
export interface CallFacts {
  readonly definition?: ToolDefinition | undefined;
  readonly input?: Json;
}

/**
 * What a call does. The operator's word first; then what the call itself says (an HTTP method, a database statement); then the tool's own
 * hint (MCP's `readOnlyHint`); then its name: a reading or pure verb as first or last word and no writing verb among the others. Everything
 * else is a write: a tool that is taken for a write by mistake costs evidence, one taken for a read by mistake costs truth.
 */
export function effectOf(tool: string, effects: Readonly<Record<string, ToolEffect>>, facts: CallFacts = {}): ToolEffect {
  if (Object.hasOwn(effects, tool)) return effects[tool] ?? "write";
  const said = saidByInput(facts.input);
  if (said === "write") return "write";
  const hint = facts.definition?.readOnly;
  if (hint !== undefined) return hint ? "read" : "write";
  return said ?? saidByName(tool);
}

function saidByName(tool: string): ToolEffect {
  const words = wordsOf(tool);
  if (words.some((word) => writeVerbs.has(word))) return "write";
  for (const word of [words[0] ?? "", words.at(-1) ?? ""]) {
    if (readVerbs.has(word)) return "read";
    if (pureVerbs.has(word)) return "pure";
  }
  return "write";
}

/** `fetch` with `method: POST` and `query` with a DELETE are writes whatever they are called. */
function saidByInput(input: Json | undefined): "read" | "write" | undefined {
  if (input === null || typeof input !== "object" || Array.isArray(input)) return undefined;
  const fields = input as { readonly [key: string]: Json };
  const field = (name: string): string | undefined => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  const method = (field("method") ?? field("http_method"))?.trim().toUpperCase();
  if (method !== undefined && methods.has(method)) return readMethods.has(method) ? "read" : "write";
  const text = statementFields.map((name) => field(name)).find((value) => value !== undefined && statement.test(value));
  if (text === undefined) return undefined;
  return readStatement.test(text) && !writingWord.test(text) ? "read" : "write";
}
