import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { readPrompts } from "../../src/compose.ts";
import { jobOf } from "../../src/compose/job.ts";
import { instant } from "../../src/domain/ids.ts";
import type { ModelClient } from "../../src/ports/model-client.ts";
import { aCluster, aSession, project } from "../builders/session-builder.ts";

const client = (model: string): ModelClient => ({
  model,
  simulated: model.startsWith("simulated-"),
  complete: () => Promise.reject(new Error("nobody is asked")),
});

/** Whether a job's evidence would call itself a simulation, with these models in these roles. */
function isSimulation(models: {
  readonly agent?: string;
  readonly drafter?: string;
  readonly judge?: string;
  readonly user?: string;
}): boolean {
  const { agent = "real-agent", drafter = "real-drafter", judge, user } = models;
  const session = aSession([{ user: "hello" }, { agent: "Hello." }]);
  const { input } = jobOf({
    cluster: aCluster([session]),
    scan: {
      kind: "scan",
      version: 1,
      project,
      at: instant("2026-01-20T00:00:00.000Z"),
      sessions: 1,
      succeeded: 0,
      failed: 1,
      unclear: 0,
      outcomes: [],
      clusters: [],
      notUnderstood: [],
    },
    sessions: [session],
    definitions: [],
    operator: { models: { agent: { provider: "openai", model: agent } } },
    models: {
      agent: (_provider, model) => client(model),
      drafter: client(drafter),
      ...(judge === undefined ? {} : { judge: client(judge) }),
      ...(user === undefined ? {} : { user: client(user) }),
    },
    prompts: readPrompts(),
    scanSecrets: async () => [],
    documents: new MemoryLedger(),
    seed: 1,
    inFlight: 1,
    visibility: "private",
    tried: [],
    repository: {},
    ignoredPaths: [],
  });
  return input.verification.simulated;
}

describe("evidence calls itself a simulation", () => {
  test("when the simulator plays the agent, the user, the judge or the drafter, and not otherwise", () => {
    expect(isSimulation({})).toBe(false);
    expect(isSimulation({ judge: "real-judge", user: "real-user" })).toBe(false);
    expect(isSimulation({ agent: "simulated-agent" })).toBe(true);
    expect(isSimulation({ user: "simulated-user" })).toBe(true);
    expect(isSimulation({ judge: "simulated-judge" })).toBe(true);
    expect(isSimulation({ drafter: "simulated-drafter" })).toBe(true);
  });
});
