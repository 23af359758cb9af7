import { describe, expect, test } from "vitest";
import { attacks, unguardedAttacks } from "./all-attacks.ts";

describe("against", () => {
  test.each(attacks.map((one) => [one.id, one.title, one] as const))("%s, %s, everything holds", async (_id, _title, one) => {
    expect(await one.run("on")).toEqual([]);
  });

  test.each(attacks.map((one) => [one.id, one.guard, one] as const))("%s something does not hold without %s", async (_id, _guard, one) => {
    expect(await one.run("off")).not.toEqual([]);
  });
});

test("every attack of the list has a case, or says what it lacks", () => {
  const ids = [...attacks, ...unguardedAttacks].map((one) => one.id).toSorted();
  expect(ids).toEqual(Array.from({ length: 36 }, (_, index) => `A${String(index + 1).padStart(2, "0")}`));
});
