import { digestOfJson } from "../../src/domain/digest.ts";
import type { AttemptDocument, SampleDocument } from "../../src/domain/documents.ts";
import { clusterId, commitSha, digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
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
