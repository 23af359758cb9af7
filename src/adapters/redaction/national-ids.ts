import { passesLuhn } from "./check-digits.ts";

/** A form of national id whose own rules or check digits make chance matches rare. `group 0` is the id. */
export interface NationalId {
  /** For docs and tests. */
  readonly country: string;
  readonly pattern: RegExp;
  /** At least eight of its digits stand in a row, with nothing but separators of phone numbers between them. */
  readonly isLong: boolean;
  /** Over the id without spaces, dots and hyphens, in upper case. */
  readonly holds: (compact: string) => boolean;
}

const weighted = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, index) => sum + weight * (digits.charCodeAt(index) - 48), 0);

const isDate = (month: string, day: string): boolean => Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;

function isCpf(cpf: string): boolean {
  const check = (length: number): number => {
    const rest =
      (weighted(
        cpf,
        Array.from({ length }, (_, index) => length + 1 - index),
      ) *
        10) %
      11;
    return rest === 10 ? 0 : rest;
  };
  return !/^(\d)\1+$/.test(cpf) && check(9) === Number(cpf[9]) && check(10) === Number(cpf[10]);
}

const chineseWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** The last letter of an Italian tax code (decree of 12 March 1974): odd places by table, even places by rank, modulo 26. */
function isItalian(code: string): boolean {
  const rank = (character: string): number => (/\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65);
  const sum = Array.from(code.slice(0, 15)).reduce(
    (total, character, index) => total + (index % 2 === 0 ? (oddValues[rank(character)] ?? 0) : rank(character)),
    0,
  );
  return code.charCodeAt(15) - 65 === sum % 26;
}

/** A French number's two check digits: 97 less the rest of the others by 97, where Corsica's departments 2A and 2B count as 19 and 18. */
function isFrench(id: string): boolean {
  const department = id.slice(5, 7).replace("2A", "19").replace("2B", "18");
  const digits = `${id.slice(0, 5)}${department}${id.slice(7, 13)}`;
  return /^\d+$/.test(digits) && 97 - (Number(digits) % 97) === Number(id.slice(13));
}

const spanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

/** Ids that are told by themselves, without the words around them. */
export const nationalIds: readonly NationalId[] = [
  // Never issued: area 000, 666, 9xx; group 00; serial 0000 (Social Security Administration).
  { country: "US", isLong: true, pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g, holds: () => true },
  {
    country: "GB",
    isLong: false,
    pattern: /(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} \d{2} \d{2} [A-D](?!\w)/g,
    holds: () => true,
  },
  {
    country: "ES",
    isLong: false,
    pattern: /(?<![\w-])[XYZ\d]\d{7}-?[A-HJ-NP-TV-Z](?![\w-])/g,
    holds: (id) => spanishLetters[Number(id.slice(0, 8).replace("X", "0").replace("Y", "1").replace("Z", "2")) % 23] === id[8],
  },
  {
    country: "FR",
    isLong: true,
    pattern: /(?<!\w)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)/g,
    holds: isFrench,
  },
  { country: "IT", isLong: false, pattern: /(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)/g, holds: isItalian },
  { country: "BR", isLong: true, pattern: /(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])/g, holds: isCpf },
  {
    country: "CN",
    isLong: true,
    pattern: /(?<!\w)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX](?!\w)/gi,
    holds: (id) => "10X98765432"[weighted(id, chineseWeights) % 11] === id[17],
  },
  {
    country: "SE",
    isLong: true,
    pattern: /(?<![\w-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])/g,
    holds: (id) => passesLuhn(id.slice(-10)) && isDate(id.slice(-8, -6), id.slice(-6, -4)),
  },
];
