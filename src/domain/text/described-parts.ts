import type { Json } from "../ids.ts";

/** A description inside a tool's input schema. */
export interface DescribedPart {
  /** The parameter's name, dotted where it lies in another one: `flights.date`. Items of a list add nothing to it. */
  readonly part: string;
  readonly description: string;
  /** Keys that lead to the object that holds the description, from the schema's root. */
  readonly at: readonly string[];
}

type Fields = { readonly [key: string]: Json };

/** References may lead back to where they stand. */
const deepest = 16;
const mostParts = 500;
/** Each of several references at every depth doubles the work. */
const mostVisits = 5000;
const choices = ["anyOf", "oneOf", "allOf"] as const;

const fieldsOf = (value: Json | undefined): Fields | undefined =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : undefined;
const own = (fields: Fields, key: string): Json | undefined => (Object.hasOwn(fields, key) ? fields[key] : undefined);

/**
 * The described parameters of a JSON Schema, in its order, at most 500: through lists, choices, and references into the schema itself. A schema
 * that is only names with their descriptions is read as properties. A part that two branches of a choice describe is listed twice.
 */
export function describedParts(parameters: Json): readonly DescribedPart[] {
  const root = fieldsOf(parameters);
  if (root === undefined) return [];
  const found: DescribedPart[] = [];
  const walk = (schema: Fields, at: readonly string[], name: readonly string[]): void => {
    if (found.length >= mostParts) return;
    const description = own(schema, "description");
    if (name.length > 0 && typeof description === "string") found.push({ part: name.join("."), description, at });
    const reference = referred(root, own(schema, "$ref"));
    visit(reference?.schema, reference?.at ?? [], name);
    for (const [key, child] of Object.entries(fieldsOf(own(schema, "properties")) ?? {}))
      visit(child, [...at, "properties", key], [...name, key]);
    visit(own(schema, "items"), [...at, "items"], name);
    for (const key of choices) {
      const branches = own(schema, key);
      if (Array.isArray(branches))
        for (const [index, branch] of branches.entries()) visit(branch as Json, [...at, key, String(index)], name);
    }
  };
  let depth = 0;
  let visits = 0;
  const visit = (value: Json | undefined, at: readonly string[], name: readonly string[]): void => {
    const schema = fieldsOf(value);
    if (schema === undefined || depth > deepest || visits >= mostVisits) return;
    visits += 1;
    depth += 1;
    walk(schema, at, name);
    depth -= 1;
  };
  if (isBare(root)) for (const [key, child] of Object.entries(root)) visit(child, [key], [key]);
  else visit(root, [], []);
  return found;
}

/** Names with their schemas and nothing around them. */
const isBare = (root: Fields): boolean =>
  !Object.hasOwn(root, "properties") &&
  !Object.hasOwn(root, "$ref") &&
  Object.values(root).some((value) => typeof own(fieldsOf(value) ?? {}, "description") === "string");

function referred(root: Fields, reference: Json | undefined): { readonly schema: Fields; readonly at: readonly string[] } | undefined {
  const match = typeof reference === "string" ? /^#\/(\$defs|definitions)\/([^/~]{1,200})$/.exec(reference) : null;
  const [, group = "", name = ""] = match ?? [];
  const schema = match === null ? undefined : fieldsOf(own(fieldsOf(own(root, group)) ?? {}, name));
  return schema === undefined ? undefined : { schema, at: [group, name] };
}

/** The schema with another description at one place; everything else as it is. */
export function withDescription(parameters: Json, at: readonly string[], description: string): Json {
  const [key, ...rest] = at;
  if (Array.isArray(parameters))
    return (parameters as readonly Json[]).map((item, index) => (String(index) === key ? withDescription(item, rest, description) : item));
  const fields = fieldsOf(parameters);
  if (fields === undefined) return parameters;
  if (key === undefined) return { ...fields, description };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, name === key ? withDescription(value, rest, description) : value]),
  );
}
