import type { SyntaxNode } from "@lezer/common";
import { parser } from "@lezer/python";
import { cleandoc, documented, section } from "./docstrings.ts";
import { textOf } from "./python-strings.ts";
import type { DefinedTool, LinesOf } from "./tool-definitions.ts";

/** One file that is read. */
interface Source {
  readonly path: string;
  readonly text: string;
  readonly linesOf: LinesOf;
}

type Part = DefinedTool["parts"][number];
type Reader = (node: SyntaxNode, source: Source) => DefinedTool | undefined;

/** The tools that a Python file defines, as another parser than the search's reads it. */
export function pythonTools(path: string, text: string): readonly DefinedTool[] {
  const source: Source = { path, text, linesOf: ({ end, start }) => [lineAt(text, start), lineAt(text, end)] };
  const found: DefinedTool[] = [];
  parser.parse(text).iterate({
    enter({ name, node }) {
      const tool = readers[name]?.(node, source);
      if (tool !== undefined) found.push(tool);
    },
  });
  return found;
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

function childrenOf(node: SyntaxNode | null | undefined): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

const written = ({ text }: Source, node: SyntaxNode | undefined): string => (node === undefined ? "" : text.slice(node.from, node.to));
const lines = (source: Source, node: SyntaxNode): readonly [number, number] => source.linesOf({ start: node.from, end: node.to });

/** Keys that are strings, with their values. */
function entries(node: SyntaxNode | undefined, source: Source): ReadonlyMap<string, SyntaxNode> {
  const found = new Map<string, SyntaxNode>();
  const bare = unwrapped(node);
  if (bare?.name !== "DictionaryExpression") return found;
  const children = childrenOf(bare);
  for (const [index, child] of children.entries()) {
    const [key, value] = [children[index - 1], children[index + 1]];
    if (child.name !== ":" || key === undefined || value === undefined) continue;
    const name = textOf(key, source.text);
    if (name !== undefined) found.set(name, value);
  }
  return found;
}

function unwrapped(node: SyntaxNode | undefined): SyntaxNode | undefined {
  return node?.name === "ParenthesizedExpression" ? unwrapped(childrenOf(node)[1]) : node;
}

/** `name=value` of a list of arguments. */
function keywords(list: SyntaxNode | undefined, source: Source): ReadonlyMap<string, SyntaxNode> {
  const found = new Map<string, SyntaxNode>();
  const children = childrenOf(list);
  for (const [index, child] of children.entries()) {
    const [name, value] = [children[index - 1], children[index + 1]];
    if (child.name === "AssignOp" && name !== undefined && value !== undefined) found.set(written(source, name), value);
  }
  return found;
}

/** A JSON Schema that is written as a dictionary: its properties, at every depth. */
function described(node: SyntaxNode | undefined, name: string, source: Source): readonly Part[] {
  const fields = entries(node, source);
  const own = fields.get("description");
  const text = own === undefined ? undefined : textOf(own, source.text);
  return [
    ...(name === "" || own === undefined || text === undefined ? [] : [{ part: name, description: text, lines: lines(source, own) }]),
    ...[...entries(fields.get("properties"), source)].flatMap(([key, value]) =>
      described(value, name === "" ? key : `${name}.${key}`, source),
    ),
    ...(fields.has("items") ? described(fields.get("items"), name, source) : []),
  ];
}

const schemaKeys = ["parameters", "input_schema", "inputSchema", "params_json_schema"] as const;

const schemaIn = (fields: ReadonlyMap<string, SyntaxNode>): SyntaxNode | undefined =>
  fields.get(schemaKeys.find((key) => fields.has(key)) ?? "");

/** A tool of what gives its name and its description; `undefined` where either is no plain text. */
function toolOf(
  { description, name }: { readonly name: SyntaxNode | undefined; readonly description: SyntaxNode | undefined },
  source: Source,
): Omit<DefinedTool, "parts"> | undefined {
  if (name === undefined || description === undefined) return undefined;
  const [called, text] = [textOf(name, source.text), textOf(description, source.text)];
  if (called === undefined || called === "" || text === undefined || text === "") return undefined;
  return { path: source.path, name: called, description: text, lines: lines(source, description) };
}

const fromDictionary: Reader = (node, source) => {
  const fields = entries(node, source);
  const schema = schemaIn(fields);
  if (unwrapped(schema)?.name !== "DictionaryExpression") return undefined;
  const tool = toolOf({ name: fields.get("name"), description: fields.get("description") }, source);
  return tool === undefined ? undefined : { ...tool, parts: described(schema, "", source) };
};

const fromClass: Reader = (node, source) => {
  const values = new Map<string, SyntaxNode>();
  for (const statement of childrenOf(node.getChild("Body"))) {
    const children = statement.name === "AssignStatement" ? childrenOf(statement) : [];
    const at = children.findIndex((child) => child.name === "AssignOp");
    const [target, value] = [children[0], children[at + 1]];
    if (at > 0 && at <= 2 && target?.name === "VariableName" && value !== undefined) values.set(written(source, target), value);
  }
  const bases = written(source, node.getChild("ArgList") ?? undefined);
  if (!values.has("inputs") && !bases.includes("Tool")) return undefined;
  const tool = toolOf({ name: values.get("name"), description: values.get("description") }, source);
  const inputs = entries(values.get("inputs"), source);
  return tool === undefined ? undefined : { ...tool, parts: [...inputs].flatMap(([key, value]) => described(value, key, source)) };
};

const fromCall: Reader = (node, source) => {
  const callee = written(source, node.firstChild ?? undefined);
  if (!callee.endsWith("Tool")) return undefined;
  const words = keywords(node.getChild("ArgList") ?? undefined, source);
  const tool = toolOf({ name: words.get("name"), description: words.get("description") }, source);
  return tool === undefined ? undefined : { ...tool, parts: described(schemaIn(words), "", source) };
};

/** Whether a decorator makes a function a tool under its own name. */
function makesTool(decorator: SyntaxNode, source: Source): "tool" | "renamed" | "other" {
  const list = decorator.getChild("ArgList");
  const name = written(source, decorator).slice(1).split("(")[0]?.trim() ?? "";
  const isTool = /(?:^|[._])tool$/.test(name);
  if (list === null) return isTool ? "tool" : "other";
  const words = keywords(list, source);
  const first = childrenOf(list)[1];
  const isNamed =
    ["name", "name_override", "description"].some((key) => words.has(key)) ||
    (first !== undefined && textOf(first, source.text) !== undefined);
  return isNamed ? "renamed" : isTool ? "tool" : "other";
}

const fromFunction: Reader = (node, source) => {
  const decorators = childrenOf(node.parent).filter((child) => child.name === "Decorator");
  const kinds = node.parent?.name === "DecoratedStatement" ? decorators.map((one) => makesTool(one, source)) : [];
  if (!kinds.includes("tool") || kinds.includes("renamed")) return undefined;
  const statement = childrenOf(node.getChild("Body")).find((child) => child.name !== ":");
  const string = statement?.name === "ExpressionStatement" ? (statement.firstChild ?? undefined) : undefined;
  const raw = string === undefined ? undefined : textOf(string, source.text);
  if (string === undefined || raw === undefined) return undefined;
  const [first, last] = lines(source, string);
  const rawLines = raw.split("\n");
  if (rawLines.length !== last - first + 1) return undefined;
  const at = rawLines.findIndex((line) => section.test(line));
  const end = at < 0 ? rawLines.length : at;
  const head = cleandoc(rawLines.slice(0, end).join("\n")).trim();
  if (head === "") return undefined;
  const parameters = new Set(
    childrenOf(node.getChild("ParamList")).flatMap((child) => (child.name === "VariableName" ? [written(source, child)] : [])),
  );
  return {
    path: source.path,
    name: written(source, node.getChild("VariableName") ?? undefined),
    description: head,
    whole: cleandoc(raw),
    lines: [first, first + end - 1],
    wholeLines: [first, last],
    parts: documented(rawLines, first, parameters),
  };
};

const readers: Readonly<Record<string, Reader>> = {
  DictionaryExpression: fromDictionary,
  ClassDefinition: fromClass,
  FunctionDefinition: fromFunction,
  CallExpression: fromCall,
};
