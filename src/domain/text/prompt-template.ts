import type { Digest } from "../ids.ts";

/** One `prompts/*.md` file: what is asked of a model, versioned by digest. */
export interface PromptTemplate {
  readonly name: string;
  readonly digest: Digest;
  readonly system: string;
  readonly user: string;
  /** The names that `{{name}}` may use; every one must be used, every use must be named. */
  readonly inputs: readonly string[];
  readonly maxTokens: number;
}

/** Fills `{{name}}`s. A missing, unknown or unused name throws: a prompt with a hole must not reach a model. Values are inserted as they are. */
export function renderPrompt(
  template: PromptTemplate,
  values: Readonly<Record<string, string>>,
): { readonly system: string; readonly user: string } {
  const unknown = Object.keys(values).filter((name) => !template.inputs.includes(name));
  if (unknown.length > 0)
    throw new Error(`prompt ${template.name}: unknown input ${unknown.join(", ")}; known: ${template.inputs.join(", ")}`);
  const fill = (text: string): string =>
    text.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`prompt ${template.name}: input ${name} is missing`);
      return value;
    });
  return { system: fill(template.system), user: fill(template.user) };
}
