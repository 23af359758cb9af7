import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { digestOf } from "../../domain/digest.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { PromptTemplate } from "../../domain/text/prompt-template.ts";

const frontMatter = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  inputs: z.array(z.string().regex(/^\w+$/)).min(1),
  maxTokens: z.number().int().positive(),
});

/** Reads one `prompts/*.md`. Throws when its front matter, sections or names are not in order. */
export function readPromptFile(path: string): PromptTemplate {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new TuneupError("file-unreadable", `The prompt file ${path} cannot be read.`, {
      remedy: "Install Tuneup again: it ships with its prompts.",
      fields: { path },
      cause,
    });
  }
  return parsePrompt(path, text);
}

/** The template in a prompt file's text: front matter, `# System`, `# User`. Every input must be used, and nothing else. */
export function parsePrompt(path: string, text: string): PromptTemplate {
  const match = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\r?\n\s*# System\r?\n([\s\S]*?)\r?\n# User\r?\n([\s\S]*)$/.exec(text);
  if (match === null) throw malformed(path, "it needs front matter between --- lines, then `# System`, then `# User`");
  const [, front = "", system = "", user = ""] = match;
  const parsed = frontMatter.safeParse(yamlIn(path, front));
  if (!parsed.success)
    throw malformed(path, parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`).join("; "));
  const { inputs, maxTokens, name } = parsed.data;
  const malformedUse = `${system}\n${user}`.replace(use, "").match(/\{\{|\}\}/);
  if (malformedUse !== null) throw malformed(path, "double braces stand for nothing but inputs: {{name}}, without spaces");
  if (new Set(inputs).size !== inputs.length) throw malformed(path, "an input is named twice");
  if (system.trim() === "" || user.trim() === "") throw malformed(path, "a section is empty");
  const used = new Set([...`${system}\n${user}`.matchAll(use)].map((one) => one[1] ?? ""));
  const unused = inputs.filter((input) => !used.has(input));
  const unknown = [...used].filter((input) => !inputs.includes(input));
  if (unused.length + unknown.length > 0)
    throw malformed(path, `unused inputs: ${unused.join(", ") || "none"}; unknown names: ${unknown.join(", ") || "none"}`);
  return { name, digest: digestOf(text), system: system.trim(), user: user.trim(), inputs, maxTokens };
}

const use = /\{\{(\w+)\}\}/g;

function yamlIn(path: string, front: string): unknown {
  try {
    return parse(front, { maxAliasCount: 0 });
  } catch {
    throw malformed(path, "its front matter is no YAML");
  }
}

const malformed = (path: string, why: string): TuneupError =>
  new TuneupError("file-malformed", `The prompt file ${path} is not in order: ${why}.`, {
    remedy: "Correct it; CONTRIBUTING.md says how prompts are written.",
    fields: { path },
  });
