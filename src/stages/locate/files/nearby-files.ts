import type { ToolDefinition } from "../../../domain/message.ts";
import { isCode } from "../../../domain/text/literals.ts";
import { isSecondary } from "./candidate-files.ts";
import { holds, namesOf } from "./mentions.ts";
import { tokenise } from "../tokens.ts";

const mostFiles = 400;
const document = /\.(?:ya?ml|json|toml|jsonc)$/i;

/** Files that may hold the definitions of tools: documents and code that name one, those with most names first. */
export function filesOfTools(tools: readonly ToolDefinition[], words: ReadonlyMap<string, Uint32Array>): readonly string[] {
  const names = tools.map((tool) => tokenise(tool.name).hashes).filter((name) => name.length > 0);
  const counted = [...words].flatMap(([path, hashes]) => {
    if (!document.test(path) && !isCode(path)) return [];
    const count = names.filter((name) => holds(hashes, name)).length;
    return count === 0 ? [] : [{ path, count }];
  });
  return counted
    .toSorted(
      (left, right) =>
        Number(isSecondary(left.path)) - Number(isSecondary(right.path)) ||
        right.count - left.count ||
        left.path.length - right.path.length ||
        (left.path < right.path ? -1 : 1),
    )
    .slice(0, mostFiles)
    .map(({ path }) => path);
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** Documents that may configure the agent whose prompt and tools were found: beside them, at the root, or naming one of them. */
export function filesOfSettings(located: readonly string[], words: ReadonlyMap<string, Uint32Array>): readonly string[] {
  const folders = new Set(located.map((path) => folderOf(path)));
  const names = located.flatMap((path) => namesOf(path));
  return [...words]
    .filter(
      ([path, hashes]) =>
        document.test(path) && (folderOf(path) === "" || folders.has(folderOf(path)) || names.some((name) => holds(hashes, name))),
    )
    .slice(0, mostFiles)
    .map(([path]) => path);
}
