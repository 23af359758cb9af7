/** One line of `.gitattributes` or `.gitignore`. */
interface Rule {
  /** Folder that the line is about, with a slash at its end; empty at the root. */
  readonly folder: string;
  readonly segments: readonly string[];
  readonly isAnchored: boolean;
  readonly onlyFolders: boolean;
  readonly says: "generated" | "kept";
}

const mostRules = 3000;
const setsGenerated = /(?:^|\s)(?:linguist-generated|linguist-vendored|export-ignore)(?:=true)?(?=\s|$)/;
const unsetsGenerated =
  /(?:^|\s)(?:-linguist-(?:generated|vendored)|linguist-(?:generated|vendored)=false|-export-ignore|!linguist-generated)(?=\s|$)/;

/**
 * Which files a repository itself calls made or foreign: `linguist-generated`, `linguist-vendored` and `export-ignore` in its `.gitattributes`,
 * and tracked files that its `.gitignore` ignores. `files` holds these two by path; the last line that fits a path decides.
 */
export function generatedBy(files: ReadonlyMap<string, string>): (path: string) => boolean {
  const paths = [...files.keys()].toSorted((left, right) => left.split("/").length - right.split("/").length);
  const rules = paths.flatMap((path) => rulesOf(path, files.get(path) ?? "")).slice(0, mostRules);
  return (path) => rules.findLast((rule) => fits(rule, path))?.says === "generated";
}

function rulesOf(path: string, text: string): readonly Rule[] {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const isIgnore = path.endsWith(".gitignore");
  return text.split(/\r?\n/).flatMap((line): readonly Rule[] => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.length > 400) return [];
    if (isIgnore) {
      const isKept = trimmed.startsWith("!");
      return [ruleOf(folder, isKept ? trimmed.slice(1) : trimmed, isKept ? "kept" : "generated")];
    }
    const [, pattern = "", attributes = ""] = /^(\S+)\s+(.*)$/.exec(trimmed) ?? [];
    if (setsGenerated.test(attributes)) return [ruleOf(folder, pattern, "generated")];
    return unsetsGenerated.test(attributes) ? [ruleOf(folder, pattern, "kept")] : [];
  });
}

function ruleOf(folder: string, pattern: string, says: Rule["says"]): Rule {
  const onlyFolders = pattern.endsWith("/");
  const bare = pattern.replace(/^\//, "").replace(/\/$/, "");
  return { folder, segments: bare.split("/"), isAnchored: pattern.replace(/\/$/, "").includes("/"), onlyFolders, says };
}

/** Whether a rule is about a file: about itself, or about a folder that holds it. */
function fits(rule: Rule, path: string): boolean {
  if (!path.startsWith(rule.folder)) return false;
  const parts = path.slice(rule.folder.length).split("/");
  if (!rule.isAnchored) {
    const [name = ""] = rule.segments;
    return parts.some((part, index) => (index < parts.length - 1 || !rule.onlyFolders) && matchesName(name, part));
  }
  for (let count = 1; count <= parts.length; count += 1) {
    if (count === parts.length && rule.onlyFolders) return false;
    if (matchesPath(rule.segments, parts.slice(0, count))) return true;
  }
  return false;
}

/** Globs by two pointers: no text can make this slower than its length times the pattern's. */
function matchesSequence<T>(
  pattern: readonly T[],
  text: readonly T[],
  isWild: (one: T) => boolean,
  same: (one: T, other: T) => boolean,
): boolean {
  let [at, index, star, mark] = [0, 0, -1, 0];
  while (index < text.length) {
    const wanted = pattern[at];
    const given = text[index];
    if (wanted !== undefined && isWild(wanted)) {
      star = at;
      mark = index;
      at += 1;
    } else if (wanted !== undefined && given !== undefined && same(wanted, given)) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      index = mark;
    } else return false;
  }
  return pattern.slice(at).every((one) => isWild(one));
}

const matchesName = (pattern: string, name: string): boolean =>
  matchesSequence(
    Array.from(pattern),
    Array.from(name),
    (one) => one === "*",
    (one, other) => one === "?" || one === other,
  );

const matchesPath = (pattern: readonly string[], parts: readonly string[]): boolean =>
  matchesSequence(pattern, parts, (one) => one === "**", matchesName);
