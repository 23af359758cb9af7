import type { SgNode } from "@ast-grep/napi";
import type { Language } from "./languages.ts";

const mostAncestors = 40;
const longestName = 120;

const unquoted = (text: string): string => text.replace(/^["'`]|["'`]$/g, "").slice(0, longestName);

/** `node.tool` → `tool`: the last part of a dotted name. */
const lastPart = (text: string): string => unquoted(text.slice(text.lastIndexOf(".") + 1));

/** The names that nodes of one file belong to, innermost first. Remembers what it has climbed: thousands of strings share their ancestors. */
export function nameReader(language: Language): (node: SgNode) => readonly string[] {
  const climbed = new Map<number, readonly string[]>();
  const besides = new Map<number, NameBeside | undefined>();
  const beside = (body: SgNode, child: SgNode): readonly string[] => {
    const id = body.id();
    if (!besides.has(id)) besides.set(id, nameIn(body));
    const found = besides.get(id);
    return found === undefined || found.node === child.id() ? [] : [found.name];
  };
  const own = (parent: SgNode, child: SgNode): readonly string[] => {
    const kind = String(parent.kind());
    const field = language.named[kind];
    if (field !== undefined) {
      const name = namedBy(parent, field);
      return name === null || name.id() === child.id() ? [] : [lastPart(name.text())];
    }
    if (language.calls.has(kind)) return callNames(parent);
    return language.bodies.has(kind) && isBody(parent, kind) ? beside(parent, child) : [];
  };
  const above = (node: SgNode, depth: number): readonly string[] => {
    const id = node.id();
    const known = climbed.get(id);
    if (known !== undefined) return known;
    const parent = depth < mostAncestors ? node.parent() : null;
    const names = parent === null ? [] : [...own(parent, node), ...above(parent, depth + 1)].filter((name) => name !== "");
    climbed.set(id, names);
    return names;
  };
  return (node) => above(node, 0);
}

/** The node that names another one: its first child, the first child of one of some kinds (`~one,other`), or a field. */
function namedBy(node: SgNode, field: string): SgNode | null {
  if (field === "") return node.child(0);
  if (!field.startsWith("~")) return node.field(field);
  const kinds = field.slice(1).split(",");
  return node.children().find((child) => kinds.includes(String(child.kind()))) ?? null;
}

/** A block holds declarations only where it is the body of a class. */
const isBody = (node: SgNode, kind: string): boolean => kind !== "block" || String(node.parent()?.kind()) === "class_definition";

/** What is called, and its first argument where that is a plain string: `mcp.NewTool("search", …)`, `server.tool("search", …)`. */
function callNames(call: SgNode): readonly string[] {
  const [field] = calleeFields.filter((name) => call.field(name) !== null);
  const callee = field === undefined ? call.child(0) : call.field(field);
  const list = call.field("arguments");
  // Ruby's calls may have no parentheses.
  const first = list?.text().startsWith("(") === false ? list.child(0) : list?.child(1);
  const text = first?.text() ?? "";
  const isName = /^(?:["'`][\w.:/-]{1,100}["'`]|:\w{1,100})$/.test(text);
  return [...(isName ? [unquoted(text).replace(/^:/, "")] : []), callee === null ? "" : lastPart(callee.text().slice(-longestName))];
}

const calleeFields = ["function", "constructor", "macro", "method", "name", "type"] as const;
const nameKey = /^["'`]?(?:name|tool_name|toolName|Name)["'`]?$/;
const mostSiblings = 200;

interface NameBeside {
  readonly name: string;
  /** Id of the entry that says it. */
  readonly node: number;
}

/** The `name` that stands beside a description in one object, argument list or class. */
function nameIn(body: SgNode): NameBeside | undefined {
  for (const sibling of body.children().slice(0, mostSiblings)) {
    const [key, value] = keyAndValue(sibling);
    if (key !== undefined && value !== undefined && nameKey.test(key) && /^[frbu]?["'`][^"'`\n]{1,120}["'`]$/.test(value))
      return { name: unquoted(value.replace(/^[frbu](?=["'`])/, "")), node: sibling.id() };
  }
  return undefined;
}

function keyAndValue(node: SgNode): readonly (string | undefined)[] {
  const inner = String(node.kind()) === "expression_statement" ? node.child(0) : node;
  if (inner === null) return [];
  const key = inner.field("key") ?? inner.field("name") ?? inner.field("left") ?? inner.field("property");
  const value = inner.field("value") ?? inner.field("right");
  if (key !== null && value !== null) return [key.text(), value.text()];
  if (String(inner.kind()) !== "keyed_element") return [];
  return [inner.child(0)?.text(), inner.child(2)?.text()];
}

/** Python's documentation strings: the first statement of a body. */
export function isDocumentation(node: SgNode): boolean {
  const statement = node.parent();
  if (statement === null || String(statement.kind()) !== "expression_statement") return false;
  const body = statement.parent();
  const kind = String(body?.kind() ?? "");
  if (kind !== "block" && kind !== "module") return false;
  return (
    body
      ?.children()
      .find((child) => String(child.kind()) !== "comment")
      ?.id() === statement.id()
  );
}
