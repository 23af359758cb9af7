import { assemble } from "../../src/stages/assemble.ts";
import { judgeByRules } from "../../src/stages/judge/patterns.ts";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { otlpFileFormat } from "../../src/adapters/otlp/otlp-file-format.ts";
import { shippedFile } from "../../src/compose.ts";
import { parseOperatorFile } from "../../src/config/operator-file.ts";
import { projectId } from "../../src/domain/ids.ts";
import type { JudgeRule } from "../../src/domain/rubric.ts";
import type { Session } from "../../src/domain/session.ts";
import { recordSessions, type RecordingOptions } from "../../src/simulator/record-sessions.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import type { Scenario } from "../../src/simulator/scenario.ts";

export const scenarioNames = ["missing-step", "not-in-the-prompt", "harmful-edits"] as const;
export const scenarioPath = (name: string): string => shippedFile("examples", "scenarios", `${name}.yaml`);
export const shippedScenario = (name: string): Scenario => readScenario(scenarioPath(name));

/** The scenario's agent with one of the drafter's candidates applied to its files. */
export function withCandidate(scenario: Scenario, name: string): Scenario {
  const candidate = scenario.drafter.candidates.find((one) => one.name === name);
  if (candidate === undefined) throw new Error(`no candidate ${name}`);
  const files: Record<string, string> = { ...scenario.files };
  for (const { path, replace, search } of candidate.edits) files[path] = (files[path] ?? "").replace(search, () => replace);
  return { ...scenario, files };
}

/** Sessions of the sample agent, recorded with the world's own tools and read back through the product's own reader. */
export async function sessionsOf(scenario: Scenario, options: RecordingOptions): Promise<readonly Session[]> {
  const project = projectId("support");
  const store = new MemoryTraceStore();
  const lines = [...recordSessions(scenario, options)].join("\n");
  for (const part of otlpFileFormat.read("sessions.jsonl", Buffer.from(lines))) {
    if (part.kind === "problem") throw new Error(part.reason);
    await store.add(project, part.batch);
  }
  return assemble(await Array.fromAsync(store.read({ project }))).sessions;
}

export const rulesOf = (scenario: Scenario): readonly JudgeRule[] => parseOperatorFile("scenario", scenario.operatorFile).rules ?? [];

export const isGood = (rules: readonly JudgeRule[], session: Session): boolean =>
  judgeByRules(rules, session.messages).every((verdict) => verdict.result === "kept");

/** The scenario's own kind of a session. */
export const kindOf = (session: Session): string => session.id.replace(/-\d+$/, "");

export const share = <T>(items: readonly T[], is: (item: T) => boolean): number => items.filter((item) => is(item)).length / items.length;
