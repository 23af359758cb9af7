import { describe, expect, test } from "vitest";
import { errorTemplate } from "../../../src/domain/text/error-template.ts";

describe("an error's template", () => {
  test.each([
    ["Error: order 4711 not found", "Error: order <*> not found"],
    ["no user anna.berg+1@example.com at https://api.example.com/v1/users?id=3", "no user <*> at <*>"],
    ["request 8f14e45f-ceea-467f-a0e6-5f3c1d2b9a77 failed", "request <*> failed"],
    ["cannot read /srv/data/a1.json, C:\\temp\\x or 'the file'", "cannot read <*> or <*>"],
    ["seats 1, 2, 3 are taken", "seats <*> are taken"],
    ["Error: seat 12A\n   taken", "Error: seat <*> taken"],
    ["", ""],
  ])("masks what varies: %s", (text, template) => {
    expect(errorTemplate(text)).toBe(template);
  });

  test.each([
    ['{"error": "order 4711 is not paid"}', "order <*> is not paid"],
    ['{"error": {"code": "not_found", "message": "no order 4711"}}', "not_found: no order <*>"],
    ['{"status": "failed", "detail": "too late by 3 days", "id": "x1"}', "too late by <*> days"],
  ])("of a JSON object is made of its message: %s", (text, template) => {
    expect(errorTemplate(text)).toBe(template);
  });

  test("of an object without a message, of broken JSON and of nested nonsense is still a text", () => {
    expect(errorTemplate('{"ok": false}')).toBe("{<*>: false}");
    expect(errorTemplate('{"error": "order 4711')).toContain("order <*>");
    expect(errorTemplate(`${'{"error":'.repeat(50)}1${"}".repeat(50)}`)).toBeTypeOf("string");
  });

  test("is bounded and quick for hostile texts", () => {
    for (const text of [
      "a.".repeat(200_000),
      "'".repeat(200_000),
      "/a".repeat(200_000),
      "1-".repeat(200_000),
      `{"error":"${"x".repeat(300_000)}"}`,
    ])
      expect(errorTemplate(text).length).toBeLessThanOrEqual(200);
  });
});
