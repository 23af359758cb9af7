import type { Json } from "../../../domain/ids.ts";
import type { ToolDefinition } from "../../../domain/message.ts";
import { fieldsOf, firstOf, listOf, opened, textIn } from "./values.ts";

const mostTools = 1000;
const schemas = [
  "parameters",
  "input_schema",
  "inputSchema",
  "parameters_json_schema",
  "parametersJsonSchema",
  "json_schema",
  "inputs",
] as const;

/** Gemini writes types in capitals (`OBJECT`), at every depth below `type`. */
function lowerTypes(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => lowerTypes(item));
  const fields = fieldsOf(value);
  if (fields === undefined) return value;
  return Object.fromEntries(
    Object.entries(fields).map(([key, item]) => [
      key,
      key === "type" && typeof item === "string" && /^[A-Z]+$/.test(item) ? item.toLowerCase() : lowerTypes(item),
    ]),
  );
}

function schemaFrom(value: Json | undefined): Json {
  const given = fieldsOf(opened(value));
  if (given === undefined) return { type: "object", properties: {} };
  // Bedrock keeps the schema below `json`, the AI SDK sometimes below `jsonSchema`.
  const inner = fieldsOf(firstOf(given, "json", "jsonSchema")) ?? given;
  return lowerTypes(inner);
}

function definitionFrom(item: Json): readonly ToolDefinition[] {
  const given = fieldsOf(opened(item));
  if (given === undefined) return [];
  const declared = listOf(firstOf(given, "function_declarations", "functionDeclarations"));
  if (declared.length > 0) return declared.flatMap((one) => definitionFrom(one));
  const inner = fieldsOf(firstOf(given, "function", "toolSpec", "tool_spec")) ?? given;
  const name = textIn(inner, "name") ?? textIn(given, "name");
  if (name === undefined) return [];
  const readOnly = fieldsOf(firstOf(given, "annotations") ?? firstOf(inner, "annotations"))?.["readOnlyHint"];
  return [
    {
      name,
      description: textIn(inner, "description") ?? textIn(given, "description") ?? "",
      parameters: schemaFrom(firstOf(inner, ...schemas) ?? firstOf(given, ...schemas)),
      ...(typeof readOnly === "boolean" ? { readOnly } : {}),
    },
  ];
}

/** Tool definitions as GenAI, OpenAI (nested or flat), Anthropic, Gemini, Bedrock, the AI SDK and Pydantic AI write them. Plain names define nothing. */
export function toolsFrom(value: Json | undefined): readonly ToolDefinition[] {
  const given = opened(value);
  const fields = fieldsOf(given);
  // Bedrock and Pydantic AI wrap the list; Mastra's and others' objects map names to definitions.
  const wrapped =
    fields === undefined ? undefined : firstOf(fields, "tools", "function_tools", "functionDeclarations", "function_declarations");
  const list =
    fields === undefined ? listOf(given) : wrapped === undefined ? [] : [...listOf(wrapped), ...listOf(firstOf(fields, "output_tools"))];
  return list.slice(0, mostTools).flatMap((item) => definitionFrom(item));
}
