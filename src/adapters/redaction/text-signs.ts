/**
 * What every value with a form of its own holds somewhere: one expression that begins at few characters and so runs through a text many times faster than the
 * detectors one after the other. It may hold where there is no value, never the other way round. It is also right about JSON text against the
 * strings in it: a backslash is passed over, and `\u` may stand for anything.
 */
const signs = new RegExp(
  [
    "@",
    "\\\\u",
    // An IPv6 address: shortened, or seven colons.
    "::|:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){5}",
    "\\+\\d(?:[ ()./\\\\-]*\\d){7}",
    // All others begin with a digit, or are told by what stands before one.
    `\\d(?:${[
      // Ids, cards and phones without separators; what was told as a phone number before.
      "\\d{7}",
      "(?:[ -]?\\d){12}",
      "\\d\\d\\)?[-. ]{0,2}\\d{3}[-. ]\\d{4}",
      // National ids: US, FR, BR, SE, ES, GB.
      "\\d\\d-\\d\\d-\\d{4}",
      "\\d\\d ?\\d{3} ?\\d\\d",
      "\\d\\d\\.\\d{3}\\.\\d{3}-\\d\\d",
      "\\d{5}[-+]\\d{4}",
      "\\d{6}[A-Za-z-]",
      "\\d \\d\\d \\d\\d ",
      // An IPv4 address.
      "\\d{0,2}\\.\\d{1,3}\\.\\d{1,3}\\.\\d",
      // An IBAN: two letters before two digits, where the letter before may be that of an escape in JSON. An Italian tax code: six.
      "(?<=(?<![A-Za-z])[A-Za-z]{2}\\d)\\d",
      "(?<=\\\\[A-Za-z]{3}\\d)\\d",
      "(?<=[A-Z]{6}\\d)\\d",
    ].join("|")})`,
  ].join("|"),
);

const eightDigits = /\d(?:[ ()./+\\-]*\d){7}/;
/** Words before a number that call it one for phones, and what fields are called that hold one. */
const callWords = /phone|mobile|cell|whatsapp|telefon|t[ée]l|handy|fax|call|sms/i;

/** Whether a text may hold eight digits or more with nothing but the separators of phone numbers between them. */
export const mayHoldPhone = (text: string): boolean => eightDigits.test(text);

/** Whether a text may hold a number that a word before it calls a phone number. */
export const mayHoldCalledPhone = (text: string): boolean => callWords.test(text) && eightDigits.test(text);

/** Whether personal data that is told by its form or its field's name may be in a text, or in the strings and numbers of the JSON that it may be. */
export const mayHoldPersonalData = (text: string): boolean => signs.test(text) || mayHoldCalledPhone(text);
