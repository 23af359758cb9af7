import { describe, expect, test } from "vitest";
import { pythonValue } from "../../../../src/stages/assemble/reading/python-literal.ts";
import { closedJson } from "../../../../src/stages/assemble/reading/cut-json.ts";
import { isCut, opened } from "../../../../src/stages/assemble/reading/values.ts";
import { processorTime } from "../../../builders/processor-time.ts";

describe("a value", () => {
  test("is opened whether it is plain, JSON text, or JSON text of JSON text", () => {
    for (const given of [{ a: [1] }, '{"a":[1]}', JSON.stringify('{"a":[1]}')]) expect(opened(given)).toEqual({ a: [1] });
    for (const given of ["plain", "[not json", "42", "true", ""]) expect(opened(given)).toBe(given);
  });

  test("nested deeper than any real one is cut there, and keys that reach into prototypes are dropped", () => {
    const deep = `${"[".repeat(5000)}1${"]".repeat(5000)}`;
    expect(() => JSON.stringify(opened(deep))).not.toThrow();
    expect(JSON.stringify(opened(deep)).length).toBeLessThan(200);
    expect(Object.keys(opened('{"__proto__":{"x":1},"y":2}') as object)).toEqual(["y"]);
  });

  test.each([
    ["a list of objects that breaks off", '[{"role":"user","parts":[{"ty', true],
    ["an object that breaks off", '{"messages": [', true],
    ["a list of texts that breaks off", '["a", "b', true],
    ["whole JSON", '[{"role":"user"}]', false],
    ["a Markdown link", "[Tokyo](https://example.org) is large", false],
    ["a set of braces", "{see below}", false],
    ["text", "hello", false],
  ])("is known to be cut: %s", (_what, given, cut) => {
    expect(isCut(given)).toBe(cut);
  });
});

describe("JSON that was cut", () => {
  const whole = JSON.stringify([
    { role: "user", parts: [{ type: "text", content: 'a "b" \n é, c' }] },
    { role: "assistant", n: [1, 2.5, null, true] },
  ]);

  test("is closed wherever it was cut, and keeps what stood before", () => {
    for (let length = 20; length < whole.length; length += 1) {
      const value = closedJson(whole.slice(0, length));

      expect((value as readonly unknown[])[0]).toMatchObject({ role: "user" });
    }
    expect(closedJson(whole)).toEqual(JSON.parse(whole));
  });

  test("that is no JSON at all stays text", () => {
    for (const text of ["", "hello", "[Tokyo](https://example.org) is", "{see: below", '{"a" b']) expect(opened(text)).toBe(text);
  });

  test("of a megabyte of commas or brackets is tried twice, not once a comma", () => {
    for (const text of [`["a"${',"b"'.repeat(300_000)},x`, `{"a":${"[".repeat(1_000_000)}`, `["${"\\".repeat(500_000)}`]) {
      const spent = processorTime();
      opened(text);
      expect(spent()).toBeLessThan(2000);
    }
  });
});

describe("a Python literal", () => {
  test.each([
    ["{'a': [1, -2.5, None, True, False], \"b\": 'x'}", { a: [1, -2.5, null, true, false], b: "x" }],
    ["('a', 1)", ["a", 1]],
    ["{'text': 'it\\'s \\n \\u00e9 \\x41'}", { text: "it's \n é A" }],
    [
      "Message(role=<Role.USER: 'user'>, content=[{'type': 'text', 'text': 'hi'}], name=None)",
      { role: "user", content: [{ type: "text", text: "hi" }], name: null },
    ],
    ["[]", []],
  ])("is read: %s", (text, value) => {
    expect(pythonValue(text)).toEqual(value);
  });

  test.each(["{'a': ", "{'a' 1}", "{1: 2}", "'a' 'b'", "f(x)", "<Role.USER>", "[1, 2", "{'a': nan}", "'\\U99999999'", "[".repeat(10_000)])(
    "is refused: %s",
    (text) => {
      expect(pythonValue(text)).toBeUndefined();
    },
  );

  test("of a megabyte is read in linear time", () => {
    const text = `[${"{'a': 'bcd', 'e': [1, 2]}, ".repeat(30_000)}]`;
    const spent = processorTime();
    expect(pythonValue(text)).toHaveLength(30_000);
    expect(spent()).toBeLessThan(2000);
  });
});
