import { createHash, timingSafeEqual } from "node:crypto";
import type { Brand } from "../ids.ts";

/** What a sender shows to write into a trace project: `tup_`, 43 letters and digits from 32 random bytes, 6 of their checksum. Never stored. */
export type ProjectToken = Brand<string, "ProjectToken">;
/** SHA-256 of a token in hex: all that is ever stored of it. A plain hash is enough, because the token holds 256 random bits. */
export type TokenHash = Brand<string, "TokenHash">;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const bodyLength = 43;
const checksumLength = 6;
const form = new RegExp(`^tup_[0-9A-Za-z]{${bodyLength + checksumLength}}$`);

function inBase62(bytes: Uint8Array, length: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  while (text.length < length) {
    text = `${alphabet[Number(value % 62n)] ?? ""}${text}`;
    value /= 62n;
  }
  return text;
}

const checksumOf = (body: string): string => inBase62(createHash("sha256").update(`tup_${body}`).digest().subarray(0, 4), checksumLength);

/** A token from 32 random bytes. */
export function makeProjectToken(random: Uint8Array): ProjectToken {
  const body = inBase62(random, bodyLength);
  return `tup_${body}${checksumOf(body)}` as ProjectToken;
}

/** The token in a text, or `undefined` where the text is none: cut, mistyped, or something else. Says nothing about whether it is known. */
export function parseProjectToken(text: string): ProjectToken | undefined {
  if (!form.test(text)) return undefined;
  return text.slice(-checksumLength) === checksumOf(text.slice(4, -checksumLength)) ? (text as ProjectToken) : undefined;
}

export const hashOfToken = (token: ProjectToken): TokenHash => createHash("sha256").update(token).digest("hex") as TokenHash;

/** Compares in a time that does not depend on where they differ. */
export const sameHash = (one: TokenHash, other: TokenHash): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one, "utf8"), Buffer.from(other, "utf8"));
