import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parsePrompt, readPromptFile } from "../../src/adapters/prompt-files/prompt-files.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { renderPrompt } from "../../src/domain/text/prompt-template.ts";

const text = `---
name: greet
inputs: [who, where]
maxTokens: 100
---

# System

You greet.

# User

Hello {{who}} in {{where}}, {{who}}!
`;

function problemOf(changed: string): string {
  try {
    parsePrompt("prompts/greet.md", changed);
  } catch (error) {
    if (error instanceof TuneupError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "";
}

describe("a prompt file", () => {
  it("becomes a template with its digest", () => {
    expect(parsePrompt("prompts/greet.md", text)).toMatchObject({
      name: "greet",
      inputs: ["who", "where"],
      maxTokens: 100,
      system: "You greet.",
      user: "Hello {{who}} in {{where}}, {{who}}!",
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
    });
    expect(parsePrompt("prompts/greet.md", `${text}\n`).digest).not.toBe(parsePrompt("prompts/greet.md", text).digest);
  });

  it("is filled with values as they are, and never a second time", () => {
    const { user } = renderPrompt(parsePrompt("p", text), { who: "{{where}} $& $1", where: "Rome" });
    expect(user).toBe("Hello {{where}} $& $1 in Rome, {{where}} $& $1!");
  });

  it.each([
    ["an input that is not used", text.replace("[who, where]", "[who, where, when]"), "unused inputs: when"],
    ["a name that is no input", text.replace("{{where}}", "{{place}}"), "unknown names: place"],
    ["an input named twice", text.replace("[who, where]", "[who, where, who]"), "named twice"],
    ["braces that stand for nothing", text.replace("{{where}}", "{{ where }}"), "double braces"],
    ["no front matter", text.slice(text.indexOf("# System")), "front matter"],
    ["front matter that is no YAML", text.replace("[who, where]", "[who"), "no YAML"],
    ["an unknown setting", text.replace("maxTokens: 100", "maxTokens: 100\ntemperature: 1"), "temperature"],
    ["no limit", text.replace("maxTokens: 100\n", ""), "maxTokens"],
    ["a limit of nothing", text.replace("100", "0"), "maxTokens"],
    ["no user section", text.slice(0, text.indexOf("# User")), "# User"],
    ["an empty section", text.replace("You greet.", ""), "empty"],
  ])("with %s is refused by name", (_what, changed, message) => {
    expect(problemOf(changed)).toContain("file-malformed The prompt file prompts/greet.md is not in order");
    expect(problemOf(changed)).toContain(message);
  });

  it("that is not there is named", () => {
    expect(() => readPromptFile("/nowhere/greet.md")).toThrow(/\/nowhere\/greet\.md cannot be read/);
  });

  it("is what every shipped prompt is", () => {
    const folder = fileURLToPath(new URL("../../prompts/", import.meta.url));
    const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
    expect(names).toContain("draft.md");
    expect(names.map((name) => `${readPromptFile(`${folder}${name}`).name}.md`)).toEqual(names);
  });
});
