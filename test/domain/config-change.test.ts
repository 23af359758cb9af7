import { describe, expect, test } from "vitest";
import { replaceRendered } from "../../src/domain/config-change.ts";

describe("an edit of a prompt with template variables, put onto what was rendered", () => {
  test("keeps what was filled in", () => {
    const rendered = "You help Ann of ACME Ltd. Be brief, Ann.";
    expect(replaceRendered(rendered, "You help {name} of {{company}}.", "You serve {name} of {{company}} well.")).toBe(
      "You serve Ann of ACME Ltd well. Be brief, Ann.",
    );
  });

  test("takes the shortest value where a piece comes again", () => {
    expect(replaceRendered("a[1] b; [2] b;", "a[{x}] b;", "c[{x}] b;")).toBe("c[1] b; [2] b;");
  });

  test("goes on to a later place when an early one leads nowhere", () => {
    const far = "x".repeat(5000);
    expect(replaceRendered(`Dear ${far} Dear Bob, hello`, "Dear {name}, hello", "Hi {name}, hello")).toBe(`Dear ${far} Hi Bob, hello`);
  });

  test("is not done where it would fit twice, or nowhere", () => {
    expect(replaceRendered("Hi A. Hi B.", "Hi {name}.", "Hello {name}.")).toBeUndefined();
    expect(replaceRendered("Hi A!", "Hi {name}.", "Hello {name}.")).toBeUndefined();
    expect(replaceRendered("anything", "{name}", "{name}")).toBeUndefined();
  });

  test("leaves a variable at its edge in place, and is not done where it would have to move", () => {
    expect(replaceRendered("Order 17 is late", "{id} is late", "{id} is very late")).toBe("Order 17 is very late");
    expect(replaceRendered("Order 17 is late", "{id} is late", "late is {id}")).toBeUndefined();
  });

  test("takes no longer on a text made to be slow", () => {
    const rendered = "a b ".repeat(20_000);
    const before = Array.from({ length: 12 }, (_, index) => `a {v${index}} b`).join(" ");
    expect(replaceRendered(rendered, `${before} c`, "x")).toBeUndefined();
  });
});
