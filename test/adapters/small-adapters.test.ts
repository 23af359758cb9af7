import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commandEvaluator } from "../../src/adapters/command-evaluator/command-evaluator.ts";
import { parsePrompt } from "../../src/adapters/prompt-files/prompt-files.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { textMessage } from "../../src/domain/message.ts";
import { renderPrompt } from "../../src/domain/text/prompt-template.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-small-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the operator's evaluator command", () => {
  const script = (name: string, code: string): readonly string[] => {
    const path = join(folder, name);
    writeFileSync(path, code);
    return [process.execPath, path];
  };
  const evaluate = (command: readonly string[], signal = new AbortController().signal, timeoutSeconds = 20) =>
    commandEvaluator({ command, cwd: folder, path: process.env["PATH"] ?? "", timeoutSeconds }).evaluate(
      [textMessage("user", "hi")],
      signal,
    );

  test.each([
    [0, { result: "passed", note: "fine" }],
    [1, { result: "failed", note: "fine" }],
    [2, { result: "cannot-tell", why: "fine" }],
    [3, { result: "cannot-tell", why: "the evaluator ended with code 3" }],
  ])("says by its exit code %i what it thinks", async (code, expected) => {
    expect(await evaluate(script(`exit-${code}.cjs`, `console.log("fine\\u001b"); process.exitCode = ${code};`))).toEqual({
      ...expected,
      ...("note" in expected ? { note: "fine " } : code === 2 ? { why: "fine " } : {}),
    });
  });

  test("gets the conversation on stdin and no variable but PATH", async () => {
    const code = `let s = ""; process.stdin.on("data", (d) => (s += d)).on("end", () => { const { messages } = JSON.parse(s); const names = Object.keys(process.env).filter((n) => !["PATH", "PWD", "SHLVL", "_", "OLDPWD"].includes(n)); console.log(messages[0].role, names.join(",")); });`;
    expect(await evaluate(script("env.cjs", code))).toEqual({ result: "passed", note: "user " });
  });

  test("that does not exist cannot tell, and one that hangs is ended with what it started", async () => {
    expect((await evaluate([join(folder, "nowhere")])).result).toBe("cannot-tell");
    expect(await evaluate(script("hang.cjs", "setInterval(() => {}, 1000);"), undefined, 0.3)).toMatchObject({
      result: "cannot-tell",
      why: expect.stringContaining("longer than"),
    });
  });

  test("is ended at once when the user stops", async () => {
    const stop = new AbortController();
    const running = evaluate(script("hang2.cjs", "setInterval(() => {}, 1000);"), stop.signal);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a prompt file", () => {
  const file = (inputs: string, user: string): string =>
    `---\nname: x\ninputs: [${inputs}]\nmaxTokens: 10\n---\n\n# System\nBe kind.\n\n# User\n${user}\n`;

  test("is filled by name, values as they are", () => {
    const prompt = parsePrompt("x.md", file("a", "Say {{a}}."));
    expect(renderPrompt(prompt, { a: "$& {{b}} $1" })).toEqual({ system: "Be kind.", user: "Say $& {{b}} $1." });
    expect(() => renderPrompt(prompt, {})).toThrow("input a is missing");
    expect(() => renderPrompt(prompt, { a: "", c: "" })).toThrow("unknown input c");
  });

  test.each([
    ["an input that is not used", file("a, b", "{{a}}"), /unused inputs: b/],
    ["a name that is no input", file("a", "{{a}} {{z}}"), /unknown names: z/],
    ["no sections", "---\nname: x\n---\nhello", /front matter/],
  ])("with %s is refused", (_what, text, message) => {
    expect(() => parsePrompt("x.md", text)).toThrow(message);
  });
});

describe("the secret scan", () => {
  test("finds tokens and keys by rule and line, and never repeats them", async () => {
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const found = await findSecrets(`one\ntoken: ${secret}\n`);
    expect(found).toEqual([{ line: 2, rule: "github" }]);
    expect(JSON.stringify(found)).not.toContain(secret);
    expect(await findSecrets("nothing to see here")).toEqual([]);
  });
});
