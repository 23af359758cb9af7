import { isMap, isPair, isScalar, isSeq, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { canonicalJson } from "../../../domain/digest.ts";
import type { Attributes, Json } from "../../../domain/ids.ts";
import type { SourceKind } from "../../../domain/source.ts";
import type { LiteralReader } from "../../../ports/literal-reader.ts";
import { codeParameters } from "./code-parameters.ts";
import { isSecondary } from "../files/candidate-files.ts";
import type { TextRange as Range } from "../../../domain/text/apply-hunk.ts";

/** A configuration value that reached the recorded request. */
export interface ParameterPlace {
  readonly key: string;
  readonly path: string;
  readonly kind: Extract<SourceKind, "parameter" | "loop-limit" | "wandb-config">;
  readonly range: Range;
  /** Why no edit of it could be checked; absent where it can be edited. */
  readonly readOnly?: string;
}

const parameterKeys: ReadonlySet<string> = new Set([
  "model",
  "temperature",
  "top_p",
  "top_k",
  "max_tokens",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "reasoning_effort",
]);
const loopKeys: ReadonlySet<string> = new Set(["max_turns", "max_steps", "max_iterations", "maxTurns", "maxSteps", "recursion_limit"]);
/** Other names under which files write the recorded keys. */
const aliases: Readonly<Record<string, string>> = {
  max_output_tokens: "max_tokens",
  max_completion_tokens: "max_tokens",
  maxTokens: "max_tokens",
  topP: "top_p",
  model_name: "model",
  modelName: "model",
};
const largest = 64 * 1024;

export interface ParameterScope {
  /** Recorded parameters, with the model under `model`. */
  readonly recorded: Attributes;
  /** Files that hold located prompts and tools: what stands by them belongs to the same agent. */
  readonly located: readonly string[];
}

/**
 * Values in YAML and JSON files, then in code, that equal the recorded ones, and that belong to this agent: the file names a located file, or lies in its folder.
 * In W&B sweeps and configs the value of a parameter. A loop limit has no recorded value; it is claimed beside an equal parameter only.
 */
export function parameterPlaces(
  scope: ParameterScope,
  files: ReadonlyMap<string, string>,
  literals?: LiteralReader,
): readonly ParameterPlace[] {
  const found: ParameterPlace[] = [];
  for (const [path, text] of files) {
    if (!/\.(?:ya?ml|json)$/i.test(path) || text.length > largest || isSecondary(path) || !belongs(path, text, scope.located)) continue;
    found.push(...placesIn(path, text, scope.recorded));
  }
  // Where a document sets a value, the program's one is its default.
  const set = new Set(found.map((place) => place.key));
  return [...found, ...codeParameters(scope, files, literals).filter((place) => !set.has(place.key))];
}

function belongs(path: string, text: string, located: readonly string[]): boolean {
  const folder = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);
  return located.some(
    (one) =>
      one === path ||
      text.includes(one) ||
      text.includes(one.slice(folder(one).length)) ||
      (folder(one) !== "" && folder(one) === folder(path)) ||
      (folder(path) === "" && one.split("/").length <= 2),
  );
}

function placesIn(path: string, text: string, recorded: Attributes): readonly ParameterPlace[] {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return [];
  const root = document.contents;
  const sweep = root.get("parameters");
  if (root.has("method") && isMap(sweep)) return wandbPlaces(path, sweep, recorded);
  if (isWandbConfig(root)) return wandbPlaces(path, root, recorded);
  const places = plainPlaces(path, root, recorded);
  return places.some((place) => place.kind === "parameter") ? places : [];
}

/** `config-defaults`: every key holds `{value: …}` (and `desc`). */
const isWandbConfig = (root: YAMLMap): boolean =>
  root.items.length > 0 &&
  root.items.every((item) => isScalar(item.key) && (item.key.value === "wandb_version" || (isMap(item.value) && item.value.has("value"))));

const keyOf = (key: unknown): string => {
  const name = isScalar(key) ? String(key.value) : "";
  const last = name.slice(name.lastIndexOf(".") + 1);
  return Object.hasOwn(aliases, last) ? (aliases[last] ?? last) : last;
};

const rangeOf = (node: Scalar): Range => ({ start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 });
const equals = (node: Scalar, value: Json | undefined): boolean =>
  value !== undefined && canonicalJson((node.value ?? null) as Json) === canonicalJson(value);

function wandbPlaces(path: string, parameters: YAMLMap, recorded: Attributes): readonly ParameterPlace[] {
  return parameters.items.flatMap((item): ParameterPlace[] => {
    const key = keyOf(item.key);
    if (!isMap(item.value) || !parameterKeys.has(key)) return [];
    const value: unknown = item.value.get("value", true);
    if (isScalar(value) && equals(value, recorded[key])) return [{ key, path, kind: "wandb-config", range: rangeOf(value) }];
    const values: unknown = item.value.get("values", true);
    const hit = isSeq(values) ? values.items.find((one) => isScalar(one) && equals(one, recorded[key])) : undefined;
    return isScalar(hit) ? [{ key, path, kind: "wandb-config", range: rangeOf(hit) }] : [];
  });
}

const deepest = 6;

function plainPlaces(path: string, map: YAMLMap, recorded: Attributes, depth = 0): readonly ParameterPlace[] {
  if (depth > deepest) return [];
  return map.items.flatMap((item): readonly ParameterPlace[] => {
    if (!isPair(item)) return [];
    const key = keyOf(item.key);
    const { value } = item;
    if (isMap(value)) return plainPlaces(path, value, recorded, depth + 1);
    if (!isScalar(value)) return [];
    if (parameterKeys.has(key) && equals(value, recorded[key])) return [{ key, path, kind: "parameter", range: rangeOf(value) }];
    return loopKeys.has(key) && typeof value.value === "number" ? [{ key, path, kind: "loop-limit", range: rangeOf(value) }] : [];
  });
}
