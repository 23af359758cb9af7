import { expect, test } from "vitest";
import { developmentEdits } from "../../../bench/edit/edited-prompts.ts";
import { fitSafeguards } from "../../../bench/edit/fit-safeguards.ts";
import { bias, telling, threshold, weights } from "../../../src/stages/vet/safeguards/weights.ts";

test("what the rules' findings weigh is what the fit to the development edits gives", { timeout: 120_000 }, () => {
  const { first, own, second } = developmentEdits();
  const fitted = fitSafeguards([...own, ...first, ...second]);
  expect({ bias: fitted.bias, threshold: fitted.threshold, telling: fitted.telling }).toEqual({ bias, threshold, telling });
  expect(Object.fromEntries(fitted.weights)).toEqual(weights);
});
