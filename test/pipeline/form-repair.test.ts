import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readPromptFile } from "../../src/adapters/prompt-files/prompt-files.ts";
import { textOf } from "../../src/domain/message.ts";
import { formProblem } from "../../src/pipeline/vet-candidates.ts";
import { draft } from "../../src/stages/draft.ts";
import { vet, type VetScope } from "../../src/stages/vet.ts";
import { aRuntime } from "../builders/runtime.ts";
import { aCluster } from "../builders/session-builder.ts";
import { scriptedModel } from "../doubles/scripted-model.ts";
import { rulesOf, scopeOf, shown } from "../stages/vet/vet-scope.ts";

const template = readPromptFile(fileURLToPath(new URL("../../prompts/draft.md", import.meta.url)));
const talk = shown(["user: my blue parcel from the second week never arrived here", "agent: Sorry."]);
const text = 'const prompt = `Hi ${name}. Be kind.`;\nconst other = "x";\n';
const scope = scopeOf([{ path: "agent.ts", text, inner: "Hi ${name}. Be kind." }], { transcripts: [talk] });

const reply = (replace: string): string =>
  JSON.stringify({
    hypotheses: [{ level: "prompt", cause: "no rule", change: "add it" }],
    candidates: [
      { kind: "insert", hypothesis: "A rule is missing.", edits: [{ path: "agent.ts", search: "Be kind.", replace, reason: "Adds it." }] },
    ],
  });

async function drafted(within: VetScope, ...replies: readonly string[]) {
  const model = scriptedModel(replies);
  const input = { cluster: aCluster([]), shown: [talk], sources: within.sources, files: within.files, tools: [], count: 4 };
  const document = await draft({ ...input, formProblem: (one) => formProblem(one, within) }, model, template, aRuntime());
  const [candidate] = document.candidates;
  return {
    after: candidate?.edits[0]?.after,
    rules: candidate === undefined ? [] : rulesOf(await vet(candidate, within)),
    told: model.requests.slice(1).map(({ messages }) => textOf(messages.at(-1) ?? { role: "user", parts: [] })),
  };
}

test("an edit whose form is not allowed goes back to the drafter with the reason, and the corrected one is taken", async () => {
  const { after, rules, told } = await drafted(scope, reply("Be kind to ${customer}."), reply("Be kind to all."));
  expect(told).toEqual([expect.stringContaining("Keep every variable and bracket exactly as it is.")]);
  expect([after, rules]).toEqual(["Be kind to all.", []]);
});

test("an edit that stays as it is after two such turns is left to vetting, which says what is wrong", async () => {
  const wrong = reply("Be kind to ${customer}.");
  const { rules, told } = await drafted(scope, wrong, wrong, wrong);
  expect(told).toHaveLength(2);
  expect(rules).toEqual(["structure", "template-variable"]);
});

test("an edit that is refused for what it says does not go back, whatever else is wrong with it", async () => {
  const { rules, told } = await drafted(scope, reply("Be kind to ${customer}: my blue parcel from the second week never arrived here."));
  expect(told).toEqual([]);
  expect(rules).toEqual(["leak", "structure", "template-variable"]);
});
