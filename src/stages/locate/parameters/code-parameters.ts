import { canonicalJson } from "../../../domain/digest.ts";
import type { Json } from "../../../domain/ids.ts";
import { isCode } from "../../../domain/text/literals.ts";
import { isPlainNumberAt } from "../../../domain/text/literals/plain-number.ts";
import type { CodeReading, LiteralReader } from "../../../ports/literal-reader.ts";
import { isSecondary } from "../files/candidate-files.ts";
import type { ParameterPlace, ParameterScope } from "./parameter-sources.ts";
import { evenName } from "../tools/squashed.ts";
import { writingProblem } from "../units.ts";

/** Recorded keys by the names under which programs write them, case and underscores aside. */
const keys: Readonly<Record<string, string>> = {
  model: "model",
  modelname: "model",
  modelid: "model",
  temperature: "temperature",
  topp: "top_p",
  topk: "top_k",
  maxtokens: "max_tokens",
  maxoutputtokens: "max_tokens",
  maxcompletiontokens: "max_tokens",
  frequencypenalty: "frequency_penalty",
  presencepenalty: "presence_penalty",
  seed: "seed",
  reasoningeffort: "reasoning_effort",
};
/** As vetting and replay know them. */
const loopKeys: Readonly<Record<string, string>> = {
  maxturns: "max_turns",
  maxsteps: "max_steps",
  maxiterations: "max_iterations",
  recursionlimit: "recursion_limit",
};
const unchecked = "a number in code of this language, or written in this way, cannot be checked after an edit";
const mostFiles = 20;
const largest = 256 * 1024;

/**
 * Values in programs that equal the recorded ones, in files that hold a located prompt or tool or name such a file. A value that stands there
 * twice may be another agent's: it is not claimed. A loop limit has no recorded value; it is claimed beside an equal parameter of its file,
 * where the file has one only.
 */
export function codeParameters(
  scope: ParameterScope,
  files: ReadonlyMap<string, string>,
  literals: LiteralReader | undefined,
): readonly ParameterPlace[] {
  if (literals === undefined) return [];
  const own = [...files].filter(([path, text]) => isCode(path) && text.length <= largest && belongs(path, text, scope.located));
  const places = own.slice(0, mostFiles).flatMap(([path, text]) => {
    const reading = literals.read(path, text, "names");
    const found = reading === undefined ? [] : placesIn(path, text, reading, scope.recorded);
    return found.some((place) => place.kind === "parameter") ? found : [];
  });
  return [...Map.groupBy(places, (place) => place.key).values()].flatMap((same) => (same.length === 1 ? same : []));
}

function belongs(path: string, text: string, located: readonly string[]): boolean {
  if (located.includes(path)) return true;
  return !isSecondary(path) && located.some((one) => namesFile(text, one));
}

const shortestName = 6;

/** A file's name with its ending says which file is meant; a short one needs its folder. */
function namesFile(text: string, path: string): boolean {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  const wanted = name.length >= shortestName && !/^(?:readme|index|__init__)\b/i.test(name) ? name : parts.slice(-2).join("/");
  return text.includes(wanted);
}

/** Why a number of a program is named only; nothing where vetting reads numbers of its language. */
const numberProblem = (path: string, written: string): { readonly readOnly?: string } =>
  isPlainNumberAt(path, written) ? {} : { readOnly: unchecked };

function placesIn(path: string, text: string, reading: CodeReading, recorded: ParameterScope["recorded"]): readonly ParameterPlace[] {
  const values = reading.values.flatMap(({ key, range, value }): readonly ParameterPlace[] => {
    const name = evenName(key);
    const problem = numberProblem(path, text.slice(range.start, range.end));
    const loop = Object.hasOwn(loopKeys, name) ? loopKeys[name] : undefined;
    if (loop !== undefined && typeof value === "number") return [{ key: loop, path, kind: "loop-limit", range, ...problem }];
    const known = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (known === undefined || typeof value === "string" || !equals(value, recorded[known])) return [];
    return [{ key: known, path, kind: "parameter", range, ...problem }];
  });
  const words = reading.strings.flatMap(({ gaps, names, range }): readonly ParameterPlace[] => {
    const inside = gaps.length === 0 && range.end - range.start <= longestWord ? text.slice(range.start, range.end) : "";
    // `model: openai("gpt-4o")`: the call that makes the model stands between.
    const near = names
      .filter((name) => name !== inside)
      .slice(0, 2)
      .map((name) => evenName(name));
    const name = near.find((one) => Object.hasOwn(keys, one));
    const known = name === undefined ? undefined : keys[name];
    if (inside === "" || known === undefined || recorded[known] !== inside) return [];
    const problem = writingProblem(path, text, [range]);
    return [{ key: known, path, kind: "parameter", range, ...(problem === undefined ? {} : { readOnly: problem }) }];
  });
  return [...values, ...words];
}

const longestWord = 120;

const equals = (value: Json, recorded: Json | undefined): boolean =>
  recorded !== undefined && canonicalJson(value) === canonicalJson(recorded);
