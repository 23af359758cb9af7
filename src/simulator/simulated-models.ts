import { cancelled } from "../domain/retry.ts";
import type { ModelClient, Models } from "../ports/model-client.ts";
import { think } from "./brain.ts";
import { type Scenario, simulatedNames } from "./scenario.ts";

/** The simulated model without a server: the same brain, for benches that run thousands of jobs. Nothing waits, nothing fails. */
export function simulatedModels(scenario: Scenario, seed: number): Models {
  const client = (model: string): ModelClient => ({
    model,
    simulated: true,
    complete: async (request, signal) => {
      if (signal.aborted) throw cancelled(signal.reason);
      return think(scenario, seed, request);
    },
  });
  return {
    agent: (_provider, model) => client(model),
    drafter: client(simulatedNames.drafter),
    ...(scenario.judge === undefined ? {} : { judge: client(simulatedNames.judge) }),
  };
}
