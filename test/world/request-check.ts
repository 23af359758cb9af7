import type { Exchange } from "./github.ts";
import { objectIn } from "./http.ts";
import { isDescriptionInstalled, makeValidator, type Operation, readOperations, type Validate } from "./request-description.ts";

interface Known extends Operation {
  readonly pattern: RegExp;
  /** Parts of the path that are no variables: the most literal path wins. */
  readonly literal: number;
}

/** Names of all members that a body's schema knows; `undefined` when any may come. */
function membersOf(schema: unknown): ReadonlySet<string> | undefined {
  const given = objectIn(schema);
  const alternatives = ["anyOf", "oneOf", "allOf"].flatMap((name) => (Array.isArray(given[name]) ? (given[name] as unknown[]) : []));
  const own = Object.keys(objectIn(given["properties"]));
  const others = alternatives.map((one) => membersOf(one));
  if (own.length === 0 && (alternatives.length === 0 || others.every((one) => one === undefined))) return undefined;
  return new Set([...own, ...others.flatMap((one) => [...(one ?? [])])]);
}

/** Holds requests against GitHub's own description of its API. */
export class RequestCheck {
  readonly #operations: readonly Known[];
  readonly #compile: (schema: unknown) => Validate;
  readonly #compiled = new Map<string, Validate>();

  constructor() {
    this.#compile = makeValidator();
    this.#operations = readOperations().map((operation) => ({
      ...operation,
      pattern: new RegExp(`^${operation.path.replaceAll(".", "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`),
      literal: operation.path.split("/").filter((part) => !part.startsWith("{")).length,
    }));
  }

  /** What is wrong with a request; `[]` when GitHub's description allows it. */
  problems(request: Pick<Exchange, "method" | "path" | "query" | "body">): readonly string[] {
    if (request.path === "/graphql") return [];
    const line = `${request.method} ${request.path}`;
    const fitting = this.#operations.filter((one) => one.method === request.method && one.pattern.test(request.path));
    const operation = fitting.toSorted((left, right) => right.literal - left.literal)[0];
    if (operation === undefined) return [`${line}: GitHub has no such operation`];
    return [...this.#queryProblems(operation, request), ...this.#bodyProblems(operation, request)].map((problem) => `${line}: ${problem}`);
  }

  #queryProblems(operation: Operation, { query }: Pick<Exchange, "query">): readonly string[] {
    return Object.entries(query).flatMap(([name, value]) => {
      const schema = operation.query[name];
      if (schema === undefined) return [`the query has no "${name}"`];
      const { type } = objectIn(schema);
      const asGiven = type === "integer" || type === "number" ? Number(value) : type === "boolean" ? value === "true" : value;
      return this.#validate(`${operation.method} ${operation.path}?${name}`, schema, asGiven).map(
        (problem) => `query "${name}" ${problem}`,
      );
    });
  }

  #bodyProblems(operation: Operation, { body }: Pick<Exchange, "body">): readonly string[] {
    if (operation.body === undefined) return body === undefined || Object.keys(objectIn(body)).length === 0 ? [] : ["it takes no body"];
    if (body === undefined) return [];
    const members = membersOf(operation.body);
    const unknown = members === undefined ? [] : Object.keys(objectIn(body)).filter((name) => !members.has(name));
    return [
      ...unknown.map((name) => `the body has no "${name}"`),
      ...this.#validate(`${operation.method} ${operation.path}`, operation.body, body),
    ];
  }

  #validate(key: string, schema: unknown, value: unknown): readonly string[] {
    const validate = this.#compiled.get(key) ?? this.#compile(schema);
    this.#compiled.set(key, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`.trim());
  }
}

let shared: RequestCheck | undefined;

/** The check that all worlds of a process share; `undefined` where the description is not installed. */
export function requestCheck(): RequestCheck | undefined {
  if (shared === undefined && isDescriptionInstalled()) shared = new RequestCheck();
  return shared;
}
