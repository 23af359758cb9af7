import { digestOf, shortDigest } from "../../domain/digest.ts";

const hexOf = (text: string): string => text.toLowerCase().replaceAll("-", "");

function idOf(text: string, digits: number): string {
  const hex = hexOf(text);
  return hex.length === digits && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex) ? hex : shortDigest(digestOf(text), digits);
}

/** A store's trace id as 32 hex digits: hex and UUIDs as they are, any other text by its digest. Equal texts give equal ids. */
export const traceIdOf = (text: string): string => idOf(text, 32);

/** A store's span id as 16 hex digits: hex as it is, any other text (UUIDs, too) by its digest. Equal texts give equal ids. */
export const spanIdOf = (text: string): string => idOf(text, 16);
