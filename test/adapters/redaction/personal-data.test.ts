import { describe, expect, test } from "vitest";
import { redacted, redactedText } from "./redactor-builder.ts";

const kindsIn = async (text: string): Promise<readonly string[]> =>
  [...(await redactedText(text)).matchAll(/<([A-Z_]+)_[a-z2-7]{10}>/g)].map((match) => match[1] ?? "");

describe("personal data is found by its form", () => {
  test.each([
    ["EMAIL", "write to Ada.Lovelace+x@mail.example.co.uk, please"],
    ["EMAIL", "<müller@bücher.example>"],
    ["PHONE", "+49 (0)30 1234-5678"],
    ["PHONE", "(415) 555-0132"],
    ["PHONE", "my line is 555-123-2002."],
    ["PHONE", "call me at 020 7946 0958"],
    ["PHONE", '"phone_number": "07700900123"'],
    ["CARD", "4111 1111 1111 1111"],
    ["CARD", "378282246310005"],
    ["CARD", "card 5555-5555-5555-4444 please"],
    ["IBAN", "DE89 3704 0044 0532 0130 00 is mine"],
    ["IBAN", "gb82west12345698765432"],
    ["NATIONAL_ID", "SSN 123-45-6789"],
    ["NATIONAL_ID", "QQ is not issued but AB 12 34 56 C is"],
    ["NATIONAL_ID", "12345678Z"],
    ["NATIONAL_ID", "529.982.247-25"],
    ["NATIONAL_ID", "RSSMRA85T10A562S"],
    ["NATIONAL_ID", "11010519491231002X"],
    ["NATIONAL_ID", "2 55 08 14 168 025 38"],
    ["NATIONAL_ID", "811228-9874"],
    ["IP", "from 203.0.113.7:443"],
    ["IP", "2001:db8:85a3::8a2e:370:7334"],
  ])("%s: %s", async (kind, text) => {
    expect(await kindsIn(text)).toEqual([kind]);
  });
});

describe("what only looks like it stays", () => {
  test.each([
    ["an order id", "#W2378156 and order 113-3456789-0123456"],
    ["a reservation", "EHGLP3, flight HAT136, certificate_7504069"],
    ["a card of the store's own numbering", "credit_card_4421486"],
    ["digits that fail the card's check", "4111 1111 1111 1112"],
    ["a product number", "1656367028 and 9523456873"],
    ["a French number's form with a department that there is not", "2 55 08 7A 168 025 38"],
    ["a date and a time", "2026-01-02T10:11:12.000Z, 01/02/2024 12:30, 10:15:30"],
    ["a version", "Chrome/120.0.0.0, v1.2.3.4 and 1.2.3"],
    ["one's own network", "http://127.0.0.1:8080, 192.168.0.1, ::1, fe80::1:2:3"],
    ["an amount", "1,234,567.89 USD and 100 000 000"],
    ["an IBAN with a wrong check", "DE89 3704 0044 0532 0130 01"],
    ["a uuid", "7d444840-9dc0-11d1-b245-5ffdce74fad2"],
    ["a code path", "src/a.ts:12:3 and std::vector::begin"],
    ["a mention", "@ada and a @ b"],
    ["a time stamp in nanoseconds", "1767225600000000000"],
  ])("%s: %s", async (_, text) => {
    expect(await redacted(text)).toBe(text);
  });
});

describe("equal values", () => {
  test.each([
    ["Ada@Example.com", "ada@example.com"],
    ["+1 (415) 555-0132", "415.555.0132"],
    ["4111 1111 1111 1111", "4111-1111-1111-1111"],
    ["DE89370400440532013000", "de89 3704 0044 0532 0130 00"],
    ["2001:db8::1:0:1", "2001:0DB8:0:0:0:1:0:1"],
  ])("%s and %s get one placeholder", async (left, right) => {
    const [one, other] = [await redacted(left), await redacted(right)];
    expect(one).toMatch(/^<[A-Z]+_[a-z2-7]{10}>$/);
    expect(other).toBe(one);
  });

  test("a number told once is known without its separators, too", async () => {
    const text = JSON.stringify([
      { role: "user", content: `My number is 415-555-0132, the order is 4155550199. ${"Thank you. ".repeat(20)}` },
      {
        role: "assistant",
        tool_calls: [{ name: "find", arguments: JSON.stringify({ customer: "4155550132", order: "4155550199", n: 4155550132 }) }],
      },
    ]);
    const [user, call] = JSON.parse(await redactedText(text)) as [{ content: string }, { tool_calls: [{ arguments: string }] }];
    const phone = /<PHONE_[a-z2-7]{10}>/.exec(user.content)?.[0];
    expect(JSON.parse(call.tool_calls[0].arguments)).toEqual({ customer: phone, order: "4155550199", n: phone });
  });
});
