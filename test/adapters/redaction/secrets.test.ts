import { describe, expect, test } from "vitest";
import { secretScanner } from "../../../src/adapters/secretlint-scanner/secret-ranges.ts";
import { redacted, redactedText } from "./redactor-builder.ts";

// Put together here so that no scanner of repositories takes them for real ones.
const githubToken = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;
const anthropicKey = `sk-ant-api03-${"aB3".repeat(31)}AA`;
const privateKey = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEA7bq", "c2VjcmV0c2VjcmV0", "-----END RSA PRIVATE KEY-----"].join(
  "\n",
);

describe("secrets", () => {
  test.each([
    ["a token", `use ${githubToken} now`, "use <SECRET> now"],
    ["a model key", `key=${anthropicKey}`, "key=<SECRET>"],
    ["a private key, body and all", `here:\n${privateKey}\nthanks`, "here:\n<SECRET>\nthanks"],
    ["a private key that was cut", `here:\n${privateKey.slice(0, 60)}`, "here:\n<SECRET>"],
    ["a password in a URL", "postgres://app:hunter22@db.example/x", "<SECRET>"],
    ["a password by its name", "my password is hunter2!x. Bye", "my password is <SECRET>. Bye"],
    ["a key in code", "API_KEY = 'abc123def'", "API_KEY = '<SECRET>'"],
  ])("%s", async (_, text, expected) => {
    expect((await redactedText(text)).replace(/<SECRET_[a-z2-7]{10}>/g, "<SECRET>")).toBe(expected);
  });

  test("are found by the name of their field, whatever they look like", async () => {
    const out = await redactedText(JSON.stringify({ user: "ada", password: "open sesame", next_page_token: "abc" }));
    expect(out.replace(/<SECRET_[a-z2-7]{10}>/g, "<SECRET>")).toBe('{"user":"ada","password":"<SECRET>","next_page_token":"abc"}');
    expect(await redacted(["Basic QWxh"], undefined, "http.request.header.authorization")).toEqual([expect.stringMatching(/^<SECRET_/)]);
  });

  test("cannot be hidden by a comment that switches the scanner off", async () => {
    expect(await redacted(`secretlint-disable\n${githubToken}\n${anthropicKey}`)).not.toContain("a1B2c3");
  });

  test("a template's variable is no secret", async () => {
    const text = "password: {{password}} and api_key=${API_KEY}, password: required";
    expect(await redacted(text)).toBe(text);
  });

  test("the quick look is never quieter than the scan", async () => {
    for (const text of [
      githubToken,
      anthropicKey,
      privateKey,
      "https://user:passw0rd@host.example/x",
      ["AKIA", "ABCDEFGH23456723"].join(""),
      "pwd: ab12cd",
    ]) {
      expect(await secretScanner.find(text)).not.toEqual([]);
      expect(secretScanner.suspects(text)).toBe(true);
    }
  });
});
