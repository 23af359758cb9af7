import { parseAst } from "vitest/node";
import type { DefinedTool, LinesOf } from "./tool-definitions.ts";

/** A node of ESTree, as rolldown's parser gives it. */
type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node => value !== null && typeof value === "object" && "type" in value && "start" in value;
const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter((one) => isNode(one)) : []);

interface Text {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The tools that a TypeScript or JavaScript file defines, as another parser than the search's reads it. */
export function scriptTools(path: string, text: string): readonly DefinedTool[] {
  const language = path.endsWith("x") ? "tsx" : "ts";
  let program: unknown;
  try {
    program = parseAst(text, { lang: language });
  } catch {
    return [];
  }
  const linesOf: LinesOf = ({ end, start }) => [text.slice(0, start).split("\n").length, text.slice(0, end).split("\n").length];
  const constants = new Map<string, Node>();
  const found: DefinedTool[] = [];
  const visit = (node: Node, named: string | undefined): void => {
    if (node.type === "VariableDeclarator" && isNode(node["id"]) && isNode(node["init"]))
      constants.set(String(node["id"]["name"]), node["init"]);
    const tool = toolAt(node, named, { constants, linesOf, path });
    if (tool !== undefined) found.push(tool);
    for (const [key, value] of Object.entries(node)) {
      const own =
        node.type === "Property" && key === "value"
          ? keyOf(node)
          : node.type === "VariableDeclarator" && isNode(node["id"])
            ? String(node["id"]["name"])
            : undefined;
      const inner = key === "value" || key === "init" ? own : undefined;
      if (isNode(value)) visit(value, inner);
      else for (const one of nodesOf(value)) visit(one, undefined);
    }
  };
  if (isNode(program)) {
    for (const one of nodesOf(program["body"])) collect(one, constants);
    visit(program, undefined);
  }
  return found;
}

/** Constants of the file's outermost level: tools name schemas that stand below them. */
function collect(statement: Node, constants: Map<string, Node>): void {
  const declaration = isNode(statement["declaration"]) ? statement["declaration"] : statement;
  for (const one of nodesOf(declaration["declarations"]))
    if (isNode(one["id"]) && isNode(one["init"])) constants.set(String(one["id"]["name"]), one["init"]);
}

function keyOf(property: Node): string | undefined {
  const { key } = property;
  if (!isNode(key) || property["computed"] === true) return undefined;
  return key.type === "Identifier" ? String(key["name"]) : typeof key["value"] === "string" ? key["value"] : undefined;
}

function fieldsOf(node: unknown): ReadonlyMap<string, Node> {
  const fields = new Map<string, Node>();
  if (!isNode(node) || node.type !== "ObjectExpression") return fields;
  for (const property of nodesOf(node["properties"])) {
    const key = property.type === "Property" ? keyOf(property) : undefined;
    if (key !== undefined && isNode(property["value"])) fields.set(key, property["value"]);
  }
  return fields;
}

/** A string that is written out: a literal, a template without expressions, or such ones added. */
function textOf(node: unknown): Text | undefined {
  if (!isNode(node)) return undefined;
  const { end, start } = node;
  if (node.type === "Literal" && typeof node["value"] === "string") return { text: node["value"], start, end };
  if (node.type === "TemplateLiteral" && nodesOf(node["expressions"]).length === 0) {
    const [quasi] = nodesOf(node["quasis"]);
    const value = quasi?.["value"];
    const cooked = value !== null && typeof value === "object" && "cooked" in value ? value.cooked : undefined;
    return typeof cooked === "string" ? { text: cooked, start, end } : undefined;
  }
  if (node.type !== "BinaryExpression" || node["operator"] !== "+") return undefined;
  const [left, right] = [textOf(node["left"]), textOf(node["right"])];
  return left === undefined || right === undefined ? undefined : { text: left.text + right.text, start, end };
}

interface Scope {
  readonly constants: ReadonlyMap<string, Node>;
  readonly linesOf: LinesOf;
  readonly path: string;
}

function toolAt(node: Node, named: string | undefined, scope: Scope): DefinedTool | undefined {
  if (node.type === "ObjectExpression") {
    const fields = fieldsOf(node);
    const isTool = ["inputSchema", "input_schema", "parameters"].some((key) => fields.has(key));
    return isTool ? toolFrom(textOf(fields.get("name"))?.text, textOf(fields.get("description")), fields, scope) : undefined;
  }
  if (node.type !== "CallExpression") return undefined;
  const { callee } = node;
  const values = nodesOf(node["arguments"]);
  const name = isNode(callee) ? (isNode(callee["property"]) ? callee["property"]["name"] : callee["name"]) : undefined;
  if (name === "registerTool") {
    const fields = fieldsOf(values[1]);
    return toolFrom(textOf(values[0])?.text, textOf(fields.get("description")), fields, scope);
  }
  if (name !== "tool") return undefined;
  const [first, second, third] = values;
  if (textOf(first) !== undefined)
    return toolFrom(textOf(first)?.text, textOf(second), new Map(third === undefined ? [] : [["inputSchema", third]]), scope);
  const fields = fieldsOf(first);
  return fields.has("name") ? undefined : toolFrom(named, textOf(fields.get("description")), fields, scope);
}

function toolFrom(
  name: string | undefined,
  description: Text | undefined,
  fields: ReadonlyMap<string, Node>,
  scope: Scope,
): DefinedTool | undefined {
  if (name === undefined || description === undefined || description.text.trim() === "") return undefined;
  const schema = fields.get("inputSchema") ?? fields.get("input_schema") ?? fields.get("parameters");
  const parts: DefinedTool["parts"][number][] = [];
  describe(schema, "", { parts, scope, depth: 0 });
  return { path: scope.path, name, description: description.text, lines: scope.linesOf(description), parts };
}

interface Walk {
  readonly parts: DefinedTool["parts"][number][];
  readonly scope: Scope;
  readonly depth: number;
}

/** Parameters of a zod schema or of a JSON Schema that is written out, at every depth. */
function describe(node: Node | undefined, name: string, { depth, parts, scope }: Walk): void {
  if (node === undefined || depth > 8) return;
  const next = { parts, scope, depth: depth + 1 };
  if (node.type === "Identifier") return describe(scope.constants.get(String(node["name"])), name, next);
  if (node.type === "MemberExpression") return describe(isNode(node["object"]) ? node["object"] : undefined, name, next);
  if (node.type === "ObjectExpression") return describeObject(node, name, next);
  if (node.type !== "CallExpression") return;
  const { callee } = node;
  const [first] = nodesOf(node["arguments"]);
  const method = isNode(callee) && isNode(callee["property"]) ? callee["property"]["name"] : undefined;
  const text = method === "describe" ? textOf(first) : undefined;
  if (text !== undefined && name !== "" && !parts.some((one) => one.part === name))
    parts.push({ part: name, description: text.text, lines: scope.linesOf(text) });
  if (method === "object" || method === "array" || method === "optional" || method === "jsonSchema" || method === undefined)
    describe(first, name, next);
  if (isNode(callee) && isNode(callee["object"]) && callee["object"].type === "CallExpression") describe(callee["object"], name, next);
}

function describeObject(node: Node, name: string, next: Walk): void {
  const fields = fieldsOf(node);
  const properties = fields.get("properties");
  const description = textOf(fields.get("description"));
  const isSchema = fields.has("type") && textOf(fields.get("type")) !== undefined;
  if (isSchema && description !== undefined && name !== "")
    next.parts.push({ part: name, description: description.text, lines: next.scope.linesOf(description) });
  if (isSchema) describe(fields.get("items"), name, next);
  const inner = isSchema ? fieldsOf(properties) : fields;
  for (const [key, value] of inner) describe(value, name === "" ? key : `${name}.${key}`, next);
}
