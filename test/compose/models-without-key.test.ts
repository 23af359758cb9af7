import { expect, test } from "vitest";
import { configureModels } from "../../src/compose/models.ts";
import { realRetryTools } from "../../src/compose/runtime.ts";

const world = { retry: realRetryTools, prices: new Map() };
const drafter = { provider: "anthropic", model: "claude-x" } as const;

test("a drafter that is named without a key is missing, with the variable to set, and nothing else stops", () => {
  const models = configureModels({ path: "", app: {}, noColor: true }, { models: { drafter } }, {}, world);
  expect(models.drafter).toBeUndefined();
  expect(models.missing).toBe(
    "There is no key for claude-x (anthropic). Set ANTHROPIC_API_KEY, or name another model in tuneup.operator.yml.",
  );
});

test("a judge without a key still stops: leaving it out would judge by other means than the operator asked for", () => {
  expect(() => configureModels({ path: "", app: {}, noColor: true }, { models: { judge: drafter } }, {}, world)).toThrow(
    "There is no key for claude-x",
  );
});
