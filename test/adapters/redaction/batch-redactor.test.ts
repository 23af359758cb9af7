import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { redactionKeys } from "../../../src/adapters/redaction/redaction-key.ts";
import { instant, type Json, projectId } from "../../../src/domain/ids.ts";
import { seededRandom } from "../../../src/domain/random.ts";
import type { TraceBatch } from "../../../src/domain/span.ts";
import { aRedactor, aSpan, project, redactedText } from "./redactor-builder.ts";

const planted = "ada@example.com";
const at = instant("2026-01-01T00:00:00.000Z");

const asText = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The planted value in every field that may hold text. */
const everywhere = (): TraceBatch => ({
  spans: [
    aSpan(
      {
        plain: planted,
        nested: { list: [{ deep: planted }], [planted]: 1 },
        json: JSON.stringify({ a: [planted], b: JSON.stringify({ c: `\n${planted}` }) }),
        [`key ${planted}`]: true,
      },
      {
        name: `chat ${planted}`,
        statusMessage: `no mail for ${planted}`,
        events: [{ name: `to ${planted}`, at, attributes: { message: planted } }],
        resource: { owner: planted },
      },
    ),
  ],
  logs: [{ at, name: planted, body: { text: planted, parts: [planted] }, attributes: { from: planted }, resource: { owner: planted } }],
  feedback: [{ traceId: "a".repeat(32), feedback: { name: planted, label: planted, comment: `says ${planted}`, by: "user" } }],
});

