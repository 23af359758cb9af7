import { expect, test } from "vitest";
import { FewAtOnce } from "../../src/pipeline/few-at-once.ts";

test("no more than so many are under way, all come to their turn, and one that fails gives its place on", async () => {
  const places = new FewAtOnce(2);
  let running = 0;
  let most = 0;
  const work = async (index: number): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    running -= 1;
    if (index === 1) throw new Error("broken");
    return index;
  };
  const ended = await Promise.allSettled([0, 1, 2, 3, 4].map((index) => places.run(() => work(index))));
  expect(most).toBe(2);
  expect(ended.map((one) => one.status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"]);
});
