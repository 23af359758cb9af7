import { describe, expect, test } from "vitest";
import { parseOperatorFile } from "../../src/config/operator-file.ts";

describe("the operator file", () => {
  test("may be empty: every setting has a default", () => {
    expect(parseOperatorFile("tuneup.operator.yml", "# nothing yet\n")).toEqual({});
  });

  test("reads rules, models and tools", () => {
    const settings = parseOperatorFile(
      "tuneup.operator.yml",
      "models:\n  drafter: { provider: anthropic, model: claude-x }\ntools: { transfer: write }\nrules:\n  - name: approval first\n    when: { userSays: [refund] }\n    require: { calls: { tool: request_approval } }\n",
    );
    expect(settings.rules?.[0]?.require?.calls?.tool).toBe("request_approval");
    expect(settings.tools).toEqual({ transfer: "write" });
  });

  test("names every problem at once, each with its place", () => {
    const source = "plan: { alpha: 0.5 }\nmodels: { judge: { provider: acme, model: x } }\nrules: [{ name: a }]\nsecret: 1\n";
    const parse = (): unknown => parseOperatorFile("tuneup.operator.yml", source);
    expect(parse).toThrow(/4 problems/);
    expect(parse).toThrow(/plan\.alpha/);
    expect(parse).toThrow(/models\.judge\.provider/);
    expect(parse).toThrow(/rules\.0: a rule needs `require` or `forbid`/);
    expect(parse).toThrow(/secret/);
  });

  test("refuses a key written where a variable's name belongs", () => {
    expect(() => parseOperatorFile("f.yml", "models: { drafter: { provider: openai, model: m, apiKeyEnv: sk-ant-123 } }")).toThrow(
      /apiKeyEnv/,
    );
  });

  test("takes hosts for links as names only: no scheme, path, look-alike or address", () => {
    const hosts = ["https://docs.acme.example", "docs.acme.example/x", "xn--dcs-pla.example", "127.0.0.1", "localhost", "*.acme.example"];
    for (const host of hosts) expect(() => parseOperatorFile("f.yml", `linkHosts: ["${host}"]`)).toThrow(/linkHosts\.0: a host is written/);
    expect(parseOperatorFile("f.yml", "linkHosts: [docs.acme.example]")).toEqual({ linkHosts: ["docs.acme.example"] });
  });

  test("says where YAML is broken, and is not fooled by an alias bomb", () => {
    expect(() => parseOperatorFile("f.yml", "rules: [")).toThrow(/problem/);
    const bomb = `a: &a [x, x]\n${"bcdefghij"
      .split("")
      .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefghi"[index]}`).join(", ")}]`)
      .join("\n")}\n`;
    expect(() => parseOperatorFile("f.yml", bomb)).toThrow(/alias|problem/i);
  });
});
