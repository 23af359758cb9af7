import { describe, expect, test } from "vitest";
import { describedParts, withDescription } from "../../../src/domain/text/described-parts.ts";
import type { Json } from "../../../src/domain/ids.ts";

const parts = (schema: Json): readonly string[] => describedParts(schema).map(({ description, part }) => `${part}: ${description}`);

describe("the described parameters of a tool", () => {
  test("are named through lists, choices and references", () => {
    const schema: Json = {
      properties: {
        trips: { description: "All trips.", items: { $ref: "#/$defs/Trip" } },
        note: { anyOf: [{ type: "null" }, { properties: { text: { description: "A word." } } }] },
      },
      $defs: { Trip: { properties: { date: { description: "The day." } } } },
    };
    expect(parts(schema)).toEqual(["trips: All trips.", "trips.date: The day.", "note.text: A word."]);
  });

  test("are read where a framework sends names with their schemas only", () => {
    expect(parts({ query: { type: "string", description: "What to look for." } })).toEqual(["query: What to look for."]);
  });

  test("are changed one at a time, where the reference leads", () => {
    const schema: Json = {
      properties: { from: { $ref: "#/$defs/City" } },
      $defs: { City: { properties: { name: { description: "Its name." } } } },
    };
    const [only] = describedParts(schema);
    expect(withDescription(schema, only?.at ?? [], "Its short name.")).toEqual({
      properties: { from: { $ref: "#/$defs/City" } },
      $defs: { City: { properties: { name: { description: "Its short name." } } } },
    });
  });

  test("of a schema that refers to itself, again and again, take no long time", () => {
    const again = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`p${index}`, { $ref: "#/$defs/Node" }]));
    expect(parts({ $ref: "#/$defs/Node", $defs: { Node: { properties: again } } })).toEqual([]);
    const described = { ...again, name: { description: "A name." } };
    expect(parts({ $ref: "#/$defs/Node", $defs: { Node: { properties: described } } }).length).toBeLessThanOrEqual(500);
  });

  test("are none where there is no schema", () => {
    for (const schema of [null, "x", [], { properties: [] }, { properties: { a: 1 } }] as const) expect(parts(schema)).toEqual([]);
  });
});
