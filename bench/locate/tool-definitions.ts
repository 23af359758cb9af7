import type { Json } from "../../src/domain/ids.ts";
import type { Repository } from "./corpus.ts";
import { pythonTools } from "./python-tools.ts";
import { scriptTools } from "./script-tools.ts";

type Lines = readonly [first: number, last: number];
export type LinesOf = (range: { readonly start: number; readonly end: number }) => Lines;

/** A tool that a program defines, read by another parser than the search's. Lines are 1-based, both included. */
export interface DefinedTool {
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly lines: Lines;
  /** All of a docstring, where some frameworks send it whole. */
  readonly whole?: string;
  readonly wholeLines?: Lines;
  readonly parts: readonly { readonly part: string; readonly description: string; readonly lines: Lines }[];
}

const largestFile = 512 * 1024;
const telling = /tool|input_?schema/i;
/** Nobody records sessions with the tools of tests. */
const skipped =
  /(?:^|\/)(?:node_modules|vendor|third_party|__snapshots__|tests?|__tests__|testing)\/|(?:\.|_|-)(?:test|spec)\.|(?:^|\/)(?:test_[^/]*|conftest)\.py$/;

/** Tools of a repository in path order. */
export async function definedToolsOf({ checkout }: Repository): Promise<readonly DefinedTool[]> {
  const entries = (await checkout.entries()).filter(
    ({ kind, path, size }) => kind === "file" && size <= largestFile && /\.(?:py|[cm]?[jt]sx?)$/.test(path) && !skipped.test(path),
  );
  const found: DefinedTool[] = [];
  for (let at = 0; at < entries.length; at += 500) {
    const texts = await checkout.read(entries.slice(at, at + 500).map((entry) => entry.path));
    for (const [path, text] of texts) {
      if (!telling.test(text) || !/description|"""|'''|describe/.test(text)) continue;
      found.push(...(path.endsWith(".py") ? pythonTools(path, text) : scriptTools(path, text)));
    }
  }
  return found.toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
}

/** The JSON Schema that a framework would send for the described parameters. */
export function schemaOf(parts: DefinedTool["parts"]): Json {
  const tree = new Map<string, DefinedTool["parts"][number]>(parts.map((one) => [one.part, one]));
  const level = (prefix: string): Json => {
    const names = new Set(
      [...tree.keys()].flatMap((part) =>
        prefix === "" || part.startsWith(`${prefix}.`) ? [part.slice(prefix === "" ? 0 : prefix.length + 1).split(".")[0] ?? ""] : [],
      ),
    );
    return Object.fromEntries(
      [...names].map((name): [string, Json] => {
        const part = prefix === "" ? name : `${prefix}.${name}`;
        const inner = level(part);
        const description = tree.get(part)?.description;
        return [
          name,
          {
            ...(Object.keys(inner as object).length > 0
              ? { type: "array", items: { type: "object", properties: inner } }
              : { type: "string" }),
            ...(description === undefined ? {} : { description }),
          },
        ];
      }),
    );
  };
  return { type: "object", properties: level("") };
}
