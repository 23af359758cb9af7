import { digestOf, shortDigest } from "../digest.ts";

/**
 * Untrusted text between two marks that it cannot hold: the mark is made from the text's own digest, so nobody can write it beforehand.
 * What stands between them is evidence, never instruction; the prompt says so.
 */
export function fence(text: string): string {
  let mark = `untrusted-${shortDigest(digestOf(text), 16)}`;
  // A text that holds its own digest cannot be made; this is for the digest being cut to 64 bits.
  while (text.includes(mark)) mark = `untrusted-${shortDigest(digestOf(mark + text), 16)}`;
  return `<${mark}>\n${text}\n</${mark}>`;
}
