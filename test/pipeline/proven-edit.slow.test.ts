import { expect, test } from "vitest";
import { inProcessJob } from "../../bench/in-process-job.ts";
import { shippedFile } from "../../src/compose.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";

test("an edit that is proven to help, and is found to take a safeguard away, becomes a draft that says so", async () => {
  const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
  const { evidence, proposal } = await inProcessJob({ ...scenario, weakening: ["return policy"] }, 1);
  expect(evidence?.winner).toBeDefined();
  expect(proposal).toMatchObject({ draft: true });
  expect(proposal?.body).toContain("a model finds that it removes a protection");
});
