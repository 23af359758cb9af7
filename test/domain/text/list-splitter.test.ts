import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../src/domain/random.ts";
import { joinJsonList, splitJsonList } from "../../../src/domain/text/json-list.ts";
import { ListSplitter } from "../../../src/domain/text/list-splitter.ts";

describe("the text of a JSON list", () => {
  test.each([
    ['[{"a":"],[\\""},2]', ['{"a":"],[\\""}', "2"]],
    ["[1, 2, [3, 4]]", ["1", "2", "[3, 4]"]],
    ['["x"]', ['"x"']],
  ])("%s is taken apart", (text, items) => {
    expect(splitJsonList(text)?.items).toEqual(items);
  });

  test.each(["", "[]", "[1,2", "[1,, 2]", "[1,2, 3]", '["a]', "[1]]", "[1,]", "{}"])("%s is left whole", (text) => {
    const list = splitJsonList(text);
    expect(list === undefined ? text : joinJsonList(list.items, list.separator)).toBe(text);
  });

  test("that grows is taken apart as if it were new, whatever grows in between", () => {
    const random = seededRandom(3, "lists");
    const pick = (of: readonly string[]): string => of[Math.floor(random() * of.length)] ?? "";
    const splitter = new ListSplitter();
    const heads = ["first ", "second "].map((head) => `[${JSON.stringify({ content: head.repeat(80) })}`);
    const texts = [...heads];
    for (let step = 0; step < 400; step += 1) {
      const at = step % 2;
      const separator = pick([",", ",", ",", ", ", " ,"]);
      const item = pick(['{"a":"]"}', "[1,2]", '"x\\""', "{", "", "1", "1,2", "1, 2"]);
      if (random() < 0.1) texts[at] = heads[at] ?? "";
      texts[at] = `${texts[at] ?? ""}${separator}${item}`;
      const text = `${texts[at]}]`;
      const list = splitter.split(text);
      expect(list).toEqual(splitJsonList(text));
      if (list === undefined) texts[at] = heads[at] ?? "";
    }
  });
});
