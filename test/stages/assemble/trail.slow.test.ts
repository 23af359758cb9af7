import { existsSync, globSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { modelCalls, toolCalls } from "../../../src/domain/session.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { trailTrace } from "./recorded-payloads.ts";

const folder = new URL("../../../../shared/data/trail/", import.meta.url).pathname;

/** 77 real traces of smolagents agents in OpenInference. Their text may not be shared, so only facts about them are stated here. */
describe.skipIf(!existsSync(folder))("77 real traces of smolagents", () => {
  const read = (set: string) =>
    globSync(`${folder}${set}/*.json.gz`)
      .sort()
      .map((file) => assemble([trailTrace(gunzipSync(readFileSync(file)))]));

  test.each([
    ["GAIA", 64, "openai", "o3-mini"],
    ["SWE_Bench", 13, "anthropic", "claude-3-7-sonnet-latest"],
  ])("of %s all give a session with prompt, conversation, model and tokens", (set, count, provider, model) => {
    const assembled = read(set);
    expect(assembled).toHaveLength(count);
    for (const { notUnderstood, sessions } of assembled) {
      const [session] = sessions;
      if (session === undefined) throw new Error("a trace gives no session");
      const calls = modelCalls(session);
      expect(sessions).toHaveLength(1);
      expect(notUnderstood).toEqual([]);
      expect(session.instructions[0]?.text.length).toBeGreaterThan(200);
      expect(session.messages[0]?.role).toBe("user");
      expect(session.messages.some((message) => message.role === "assistant")).toBe(true);
      expect(calls.length).toBeGreaterThan(0);
      expect(new Set(calls.map((call) => `${call.provider} ${call.model}`))).toEqual(new Set([`${provider} ${model}`]));
      expect(calls.every((call) => call.at < session.messages.length && (call.error !== undefined || call.usage.inputTokens > 0))).toBe(
        true,
      );
      expect(session.missing).not.toContain("messages");
      expect(session.missing).not.toContain("truncated");
      for (const call of toolCalls(session))
        expect(session.messages[call.at]?.parts.some((part) => part.kind === "tool-request" && part.id === call.id)).toBe(true);
    }
  });

  test("show the main agent's tools, and leave its search agent's own conversation out", () => {
    const sessions = read("GAIA").flatMap((one) => one.sessions);
    const tools = new Set(sessions.flatMap((session) => toolCalls(session).map((call) => call.tool)));
    expect(tools).toContain("final_answer");
    expect(Math.max(...sessions.map((session) => session.messages.length))).toBeLessThan(200);
  });
});
