import { digestOfJson } from "../../src/domain/digest.ts";
import type { AttemptDocument, SampleDocument } from "../../src/domain/documents.ts";
import { clusterId, commitSha, digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import type { Calibration } from "../../src/domain/replaying/calibration.ts";
import type { Fidelity } from "../../src/domain/replaying/fidelity.ts";
import { aCandidate, anAllowed } from "./evidence-builder.ts";
import { project } from "./session-builder.ts";

/** A sample over sessions of these names. */
export function aSample(failing: readonly string[], control: readonly string[] = [], more: Partial<SampleDocument> = {}): SampleDocument {
  return {
    shown: [sessionId("shown-0")],
    failing: failing.map((id) => sessionId(id)),
    control: control.map((id) => sessionId(id)),
    order: digestOfJson([failing, control]),
    excluded: {},
    ...more,
  };
}

/** An attempt with one allowed candidate, as `verify` takes it. */
export function anAttempt(sample: SampleDocument, more: Partial<AttemptDocument> = {}): AttemptDocument {
  return {
    kind: "attempt",
    version: 1,
    project,
    repository: { owner: "acme", name: "support-agent" },
    commit: commitSha("a".repeat(40)),
    cluster: clusterId("c-4f1d"),
    seed: 1,
    sample,
    located: { result: "absent", why: "", lookedFor: "", filesRead: 0 },
    draft: { hypotheses: [], candidates: [aCandidate], rejected: [], model: "claude-y", promptDigest: digest("sha256:03"), usage: noUsage },
    vetted: [anAllowed],
    ...more,
  };
}

/** A model judge with these rates on fifty good and fifty bad sessions. */
export const aCalibration = (sensitivity: number, specificity: number): Calibration => ({
  version: 1,
  good: { sessions: 50, agreed: 50 * sensitivity, cannotTell: 0 },
  bad: { sessions: 50, agreed: 50 * specificity, cannotTell: 0 },
  sensitivity,
  specificity,
  youden: sensitivity + specificity - 1,
  youdenAtLeast: sensitivity + specificity - 1.2,
  kappa: sensitivity + specificity - 1,
  cannotTell: 0,
  use: "trusted",
  why: "",
  remedy: "",
  usage: noUsage,
});

/** Twelve self-replays of each kind that went well. */
export const aFidelity = (more: Partial<Fidelity> = {}): Fidelity => ({
  version: 1,
  failing: { replayed: 12, reproduced: 10, inconclusive: 0 },
  working: { replayed: 12, reproduced: 12, inconclusive: 0 },
  failedByModel: 0,
  failsAgain: 0.82,
  failsAgainAtLeast: 0.6,
  passesAgain: 1,
  chanceCorrected: 0.82,
  inconclusive: 0,
  sameTools: 1,
  sameCalls: 1,
  heldTurns: 1,
  grounded: 1,
  generatedTurns: 0,
  unfitTurns: 0,
  userErrors: {},
  world: "recorded",
  gate: { result: "passed" },
  usage: noUsage,
  ...more,
});
