import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { modelCalls, type Session, toolCalls } from "../../../src/domain/session.ts";
import { assemble } from "../../../src/stages/assemble.ts";
import { recordedTraces } from "./recorded-payloads.ts";
import { summaryOf } from "./session-summary.ts";

const fixture = (name: string): string => new URL(`../../fixtures/otlp/${name}`, import.meta.url).pathname;
const sessionsOf = async (...files: readonly string[]): Promise<readonly Session[]> => assemble(await recordedTraces(...files)).sessions;

const prompt = "You are a support agent. Never refund more than the order total.";
const errorText = /amount exceeds order total|Error running tool/;

/** The same agent's run in every dialect: what a support agent was told, asked and did. */
describe("a recorded run of one agent", () => {
  test.each([
    ["Vercel AI SDK", "generated.ai-sdk-v6.otlp.pb", "openai", "gpt-4.1", [520, 64]],
    ["Vercel AI SDK", "generated.ai-sdk-v7.genai.otlp.json", "anthropic", "claude-sonnet-4-5", [520, 64]],
    ["Google ADK", "generated.adk-js-v2.otlp.json", "gcp.gemini", "gemini-3.5-flash", [600, 30]],
    ["Strands Agents", "generated.strands-ts.default.otlp.pb", "aws.bedrock", "us.anthropic.claude-sonnet-4-5", [600, 30]],
    ["Strands Agents", "generated.strands-ts.latest.otlp.json", "aws.bedrock", "us.anthropic.claude-sonnet-4-5", [600, 30]],
    ["Mastra", "generated.mastra.traces.otlp.pb", "openai", "gpt-4.1", [520, 64]],
    ["OpenInference", "generated.openinference-js.openai-agents.otlp.json", "openai", "gpt-4.1", [600, 30]],
  ] as const)("is the same session when %s writes it (%s)", async (dialect, file, provider, model, usage) => {
    const sessions = await sessionsOf(fixture(file));
    expect(sessions).toHaveLength(1);
    const [session] = sessions;
    if (session === undefined) return;
    expect(session.dialects).toEqual([dialect]);
    expect(session.instructions.map(({ text }) => text)).toEqual([expect.stringContaining(prompt)]);
    expect(session.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant", "tool", "assistant"]);
    expect(summaryOf(session).messages[0]).toBe("user: Please refund order A-1001.");
    expect(summaryOf(session).messages.at(-1)).toBe("assistant: I refunded $500.");
    expect(toolCalls(session).map((call) => [call.tool, call.input])).toEqual([
      ["lookup_order", { orderId: "A-1001" }],
      ["issue_refund", { orderId: "A-1001", amount: 500 }],
    ]);
    expect(toolCalls(session)[0]?.output).toMatchObject({ total: 42.5 });
    expect(toolCalls(session)[0]?.error).toBeUndefined();
    expect(toolCalls(session)[1]?.error).toMatch(errorText);
    // Three calls, counted once: frames and steps around them repeat the same tokens.
    expect(modelCalls(session).map((call) => [call.provider, call.model])).toEqual([
      [provider, model],
      [provider, model],
      [provider, model],
    ]);
    expect(modelCalls(session).map(({ at }) => at)).toEqual([1, 3, 5]);
    const { input, output } = summaryOf(session).usage;
    expect([input, output]).toEqual(usage);
  });

  test.each(["generated.openllmetry-js.openai.otlp.pb", "generated.openinference-js.openai.otlp.pb"])(
    "of a bare client (%s) gives a session a trace, the last with the whole conversation",
    async (file) => {
      const sessions = await sessionsOf(fixture(file));
      expect(sessions).toHaveLength(2);
      expect(sessions.map((session) => summaryOf(session).messages).at(-1)).toEqual([
        "user: Where is order A-1001?",
        'assistant: → lookup_order {"orderId":"A-1001"}',
        'tool: ← {"status":"delivered"}',
        "assistant: Order A-1001 was delivered.",
      ]);
      expect(sessions[0]?.tools.map(({ name }) => name)).toEqual(["lookup_order"]);
      expect(sessions[0]?.instructions[0]?.text).toBe(prompt);
    },
  );
});

const recorded = new URL("../../../../shared/data/otel-dialects/", import.meta.url).pathname;
/** Schemas, expectations of other projects, answers of query interfaces and transcripts of command-line agents are no traces. */
const notTraces =
  /schema\.|conformance\.|expected-chatml|otlp-spec|cassette\.|codex_exec|codex_session|skill_tool|apiv3\.|example_trace|otlp2jaeger|native-traces|mastra\.logs/;

interface ExpectedMessage {
  readonly role?: string;
  readonly content?: unknown;
  readonly tools?: unknown;
  readonly tool_calls?: readonly { readonly name: string }[];
}
interface ExpectedSide {
  readonly data?: readonly ExpectedMessage[];
}
type Expected = Readonly<Record<string, { readonly input?: ExpectedSide; readonly output?: ExpectedSide } | undefined>>;

/** What of a message the session does not hold. */
function lostFrom(session: Session, { content, role = "", tool_calls: calls = [], tools }: ExpectedMessage): readonly string[] {
  const called = toolCalls(session).map(({ tool }) => tool);
  const lostCalls = calls.map(({ name }) => name).filter((name) => !called.includes(name));
  // Koog writes calls as JSON into a text; here they are calls.
  if (typeof content !== "string" || tools !== undefined || /^\s*[[{]/.test(content)) return lostCalls;
  const said = JSON.stringify(role === "system" ? session.instructions.map(({ text }) => text).join("\n") : session.messages);
  const isText = ["system", "user", "assistant", "model"].includes(role);
  return isText && !said.includes(JSON.stringify(content.trim()).slice(1, -1))
    ? [...lostCalls, `${role}: ${content.slice(0, 40)}`]
    : lostCalls;
}

describe.skipIf(!existsSync(recorded))("the recorded payloads of 22 dialects", () => {
  const files = globSync(`${recorded}*/*.{json,pb}`)
    .map((file) => file.slice(recorded.length))
    .filter((file) => !notTraces.test(file))
    .sort();

  test("give the sessions that were reviewed", async () => {
    const expected: Record<string, unknown> = {};
    for (const file of files) {
      const { notUnderstood, sessions } = assemble(await recordedTraces(`${recorded}${file}`));
      expected[file] = {
        sessions: sessions.map((session) => summaryOf(session)),
        notUnderstood: notUnderstood.map(({ count, dialect, spanName, why }) => `${count} × ${dialect ?? "?"} ${spanName}: ${why}`),
      };
    }
    await expect(`${JSON.stringify(expected, undefined, 1)}\n`).toMatchFileSnapshot("../../fixtures/dialects/expected-sessions.json");
  });

  /** Langfuse keeps what it expects its own readers to make of each observation beside the export: another reader's word for the same payloads. */
  test("hold what another project reads out of the same calls: every text and every tool call", async () => {
    let compared = 0;
    const lost: string[] = [];
    for (const file of files.filter((name) => name.includes("langfuse-export."))) {
      const expected = JSON.parse(readFileSync(`${recorded}${file.replace(/json$/, "expected-chatml.json")}`, "utf8")) as Expected;
      for (const session of await sessionsOf(`${recorded}${file}`)) {
        const messages = modelCalls(session).flatMap(({ spanId }) => [
          ...(expected[spanId]?.input?.data ?? []),
          ...(expected[spanId]?.output?.data ?? []),
        ]);
        compared += messages.length;
        lost.push(...messages.flatMap((message) => lostFrom(session, message)).map((what) => `${file}: ${what}`));
      }
    }
    expect(lost).toEqual([]);
    expect(compared).toBeGreaterThan(50);
  });

  test("that were recorded in both encodings give the same sessions", async () => {
    for (const file of files.filter((name) => name.endsWith(".pb"))) {
      const [fromProtobuf, fromJson] = [
        await sessionsOf(`${recorded}${file}`),
        await sessionsOf(`${recorded}${file.replace(/pb$/, "json")}`),
      ];
      expect(fromProtobuf.map((session) => summaryOf(session))).toEqual(fromJson.map((session) => summaryOf(session)));
    }
  });
});
