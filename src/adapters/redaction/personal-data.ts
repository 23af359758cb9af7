import { ibanLengths, passesIban, passesLuhn } from "./check-digits.ts";
import { type NationalId, nationalIds } from "./national-ids.ts";
import { mayHoldCalledPhone, mayHoldPhone } from "./text-signs.ts";

/** A value found in a text: UTF-16 offsets, `end` exclusive; `value` is what equal values have in common. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  readonly value: string;
}

/** What finds one kind of value in a text. */
export type Detector = (text: string) => readonly Finding[];

const digitsOf = (text: string): string => text.replace(/\D/g, "");

/** Every match whose value the function gives; `undefined` is no finding. */
export function detect(kind: string, pattern: RegExp, valueOf: (found: string) => string | undefined): Detector {
  return (text) => {
    const findings: Finding[] = [];
    for (const match of text.matchAll(pattern)) {
      // Where a pattern has a group, that group alone is the value: what stands before it only gives it away.
      const found = match[1] ?? match[0];
      const value = valueOf(found);
      const end = match.index + match[0].length;
      if (value !== undefined && found !== "") findings.push({ start: end - found.length, end, kind, value });
    }
    return findings;
  };
}

const email = detect(
  "EMAIL",
  // A backslash before the first letter: an escape sequence of text that was cut, not a part of the address.
  /(?<!\\)[\p{L}\p{N}_][\p{L}\p{N}._%+'-]{0,63}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}])/gu,
  (found) => found.normalize("NFC").toLowerCase(),
);

/** National form and `+1` are the same number in North America. */
export function phoneValue(found: string): string | undefined {
  const digits = digitsOf(found);
  if (digits.length < 8 || digits.length > 15) return undefined;
  return digits.length === 11 && digits.startsWith("1") ? digits.slice(1) : digits;
}

const internationalPhone = detect("PHONE", /(?<![\w+])\+\d(?:[ ()./-]{0,3}\d){7,14}(?![\w])/g, phoneValue);

const northAmericanPhone = detect(
  "PHONE",
  /(?<![\w+.-])(?:1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])\d{3}[-. ]\d{4}(?!\w|[-.]\d)/g,
  phoneValue,
);

/** A number after a word that calls it one. */
const calledPhone = detect(
  "PHONE",
  /(?:phone|mobile|cell|whatsapp|telefon|t[ée]l[ée]phone|handy|fax|\btel|\bcall|\bsms)[^\d\n+]{0,30}(\(?\d(?:[ ()./-]{0,2}\d){7,14})(?!\w|-\w)/gi,
  phoneValue,
);

const cardRanges =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})$/;

/** The digits of a payment card, or `undefined` where range or check digit say that it is none. */
export function cardValue(found: string): string | undefined {
  const digits = digitsOf(found);
  return cardRanges.test(digits) && passesLuhn(digits) ? digits : undefined;
}

