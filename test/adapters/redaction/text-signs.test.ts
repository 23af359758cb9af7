import { expect, test } from "vitest";
import { findPersonalData, personalDataDetectors } from "../../../src/adapters/redaction/personal-data.ts";
import { mayHoldPersonalData } from "../../../src/adapters/redaction/text-signs.ts";
import { seededRandom } from "../../../src/domain/random.ts";

const values = [
  "Ada.Lovelace@mail.example",
  "+49 (0)30 1234-5678",
  "(415) 555-0132",
  "415.555.0132",
  "call 020 7946 0958",
  "4111 1111 1111 1111",
  "378282246310005",
  "DE89 3704 0044 0532 0130 00",
  "gb82west12345698765432",
  "123-45-6789",
  "AB 12 34 56 C",
  "12345678Z",
  "X1234567-L",
  "529.982.247-25",
  "RSSMRA85T10A562S",
  "11010519491231002X",
  "2 55 08 2A 168 025 17",
  "811228-9874",
  "203.0.113.7",
  "8.8.4.4",
  "2001:db8:85a3::8a2e:370:7334",
  "2001:db8:0:0:0:1:0:1",
];

/** Texts around the values, with letters, digits and signs changed here and there. */
function variants(count: number): readonly string[] {
  const random = seededRandom(3, "text-signs");
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const around = ["", " ", "\n", "\t", "x", "5", "/", "\\", "é", "(", "tel ", ", ", '"', "of "];
  return Array.from({ length: count }, () => {
    const value = Array.from(pick(values), (character) => (random() < 0.04 ? pick([" ", "-", ".", "/", "7", "A", ""]) : character)).join(
      "",
    );
    return `${pick(around)}${pick(around)}${value}${pick(around)}`;
  });
}

const found = (text: string): readonly string[] =>
  personalDataDetectors
    .flatMap((detector) => detector(text).map(({ end, kind, start, value }) => `${kind} ${start} ${end} ${value}`))
    .toSorted();

test("what the quick look leaves out holds nothing, neither as it is nor inside JSON", () => {
  let withValues = 0;
  for (const text of variants(6_000)) {
    const all = found(text);
    const quick = findPersonalData(text).map(({ end, kind, start, value }) => `${kind} ${start} ${end} ${value}`);
    expect({ text, found: quick.toSorted() }).toEqual({ text, found: all });
    if (all.length === 0) continue;
    withValues += 1;
    const json = JSON.stringify({ text });
    const slashed = json.replaceAll("/", "\\/");
    const nested = JSON.stringify([json]);
    expect([text, json, slashed, nested].filter((form) => !mayHoldPersonalData(form))).toEqual([]);
  }
  expect(withValues).toBeGreaterThan(2_000);
});

test("most of what agents say is left out", () => {
  const said = [
    "Your flight HAT136 leaves on 2024-05-15 at 10:30:00; the fee is $1,234.50.",
    '{"reservation":"EHGLP3","payment_id":"credit_card_7815826","passengers":2}',
    "I will cancel order #W2378156 and refund 54.04 to the card.",
  ];
  expect(said.filter((text) => mayHoldPersonalData(text))).toEqual([]);
});
