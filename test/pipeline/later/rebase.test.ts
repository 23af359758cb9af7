import { describe, expect, test } from "vitest";
import { memoryWorkspace } from "../../../src/adapters/memory-workspace/memory-workspace.ts";
import { digestOf } from "../../../src/domain/digest.ts";
import { clusterId, commitSha, digest, proposalId } from "../../../src/domain/ids.ts";
import type { Proposal } from "../../../src/domain/proposal.ts";
import type { Located } from "../../../src/domain/source.ts";
import { rebase, type Rebased } from "../../../src/pipeline/later/rebase.ts";
import { sourceOf } from "../../stages/vet/vet-scope.ts";

const path = "prompts/system.md";
const repository = { owner: "acme", name: "support-agent" };
const prompt = "# Agent\n\n- Refund the customer.\n- Be kind.\n";
const after = "- Read the policy, then refund the customer.";
const located: Located = { result: "found", sources: [sourceOf({ path, text: prompt })], residue: 0, alternatives: [], notes: [] };
const proposal: Proposal = {
  id: proposalId("p-0123456789ab"),
  repository,
  commit: commitSha("a".repeat(40)),
  cluster: clusterId("c-1"),
  edits: [{ path, base: digestOf(prompt), before: "- Refund the customer.", after, reason: "" }],
  files: [{ path, text: prompt.replace("- Refund the customer.", after), before: digestOf(prompt) }],
  branch: "tuneup/0123456789ab",
  title: "prompt: fewer failures",
  body: "This edits a prompt.\n\n### Replayed before and after",
  commitMessage: "prompt: fewer failures",
  draft: false,
  labels: ["tuneup"],
  evidence: digest("sha256:00"),
  state: "published",
};

async function on(text: string, of = proposal): Promise<Rebased> {
  await using checkout = await memoryWorkspace({ repository, files: { [path]: text } }).open("HEAD");
  return rebase(of, located, checkout);
}

describe("an edit on a newer base", () => {
  test("needs nothing where its files are what they were", async () => {
    expect(await on(prompt)).toEqual({ result: "unchanged" });
  });

  test("is moved where the tested prompt stands word for word, and the page says which base was tested", async () => {
    const text = `<!-- owner: support -->\n${prompt}\nMore below.\n`;
    const moved = await on(text);
    expect(moved).toMatchObject({
      result: "rebased",
      proposal: {
        files: [{ path, text: text.replace("- Refund the customer.", after), before: digestOf(text) }],
        edits: [{ base: digestOf(text), after }],
        body: expect.stringMatching(/Moved to `[0-9a-f]{12}`[\s\S]*tested at `aaaaaaaaaaaa`[\s\S]*This edits a prompt/),
      },
    });
  });

  test("says so once, with the base that was tested, however often it is moved", async () => {
    const once = await on(`${prompt}one\n`);
    const twice = once.result === "rebased" ? await on(`${prompt}two\n`, once.proposal) : once;
    const body = twice.result === "rebased" ? twice.proposal.body : "";
    expect(body.match(/Moved to/g)).toHaveLength(1);
    expect(body).toContain("tested at `aaaaaaaaaaaa`");
  });

  test.each([
    ["another sentence of the prompt has changed", prompt.replace("Be kind", "Be quick")],
    ["the line itself has changed", prompt.replace("Refund the customer", "Refund the customer at once")],
    ["the line stands twice now", `${prompt}\n- Refund the customer.\n`],
  ])("must be tested again where %s", async (_what, text) => {
    expect(await on(text)).toEqual({ result: "changed", path });
  });

  test("must be tested again where the file is gone", async () => {
    await using checkout = await memoryWorkspace({ repository, files: { "README.md": "" } }).open("HEAD");
    expect(await rebase(proposal, located, checkout)).toEqual({ result: "changed", path });
  });
});
