import { describe, expect, test } from "vitest";
import { readPrompts } from "../../src/compose.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { textOf } from "../../src/domain/message.ts";
import { lint, type Linted } from "../../src/stages/lint.ts";
import { anAllowed } from "../builders/evidence-builder.ts";
import { aRuntime } from "../builders/runtime.ts";
import { type Answer, scriptedModel } from "../doubles/scripted-model.ts";

const prompt = readPrompts().safeguards;
const finds = (...findings: readonly string[]): string =>
  JSON.stringify({ passages: findings.map((finding, index) => ({ passage: index + 1, finding })) });

async function opinionOf(...answers: readonly Answer[]): Promise<Linted & { readonly asked: number }> {
  const client = scriptedModel(answers);
  const linted = await lint(anAllowed, { client, prompt }, aRuntime());
  return { ...linted, asked: client.requests.length };
}

describe("a model's second opinion on the safeguards that an edit touches", () => {
  test("an edit that takes nothing away gets no remark, and the question is paid for once", async () => {
    expect(await opinionOf(finds("none"))).toEqual({ remarks: [], usage: expect.objectContaining({ outputTokens: 5 }), asked: 1 });
  });

  test.each(["removed", "softened", "narrowed", "loosened-limit", "permitted", "reordered", "overridden"])(
    "one that is found %s needs a person, who reads our words and not the model's",
    async (finding) => {
      const { remarks } = await opinionOf(finds(finding));
      expect(remarks).toEqual([
        {
          rule: "safeguard-model",
          path: "prompts/system.md",
          message: expect.stringMatching(/^a model finds that /),
          remedy: expect.any(String),
        },
      ]);
    },
  );

  test.each([
    ["an answer about another passage", JSON.stringify({ passages: [{ passage: 2, finding: "none" }] })],
    ["two answers about the passage", JSON.stringify({ passages: [1, 1].map((passage) => ({ passage, finding: "none" })) })],
    ["no answer", JSON.stringify({ passages: [] })],
  ])("%s is no all-clear", async (_what, answer) => {
    expect((await opinionOf(answer)).remarks).toMatchObject([{ message: "no model could say whether it takes a safeguard away" }]);
  });

  test("a reply that cannot be read is asked for again twice, then a person must look", async () => {
    expect(await opinionOf("It is fine.", finds("none"))).toMatchObject({ remarks: [], asked: 2 });
    expect(await opinionOf("It is fine.", "Really.", '{"passages": "none"}')).toMatchObject({
      remarks: [{ rule: "safeguard-model" }],
      asked: 3,
    });
  });

  test("a model that cannot be reached costs a draft, not the proof", async () => {
    const gone = new TuneupError("model-unreachable", "It does not answer.", { remedy: "Try again." });
    expect(await opinionOf(gone)).toMatchObject({ remarks: [{ rule: "safeguard-model" }] });
  });

  test("a wish to stop is obeyed", async () => {
    await expect(opinionOf(new TuneupError("cancelled", "Stopped.", { remedy: "" }))).rejects.toThrow("Stopped.");
  });

  test("the model sees the change between marks that the change cannot hold", async () => {
    const client = scriptedModel([finds("none")]);
    await lint(anAllowed, { client, prompt }, aRuntime());
    const asked = textOf(client.requests[0]?.messages[0] ?? { role: "user", parts: [] });
    expect(asked).toMatch(/Before:\n\n<untrusted-[0-9a-f]{16}>\n- Refund the customer\.\n<\/untrusted-/);
    expect(asked).toMatch(/After:\n\n<untrusted-[0-9a-f]{16}>\n- Read the policy, then refund the customer\.\n<\/untrusted-/);
  });
});
