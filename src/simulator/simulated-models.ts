import type { ModelClient, Models } from "../ports/model-client.ts";
import { think } from "./brain.ts";
import type { Scenario } from "./scenario.ts";

/** The simulated model without a server: the same brain, for benches that run thousands of jobs. */
export function simulatedModels(scenario: Scenario, seed: number): Models {
  const client = (model: string): ModelClient => ({
    model,
    simulated: true,
    complete: async (request, signal) => {
      signal.throwIfAborted();
      return think(scenario, seed, request);
    },
  });
  return {
    agent: (_provider, model) => client(model),
    drafter: client("simulated-drafter-1"),
    ...(scenario.judge === undefined ? {} : { judge: client("simulated-judge-1") }),
  };
}
