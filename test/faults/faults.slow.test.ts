import { describe, expect, test } from "vitest";
import { faults, unguardedFaults } from "./all-faults.ts";

describe("under", () => {
  test.each(faults.map((one) => [one.id, one.title, one] as const))("%s, %s, everything holds", async (_id, _title, one) => {
    expect(await one.run("on")).toEqual([]);
  });

  test.each(faults.map((one) => [one.id, one.guard, one] as const))("%s something does not hold without %s", async (_id, _guard, one) => {
    expect(await one.run("off")).not.toEqual([]);
  });
});

test("every fault of the list has a case, or says what it lacks", () => {
  const ids = [...faults, ...unguardedFaults].map((one) => one.id).toSorted();
  expect(ids).toEqual(Array.from({ length: 22 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`));
});
