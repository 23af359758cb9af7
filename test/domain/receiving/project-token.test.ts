import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hashOfToken, makeProjectToken, parseProjectToken, sameHash } from "../../../src/domain/receiving/project-token.ts";

describe("a project's token", () => {
  test("is recognisable, the same for the same bytes, and never the same for others", () => {
    const token = makeProjectToken(new Uint8Array(32).fill(255));
    expect(token).toMatch(/^tup_[0-9A-Za-z]{49}$/);
    expect(makeProjectToken(new Uint8Array(32).fill(255))).toBe(token);
    expect(makeProjectToken(new Uint8Array(32))).toMatch(/^tup_0{43}[0-9A-Za-z]{6}$/);
    const many = new Set(Array.from({ length: 200 }, () => makeProjectToken(randomBytes(32))));
    expect(many.size).toBe(200);
    expect([...many].every((one) => parseProjectToken(one) === one)).toBe(true);
  });

  test("a cut or mistyped one is told without asking anybody", () => {
    const token = makeProjectToken(new Uint8Array(32).fill(7));
    const swapped = `${token.slice(0, 20)}${token[20] === "A" ? "B" : "A"}${token.slice(21)}`;
    for (const wrong of [token.slice(0, -1), `${token}0`, swapped, token.toUpperCase(), ` ${token}`, `${token}\n`, "tup_", ""])
      expect(parseProjectToken(wrong)).toBeUndefined();
  });

  test("is kept as its SHA-256, which says whether two are the same", () => {
    const [one, other] = [makeProjectToken(new Uint8Array(32)), makeProjectToken(new Uint8Array(32).fill(1))];
    expect(hashOfToken(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(sameHash(hashOfToken(one), hashOfToken(one))).toBe(true);
    expect(sameHash(hashOfToken(one), hashOfToken(other))).toBe(false);
  });
});
