import { describe, expect, test } from "vitest";
import type { Session } from "../../../src/domain/session.ts";
import { captureOptions, generalOptions, optionFor } from "../../../src/stages/assemble/capture-options.ts";
import { dialects } from "../../../src/stages/assemble/dialects.ts";
import { lacksOf } from "../../../src/stages/assemble/lacks.ts";
import { aSession } from "../../builders/session-builder.ts";

const session = (changes: Partial<Session>): Session => ({
  ...aSession([{ user: "hi" }]),
  feedback: [{ name: "outcome", label: "failed", by: "user" }],
  missing: [],
  ...changes,
});

describe("what a project's traces lack", () => {
  test("is nothing when nothing is missing", () => {
    expect(lacksOf([session({})])).toEqual([]);
    expect(lacksOf([])).toEqual([]);
  });

  test("is said for each step, with the option of each dialect that turns it on", () => {
    const sessions = [
      session({ missing: ["user", "instructions"], dialects: ["Claude Code"] }),
      session({ missing: ["instructions"], dialects: ["OpenLLMetry"] }),
      session({ missing: ["instructions"], dialects: ["OpenLLMetry"] }),
      session({}),
    ];
    expect(lacksOf(sessions)).toEqual([
      {
        step: "locate",
        part: "instructions",
        sessions: 3,
        of: 4,
        remedies: [
          { dialect: "OpenLLMetry", sessions: 2, option: expect.stringContaining("TRACELOOP_TRACE_CONTENT") },
          { dialect: "Claude Code", sessions: 1, option: expect.stringContaining("OTEL_LOG_RAW_API_BODIES") },
        ],
      },
      {
        step: "a ready pull request",
        part: "user",
        sessions: 1,
        of: 4,
        remedies: [{ dialect: "Claude Code", sessions: 1, option: generalOptions.user }],
      },
    ]);
  });

  test("is an outcome only when no session has one: some labelled ones are enough", () => {
    expect(lacksOf([session({ feedback: [] }), session({})])).toEqual([]);
    expect(lacksOf([session({ feedback: [] })])[0]).toMatchObject({ step: "label", part: "outcome", sessions: 1 });
  });

  test("every option is of a dialect that is read, and is a sentence without its full stop", () => {
    const names = dialects.map(({ name }) => name);
    for (const name of Object.keys(captureOptions)) expect(names).toContain(name);
    for (const text of [...Object.values(captureOptions).flatMap((options) => Object.values(options)), ...Object.values(generalOptions)])
      expect(text).not.toMatch(/\.$/);
    expect(optionFor("constructor", "user")).toBe(generalOptions.user);
  });
});
