import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";

/** A source file as the rules see it: its path relative to the repository, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below a folder. */
export function sourceFiles(root: string, folder: string): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (directory: string): void => {
    for (const name of readdirSync(directory).sort()) {
      const path = join(directory, name);
      if (statSync(path).isDirectory()) {
        if (name !== "generated" && name !== "node_modules") walk(path);
      } else if (/\.tsx?$/.test(name)) found.push({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") });
    }
  };
  walk(join(root, folder));
  return found;
}

const importPattern =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

/** Imported module names; relative ones resolved against the repository. */
export function importsOf(file: SourceFile): string[] {
  return [...file.text.matchAll(importPattern)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? "";
    return name.startsWith(".")
      ? normalize(join(dirname(file.path), name))
          .split(sep)
          .join("/")
      : name;
  });
}

const pureLibraries = new Set(["zod", "yaml", "diff", "mdast-util-from-markdown", "mdast-util-gfm", "micromark-extension-gfm", "mdast"]);
const worldModules = /^(node:(?!crypto$)|[^./])/;

function layerOf(path: string): string {
  const [, top = "", second] = path.split("/");
  return second === undefined ? top.replace(/\.ts$/, "") : top;
}

/** What each layer may import of the house. `own` stands for the same folder of adapters or the same stage. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: ["domain"],
  ports: ["domain", "ports"],
  report: ["domain", "report"],
  stages: ["domain", "ports", "report", "own"],
  adapters: ["domain", "ports", "own"],
  simulator: ["domain", "ports", "simulator"],
  config: ["domain", "ports", "config"],
  pipeline: ["domain", "ports", "stages", "pipeline"],
  compose: ["domain", "ports", "stages", "pipeline", "adapters", "config", "simulator", "compose"],
  app: ["domain", "ports", "pipeline", "app"],
  cli: ["domain", "ports", "report", "stages", "pipeline", "compose", "config", "app", "cli"],
};

function isOwn(from: string, to: string): boolean {
  const [, layer, name = ""] = from.split("/");
  const [, , target = ""] = to.split("/");
  if (layer === "stages") return name.replace(/\.ts$/, "") === target.replace(/\.ts$/, "");
  return name === target;
}

function importViolation(file: SourceFile, name: string): string | undefined {
  const layer = layerOf(file.path);
  if (!name.startsWith("src/")) {
    if (layer === "domain" && name !== "node:crypto")
      return `${file.path}: the domain imports ${name}; it may import only itself and node:crypto`;
    if (layer === "ports") return `${file.path}: a port imports ${name}; it may import only the domain`;
    if ((layer === "stages" || layer === "pipeline") && worldModules.test(name) && !pureLibraries.has(name))
      return `${file.path}: a stage imports ${name}, which touches the world`;
    return undefined;
  }
  const target = layerOf(name);
  const may = allowed[layer];
  if (may === undefined) return `${file.path}: there is no layer called ${layer}`;
  if (may.includes(target) && target !== layer) return undefined;
  if (target === layer && (may.includes(layer) || (may.includes("own") && isOwn(file.path, name)))) return undefined;
  return `${file.path}: ${layer} imports ${name}`;
}

const vagueName = /^(utils?|helpers?|common|shared|lib|misc|types|index)(\.tsx?)?$/;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.tsx?$/;

function nameViolations(file: SourceFile): string[] {
  const parts = file.path.split("/");
  const vague = parts.filter((part) => vagueName.test(part)).map((part) => `${file.path}: "${part}" names nothing`);
  return kebabCase.test(parts.at(-1) ?? "") ? vague : [...vague, `${file.path}: file names are kebab-case`];
}

const worldAccess: readonly (readonly [RegExp, string])[] = [
  [/\bprocess\.env\b/, "reads the environment"],
  [/\bDate\.now\(|\bnew Date\(\)/, "reads the clock"],
  [/\bMath\.random\(/, "draws an unseeded random number"],
];
const worldLayers: Readonly<Record<string, readonly string[]>> = {
  "reads the environment": ["config"],
  "reads the clock": ["compose", "cli", "config"],
  "draws an unseeded random number": ["compose"],
};

function accessViolations(file: SourceFile): string[] {
  const code = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return worldAccess.flatMap(([pattern, what]) =>
    pattern.test(code) && !(worldLayers[what] ?? []).includes(layerOf(file.path)) ? [`${file.path}: ${what} itself`] : [],
  );
}

function codeLines(text: string): number {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .split("\n")
    .filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

function sizeViolations(files: readonly SourceFile[]): string[] {
  const large = files
    .filter((file) => codeLines(file.text) > 400)
    .map((file) => `${file.path}: ${codeLines(file.text)} code lines, the cap is 400`);
  const folders = new Map<string, number>();
  for (const file of files) folders.set(dirname(file.path), (folders.get(dirname(file.path)) ?? 0) + 1);
  const crowded = [...folders]
    .filter(([folder, count]) => count > (folder === "src/domain" ? 30 : 18))
    .map(([folder, count]) => `${folder}: ${count} files, the cap is 18`);
  return [...large, ...crowded];
}

/** Every way in which the files break the house's rules, one sentence each. */
export function violations(files: readonly SourceFile[]): string[] {
  return [
    ...files.flatMap((file) => importsOf(file).flatMap((name) => importViolation(file, name) ?? [])),
    ...files.flatMap(nameViolations),
    ...files.flatMap(accessViolations),
    ...sizeViolations(files),
  ];
}
