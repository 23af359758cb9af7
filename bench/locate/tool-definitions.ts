import { spawnSync } from "node:child_process";
import { z } from "zod";
import type { Json } from "../../src/domain/ids.ts";
import type { Repository } from "./corpus.ts";
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

const lines = z.tuple([z.number(), z.number()]);
const definedTools = z.array(
  z.object({
    path: z.string(),
    name: z.string(),
    description: z.string(),
    lines,
    whole: z.string().exactOptional(),
    wholeLines: lines.exactOptional(),
    parts: z.array(z.object({ part: z.string(), description: z.string(), lines })),
  }),
);

const largestFile = 512 * 1024;
const telling = /tool|input_?schema/i;
/** Nobody records sessions with the tools of tests. */
const skipped =
  /(?:^|\/)(?:node_modules|vendor|third_party|__snapshots__|tests?|__tests__|testing)\/|(?:\.|_|-)(?:test|spec)\.|(?:^|\/)(?:test_[^/]*|conftest)\.py$/;

/** Tools of a repository in path order. Python is read by Python's own parser: without a `python3` its tools are left out. */
export async function definedToolsOf({ checkout }: Repository): Promise<readonly DefinedTool[]> {
  const entries = (await checkout.entries()).filter(
    ({ kind, path, size }) => kind === "file" && size <= largestFile && /\.(?:py|[cm]?[jt]sx?)$/.test(path) && !skipped.test(path),
  );
  const python: Record<string, string> = {};
  const found: DefinedTool[] = [];
  for (let at = 0; at < entries.length; at += 500) {
    const texts = await checkout.read(entries.slice(at, at + 500).map((entry) => entry.path));
    for (const [path, text] of texts) {
      if (!telling.test(text) || !/description|"""|'''|describe/.test(text)) continue;
      if (path.endsWith(".py")) python[path] = text;
      else found.push(...scriptTools(path, text));
    }
  }
  return [...pythonTools(python), ...found].toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
}

function pythonTools(texts: Readonly<Record<string, string>>): readonly DefinedTool[] {
  const script = new URL("python-tools.py", import.meta.url).pathname;
  const result = spawnSync("python3", [script], { input: JSON.stringify(texts), maxBuffer: 256 * 1024 * 1024, encoding: "utf8" });
  return result.status === 0 ? definedTools.parse(JSON.parse(result.stdout)) : [];
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