const card = detect("CARD", /(?<![\w#.-])\d(?:[ -]?\d){12,18}(?![\w-])/g, cardValue);

function ibanValue(found: string): string | undefined {
  const iban = found.replace(/[ -]/g, "").toUpperCase();
  return ibanLengths.get(iban.slice(0, 2)) === iban.length && passesIban(iban) ? iban : undefined;
}

const ibanForms: ReadonlyMap<number, RegExp> = new Map(
  [...new Set(ibanLengths.values())].map((length) => [length, new RegExp(`^[A-Z0-9](?:[ -]?[A-Z0-9]){${length - 1}}(?![A-Z0-9])`, "i")]),
);

/** An IBAN of its country's length; words that follow it without a sign between them do not hide it. */
const iban: Detector = (text) => {
  const findings: Finding[] = [];
  for (const { index: start } of text.matchAll(/(?<![A-Za-z0-9])[A-Z]{2}\d{2}[ -]?[A-Z0-9]{2}/gi)) {
    const length = ibanLengths.get(text.slice(start, start + 2).toUpperCase());
    if (length === undefined) continue;
    const found = ibanForms.get(length)?.exec(text.slice(start, start + 2 * length))?.[0];
    const value = found === undefined ? undefined : ibanValue(found);
    if (found !== undefined && value !== undefined) findings.push({ start, end: start + found.length, kind: "IBAN", value });
  }
  return findings;
};

const compact = (found: string): string => found.replace(/[ .+-]/g, "").toUpperCase();

const idDetector = ({ country, holds, pattern }: NationalId): Detector =>
  detect("NATIONAL_ID", pattern, (found) => (holds(compact(found)) ? `${country}${compact(found)}` : undefined));

/** Ids of eight digits in a row or more, and the others. */
const longIds = nationalIds.filter(({ isLong }) => isLong).map(idDetector);
const otherIds = nationalIds.filter(({ isLong }) => !isLong).map(idDetector);

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
/** Machines of one's own network and of none: they say nothing about a person. */
const ownNetwork = /^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|22[4-9]\.|2[345]\d\.)/;

// A slash or a v before it makes it a version: Chrome/120.0.0.0.
const ipv4 = detect("IP", new RegExp(`(?<![\\w.])(?<![A-Za-z]/)(?:${octet}\\.){3}${octet}(?![\\w]|\\.\\d)`, "g"), (found) =>
  ownNetwork.test(found) ? undefined : found,
);

/** The eight groups of an IPv6 address in full, or `undefined`. */
function ipv6Value(found: string): string | undefined {
  const [head = "", tail, more] = found.toLowerCase().split("::");
  if (more !== undefined) return undefined;
  const groups = (text: string | undefined): readonly string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const [before, after] = [groups(head), groups(tail)];
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  const value = all.map((group) => group.padStart(4, "0")).join(":");
  // Times and ratios are made of two or three groups; loopback, unspecified, link-local and unique local addresses are nobody's.
  return before.length + after.length < 3 || /^(?:fe[89ab]|f[cd])/.test(value) ? undefined : value;
}

/** Without a double colon an address has all of its eight groups. */
const hasSevenColons = /(?::[0-9a-f]{1,4}){7}/i;

const ipv6 = detect("IP", /(?<![\w:.])[0-9a-f]{0,4}(?::{1,2}[0-9a-f]{1,4}){2,7}(?:::)?(?![\w:])/gi, ipv6Value);

/** Every detector that is always on, so that what is left out by `findPersonalData` and `mayHoldPersonalData` can be held against it. */
export const personalDataDetectors: readonly Detector[] = [
  email,
  card,
  iban,
  internationalPhone,
  northAmericanPhone,
  calledPhone,
  ...longIds,
  ...otherIds,
  ipv4,
  ipv6,
];

/** Finds personal data that is told by its own form, without running what cannot find anything. In order of kinds; findings may overlap. */
export function findPersonalData(text: string): readonly Finding[] {
  if (!/[@\d]/.test(text)) return [];
  const findings: Finding[] = [];
  const run = (...detectors: readonly Detector[]): void => {
    for (const detector of detectors) findings.push(...detector(text));
  };
  if (text.includes("@")) run(email);
  if (!/\d/.test(text)) return findings;
  if (mayHoldPhone(text)) {
    run(card, northAmericanPhone, ...longIds);
    if (text.includes("+")) run(internationalPhone);
    if (mayHoldCalledPhone(text)) run(calledPhone);
  }
  run(iban, ...otherIds, ipv4);
  if (text.includes("::") || hasSevenColons.test(text)) run(ipv6);
  return findings;
}

/** Kinds that are off unless the operator asks for them: by themselves they may be something else. */
export const furtherDetectors: Readonly<Record<"mac-address" | "bare-phone" | "coordinates", Detector>> = {
  "mac-address": detect("MAC_ADDRESS", /(?<![\w:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:-])/gi, (found) =>
    found.toLowerCase().replaceAll("-", ":"),
  ),
  "bare-phone": detect("PHONE", /(?<![\w#.-])1?[2-9]\d{2}[2-9]\d{6}(?![\w.-])/g, phoneValue),
  coordinates: detect("COORDINATES", /(?<![\w.])-?(?:90|[1-8]?\d)\.\d{4,10}\s?,\s?-?(?:180|1[0-7]\d|\d?\d)\.\d{4,10}(?![\w.])/g, (found) =>
    found.replace(/\s/g, ""),
  ),
};