describe("a redacted batch", () => {
  test("holds a planted value in no field, and counts it without saying it", async () => {
    const { batch, counts } = await aRedactor().redact(project, everywhere());
    expect(JSON.stringify(batch)).not.toContain("ada@");
    expect(counts).toEqual({ EMAIL: JSON.stringify(batch).split("<EMAIL_").length - 1 });
    expect(counts).toEqual({ EMAIL: 19 });
    const json = JSON.parse(asText(batch.spans[0]?.attributes["json"])) as { b: string };
    expect(JSON.parse(json.b)).toEqual({ c: expect.stringMatching(/^\n<EMAIL_/) });
  });

  test("is the same object where there is nothing to replace", async () => {
    const attributes = { model: "gpt-4o", text: "nothing here ".repeat(30), n: 12 };
    expect((await aRedactor().redact(project, { spans: [aSpan(attributes)] })).batch.spans[0]?.attributes).toBe(attributes);
  });

  test("keeps the form of the JSON around what it replaces", async () => {
    const text = `[ {"n": 1.0, "to": "${planted}", "card": 4111111111111111, "e": 1e5}, {"order": 123456789012}]`;
    expect((await redactedText(text)).replace(/_[a-z2-7]{10}>/g, ">")).toBe(
      '[ {"n": 1.0, "to": "<EMAIL>", "card": "<CARD>", "e": 1e5}, {"order": 123456789012}]',
    );
  });

  test("is redacted also where its JSON was cut", async () => {
    const text = `[{"role":"user","content":"mail me\\n${planted} or call 415-555-0132 and ${"so on ".repeat(60)}`;
    expect((await redactedText(text)).replace(/_[a-z2-7]{10}>/g, ">")).toContain("mail me\\n<EMAIL> or call <PHONE> and");
  });

  test("says differently in every project, and the same in each", async () => {
    const redactor = aRedactor();
    const of = async (name: string): Promise<Json | undefined> =>
      (await redactor.redact(projectId(name), { spans: [aSpan({ text: planted })] })).batch.spans[0]?.attributes["text"];
    expect(await of("one")).toBe(await of("one"));
    expect(await of("one")).not.toBe(await of("two"));
    expect(await redactor.redactValue(projectId("one"), "ADA@example.com")).toBe(await of("one"));
  });

  test("follows the operator: further kinds, own patterns in linear time, values that stay", async () => {
    const redactor = aRedactor({
      also: ["mac-address"],
      patterns: [
        { kind: "CUSTOMER", pattern: "\\bC-[0-9]{6}\\b" },
        { kind: "NAME", pattern: "my name is ([A-Z][a-z]+)" },
        { kind: "SLOW", pattern: "(a+)+b" },
      ],
      keep: ["Support@acme.example"],
    });
    const text = `C-123456, my name is Ada, 00:1A:2b:3C:4d:5e, support@acme.example, ada@acme.example, ${"a".repeat(20_000)}c`;
    expect((await redactedText(text, redactor)).replace(/_[a-z2-7]{10}>/g, ">").slice(0, 110)).toBe(
      "<CUSTOMER>, my name is <NAME>, <MAC_ADDRESS>, support@acme.example, <EMAIL>, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    );
    expect(() => aRedactor({ patterns: [{ kind: "BACK", pattern: "(a)\\1" }] })).toThrow(/pattern for BACK cannot be read/);
  });
});

describe("a system prompt", () => {
  const prompt = (customer: string): string =>
    `You are the assistant of Acme. Escalate to support@acme.example.\nThe customer's e-mail is ${customer}.`;
  const session = (index: number, customer: string, key = `sk-ant-api03-${"aB3".repeat(31)}AA`): ReturnType<typeof aSpan> =>
    aSpan({
      "session.id": `s${index}`,
      "user.id": `u${index}`,
      "gen_ai.input.messages": JSON.stringify([
        { role: "system", content: `${prompt(customer)} ${key} ${"Be polite. ".repeat(20)}` },
        { role: "user", content: `I am ${customer}; is support@acme.example your address?` },
      ]),
    });
  const contents = (value: Json | undefined): readonly string[] =>
    (JSON.parse(asText(value)) as { content: string }[]).map((one) => one.content);

  test("keeps the operator's own address and loses each customer's, and every secret", async () => {
    const { batch } = await aRedactor().redact(project, {
      spans: [1, 2, 3, 4].map((index) => session(index, `customer${index}@mail.example`)),
    });
    for (const span of batch.spans) {
      const [system = "", user = ""] = contents(span.attributes["gen_ai.input.messages"]);
      expect(system).toContain("Escalate to support@acme.example.");
      expect(system).toMatch(/e-mail is <EMAIL_[a-z2-7]{10}>\. <SECRET_/);
      expect(user).toMatch(/^I am <EMAIL_\w+>; is <EMAIL_\w+> your/);
    }
  });

  test("loses what has not been seen with two people yet, and says the same throughout a session", async () => {
    const redactor = aRedactor();
    const first = await redactor.redact(project, { spans: [session(1, "a@mail.example")] });
    const second = await redactor.redact(project, { spans: [session(2, "b@mail.example"), session(1, "a@mail.example")] });
    const system = (batch: TraceBatch, index: number): string => contents(batch.spans[index]?.attributes["gen_ai.input.messages"])[0] ?? "";
    expect(system(first.batch, 0)).toMatch(/Escalate to <EMAIL_/);
    expect(system(second.batch, 0)).toContain("Escalate to support@acme.example");
    expect(system(second.batch, 1)).toBe(system(first.batch, 0));
  });

  test("in attributes of its own, tool definitions included, is treated alike", async () => {
    const spans = [1, 2].map((index) =>
      aSpan({
        "session.id": `s${index}`,
        "user.id": `u${index}`,
        "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: prompt(`c${index}@mail.example`) }]),
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": prompt(`c${index}@mail.example`),
        "llm.tools.0.tool.json_schema": JSON.stringify({ description: "Mails help@acme.example" }),
      }),
    );
    const { batch } = await aRedactor().redact(project, { spans });
    const text = JSON.stringify(batch.spans[1]);
    expect(text).toContain("help@acme.example");
    expect(text).not.toContain("c2@mail.example");
    expect(text.split("support@acme.example")).toHaveLength(3);
  });
});

describe("whatever the text", () => {
  const pieces = [
    "ada@example.com", "Bob@x.example", "4111 1111 1111 1111", "+49 30 12345678", "415-555-0132", "4155550132", "123-45-6789", "203.0.113.9", "::ffff:1:2:3",
    "DE89370400440532013000", `ghp_${"a1B2c3D4e5F6".repeat(3)}`, "password: hunter2x", "-----BEGIN PRIVATE KEY-----", "\n", " ", ".", "-", "1", "é", "\\n", '"', "{", "[1]",
    "https://a:b12@c.example", "call ", "my text", "<EMAIL_aaaaaaaaaa>", "<", ">", "_", "@", ",",
  ]; // oxfmt-ignore
  const texts = (count: number): readonly string[] => {
    const random = seededRandom(7, "redaction");
    return Array.from({ length: count }, () => {
      const parts = Array.from({ length: 1 + Math.floor(random() * 7) }, () => pieces[Math.floor(random() * pieces.length)] ?? "");
      const text = parts.join("");
      return random() < 0.3 ? JSON.stringify({ text, list: [JSON.stringify(parts)] }) : text;
    });
  };

  test("redacting twice changes nothing more, and JSON stays JSON", async () => {
    const attributes = Object.fromEntries(texts(600).map((text, index) => [`a${index}`, text]));
    const redactor = aRedactor();
    const once = (await redactor.redact(project, { spans: [aSpan(attributes)] })).batch.spans[0]?.attributes ?? {};
    const twice = (await redactor.redact(project, { spans: [aSpan(once)] })).batch.spans[0]?.attributes;
    const fresh = (await aRedactor().redact(project, { spans: [aSpan(once)] })).batch.spans[0]?.attributes;
    expect(twice).toEqual(once);
    expect(fresh).toEqual(once);
    const broken = Object.entries(attributes).filter(([key, text]) => text.startsWith('{"text"') && !isJson(asText(once[key])));
    expect(broken).toEqual([]);
  });

  test("different values get different placeholders, equal ones the same in every batch", async () => {
    const redactor = aRedactor();
    const of = (offset: number): Readonly<Record<string, Json>> =>
      Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`a${index}`, `user${index + offset}@example.com`]));
    const tags = async (offset: number): Promise<readonly unknown[]> =>
      Object.values((await redactor.redact(project, { spans: [aSpan(of(offset))] })).batch.spans[0]?.attributes ?? {});
    const [first, second] = [await tags(0), await tags(1000)];
    expect(new Set([...first, ...second]).size).toBe(3000);
    expect(second.slice(0, 1000)).toEqual(first.slice(1000));
  });
});

describe("the redaction key", () => {
  const folder = mkdtempSync(join(tmpdir(), "tuneup-key-"));
  test("is made once, is for its owner's eyes only, and differs by project", () => {
    const path = join(folder, "data", "redaction.key");
    const one = redactionKeys(path)(project);
    expect(redactionKeys(path)(project)).toEqual(one);
    expect(redactionKeys(path)(projectId("other"))).not.toEqual(one);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, "nothing");
    expect(() => redactionKeys(path)(project)).toThrow(/holds no redaction key/);
    rmSync(folder, { recursive: true });
  });
});
