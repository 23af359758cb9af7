import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Body, objectIn } from "./http.ts";

/** What GitHub's own OpenAPI description says of one request. */
export interface Operation {
  readonly method: string;
  /** `/repos/{owner}/{repo}/pulls`. */
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  /** JSON schema of the body, without references; absent where the request has none. */
  readonly body?: unknown;
}

const engines = fileURLToPath(new URL("../engines/", import.meta.url));
const source = join(engines, "node_modules/@octokit/openapi/generated/api.github.com.json");
const derivedFile = join(engines, "node_modules/.github-requests-2.json");

/** Whether the description is installed; `npm test` does that, `npm run check` does not. */
export const isDescriptionInstalled = (): boolean => existsSync(source);

/** Text that says nothing to a validator and makes the file ten times larger. */
const talk = new Set(["description", "example", "examples", "externalDocs", "x-github", "summary", "deprecated", "title"]);

/** A schema with its references put in, `nullable` said in JSON Schema's own words, and what is only talk left out. */
function plain(value: unknown, whole: Body, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(one, whole, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const given = objectIn(value);
  const reference = given["$ref"];
  if (typeof reference === "string") return depth > 40 ? {} : plain(at(whole, reference), whole, depth + 1);
  const entries = Object.entries(given).filter(([name]) => !talk.has(name));
  const made: Body = Object.fromEntries(
    entries.map(([name, inner]) => [name, name === "properties" ? plainMembers(inner, whole, depth) : plain(inner, whole, depth + 1)]),
  );
  if (made["nullable"] !== true) return made;
  const { nullable: _nullable, ...rest } = made;
  return { anyOf: [rest, { type: "null" }] };
}

/** The members of a schema by name: one that is called `title` is no talk. */
const plainMembers = (members: unknown, whole: Body, depth: number): Body =>
  Object.fromEntries(Object.entries(objectIn(members)).map(([name, inner]) => [name, plain(inner, whole, depth + 1)]));

function at(whole: Body, reference: string): unknown {
  let found: unknown = whole;
  for (const part of reference.replace(/^#\//, "").split("/")) found = objectIn(found)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return found;
}

function bodyOf(operation: Body, whole: Body): Body {
  const body = objectIn(operation["requestBody"]);
  return typeof body["$ref"] === "string" ? objectIn(at(whole, body["$ref"])) : body;
}

function operationsOf(whole: Body): readonly Operation[] {
  return Object.entries(objectIn(whole["paths"])).flatMap(([path, item]) =>
    Object.entries(objectIn(item)).flatMap(([method, given]): readonly Operation[] => {
      if (!["get", "post", "put", "patch", "delete"].includes(method)) return [];
      // Only what the stand-in can be asked at all.
      if (
        !/^\/(?:repos\/\{owner\}\/\{repo\}(?:\/|$)|app(?:\/|$)|app-manifests|installation|user$|users\/\{username\}$|meta$|rate_limit$|$)/.test(
          path,
        )
      )
        return [];
      const operation = objectIn(given);
      const parameters = (Array.isArray(operation["parameters"]) ? operation["parameters"] : []).map((one: unknown) =>
        objectIn(plain(one, whole)),
      );
      const query = Object.fromEntries(
        parameters.filter((one) => one["in"] === "query").map((one) => [String(one["name"]), one["schema"]]),
      );
      const content = objectIn(objectIn(bodyOf(operation, whole)["content"])["application/json"]);
      return [{ method: method.toUpperCase(), path, query, ...("schema" in content ? { body: plain(content["schema"], whole) } : {}) }];
    }),
  );
}

/** The operations of the installed description; derived once and kept beside it. Throws where it is not installed. */
export function readOperations(): readonly Operation[] {
  if (existsSync(derivedFile)) return JSON.parse(readFileSync(derivedFile, "utf8")) as readonly Operation[];
  const operations = operationsOf(JSON.parse(readFileSync(source, "utf8")) as Body);
  const temporary = `${derivedFile}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(operations));
  renameSync(temporary, derivedFile);
  return operations;
}

export interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}
interface AjvClass {
  new (options: object): { compile(schema: unknown): Validate };
}

/** The JSON Schema validator of the engines folder. */
export function makeValidator(): (schema: unknown) => Validate {
  const { Ajv } = createRequire(join(engines, "package.json"))("ajv") as { readonly Ajv: AjvClass };
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: false });
  return (schema) => ajv.compile(schema);
}
