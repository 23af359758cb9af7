import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

/** Something wrong in a configuration file: the key's path with dots, and the 1-based line where one is known. */
export interface ConfigProblem {
  readonly key: string;
  readonly line?: number;
  readonly message: string;
}

export type ConfigRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly [ConfigProblem, ...ConfigProblem[]] };

const maximumBytes = 256 * 1024;

/** Reads a YAML configuration by a strict schema. Gives every problem at once; an empty file is an empty object. Never throws. */
export function readYamlConfig<T>(source: string, schema: z.ZodType<T>): ConfigRead<T> {
  if (source.length > maximumBytes)
    return { ok: false, problems: [{ key: "(top)", message: `the file is larger than ${maximumBytes / 1024} KiB` }] };
  const lines = new LineCounter();
  const document = parseDocument(source, { prettyErrors: false, lineCounter: lines });
  const [syntax, ...more] = document.errors.map((error) => ({
    key: "(top)",
    line: lines.linePos(error.pos[0]).line,
    message: error.message.split("\n")[0] ?? "not YAML",
  }));
  if (syntax !== undefined) return { ok: false, problems: [syntax, ...more] };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 }) ?? {};
  } catch (error) {
    return { ok: false, problems: [{ key: "(top)", message: error instanceof Error ? error.message : String(error) }] };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [first, ...others] = parsed.error.issues.flatMap((issue) => {
    // An unknown key is reported at its parent; people look for the key itself.
    const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path): ConfigProblem => {
      const line = lineOf(path);
      return {
        key: path.map(String).join(".") || "(top)",
        ...(line === undefined ? {} : { line }),
        message: issue.code === "unrecognized_keys" ? "there is no such setting" : issue.message,
      };
    });
  });
  return { ok: false, problems: [first ?? { key: "(top)", message: "it does not fit" }, ...others] };

  /** The line of the deepest part of a path that is there. */
  function lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range !== undefined && node.range !== null) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}

/** Problems as lines for people. */
export const describeConfigProblems = (problems: readonly ConfigProblem[]): readonly string[] =>
  problems.map(({ key, line, message }) => `${line === undefined ? "" : `line ${line}: `}${key}: ${message}`);
