import { describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { clusterId, commitSha, digest, sessionId } from "../../src/domain/ids.ts";
import { noUsage } from "../../src/domain/message.ts";
import type { Proposal, PullRequest } from "../../src/domain/proposal.ts";
import type { ForgeWriter, Publication } from "../../src/ports/forge.ts";
import { propose, type ProposeInput } from "../../src/stages/propose.ts";
import { publish } from "../../src/stages/publish.ts";
import { defaultLookRules } from "../../src/stages/publish/last-look.ts";
import { pageProblems } from "../../src/stages/publish/markdown-page.ts";
import { safeBlock } from "../../src/domain/text/safe-text.ts";
import { aCandidate, anAllowed, anEvidence } from "../builders/evidence-builder.ts";
import { aCluster } from "../builders/session-builder.ts";

const diff =
  "--- a/prompts/system.md\n+++ b/prompts/system.md\n@@ -1,4 +1,4 @@\n # Agent\n \n-- Refund the customer.\n+- Read the policy, then refund the customer.\n - Be kind.\n";

function input(changes: Partial<ProposeInput> = {}): ProposeInput {
  const evidence = changes.evidence ?? anEvidence();
  const [verdict] = evidence.verdicts;
  if (verdict === undefined) throw new Error("no verdict");
  return {
    cluster: aCluster([], { id: clusterId("c-4f1d"), title: "refund follows the policy: fail", users: 38 }),
    allowed: anAllowed,
    verdict,
    evidence,
    located: { result: "absent", why: "", lookedFor: "", filesRead: 0 },
    diff,
    draft: { hypotheses: [], candidates: [aCandidate], rejected: [], model: "claude-y", promptDigest: digest("sha256:03"), usage: noUsage },
    visibility: "private",
    ...changes,
  };
}
const proposed = (changes: Partial<ProposeInput> = {}): Promise<Proposal> => propose(input(changes), findSecrets);
const visible = (body: string): string => body.replace(/<details>[\s\S]*?<\/details>/g, "");

describe("the pull request", () => {
  test("reads as it should, word for word", async () => {
    const { body, commitMessage, title } = await proposed();
    await expect(`# ${title}\n\n${body}\n\n---\n\n${commitMessage}\n`).toMatchFileSnapshot("../golden/pull-request.md");
    expect(body).not.toMatch(/\d+ ?% sure/);
  });

  test("says what it promises and what it does not, and keeps short what everyone sees", async () => {
    const { body } = await proposed();
    expect(body).toContain("Of 100 useless edits at most 5 would get this far");
    expect(body).toMatch(/Up to \*\*\d+ of 100\*\* sessions that work today may break/);
    expect(visible(body).length).toBeLessThanOrEqual(2400);
  });

  test("is the same for the same root cause, and its branch is ours", async () => {
    const [one, other] = [await proposed(), await proposed()];
    expect(one).toEqual(other);
    expect(one.branch).toMatch(/^tuneup\/[0-9a-f]{12}$/);
    expect((await proposed({ cluster: aCluster([], { id: clusterId("c-other"), users: 3 }) })).branch).not.toBe(one.branch);
  });

  test.each<[string, Partial<ProposeInput>, RegExp]>([
    [
      "a person must look at a safeguard",
      {
        allowed: {
          ...anAllowed,
          needsHuman: [
            { rule: "safeguard-changed", path: "prompts/system.md", message: "it removes a sentence that protects something", remedy: "" },
          ],
        },
      },
      /removes a sentence that protects/,
    ],
    ["no trace names a user", { cluster: aCluster([], { users: 0 }) }, /`user\.id`|user&#46;id|user\.id/],
    ["a loss over all traffic is not ruled out", {}, /a loss is not ruled out/],
  ])("is a draft when %s", async (_why, changes, reason) => {
    const proposal = await proposed(changes);
    expect(proposal.draft).toBe(true);
    expect(proposal.body).toMatch(reason);
  });

  test("is ready when the operator chose the margin and nothing else speaks against it", async () => {
    const evidence = anEvidence();
    expect((await proposed({ evidence: { ...evidence, plan: { ...evidence.plan, marginIsChosen: true } } })).draft).toBe(false);
  });

  test("calls a simulation a simulation", async () => {
    expect((await proposed({ evidence: { ...anEvidence(), simulated: true } })).body).toContain("Simulated model.");
  });

  test("names sessions by id in a private repository only", async () => {
    expect((await proposed()).body).toContain("`failing-0`");
    expect((await proposed({ visibility: "public" })).body).not.toContain("failing-0");
  });

  test("defuses whatever a model or a trace wrote", async () => {
    const hostile =
      "@octocat fixes #1 <img src=x onerror=alert(1)> [click](https://evil.example) `code` \u202E**bold** https://evil.example";
    const evidence = anEvidence();
    const pairs = evidence.pairs.map((pair) => (pair.index === 0 ? { ...pair, sessionId: sessionId("a`b|<c>@d\n") } : pair));
    const { body, commitMessage, title } = await proposed({
      cluster: aCluster([], { title: hostile, users: 3 }),
      allowed: {
        ...anAllowed,
        candidate: { ...aCandidate, hypothesis: hostile, edits: aCandidate.edits.map((edit) => ({ ...edit, reason: hostile })) },
      },
      evidence: { ...evidence, pairs },
    });
    for (const text of [visible(body), title, commitMessage]) {
      expect(text).not.toMatch(/@octocat|#1\b|<img|\]\(https?:|https:\/\/evil|\u202E|\*\*bold/);
    }
    expect(body).not.toContain("a`b|<c>");
  });

  test("keeps a diff that would close its fence inside it", async () => {
    const { body } = await proposed({ diff: `${diff}+\`\`\`\`\n+</details> out` });
    expect(body).toMatch(/`````diff\n[\s\S]*<\/details> out[\s\S]*\n`````/);
  });

  test("leaves out unchanged lines of the diff that other bots may obey, so that no prompt that explains a command is held back", async () => {
    const explaining = diff.replace(" - Be kind.", " /approve a refund only after the policy was read.\n - Be kind.");
    const rules = { ...defaultLookRules, repository: "acme/agent", mayNameOwnIssues: false };
    expect(pageProblems(safeBlock(explaining, 12_000, "diff"), rules)).toEqual(["a line that another bot may read as a command"]);
    const { body } = await proposed({ diff: explaining });
    expect(pageProblems(body, rules)).toEqual([]);
    expect(body).not.toContain("/approve");
    expect(body).toContain("+- Read the policy, then refund the customer.");
  });

  test("is refused when anything of it looks like a secret, which is not repeated", async () => {
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const error = await proposed({ diff: `${diff}+token ${secret}\n` }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "publish-refused", message: expect.stringMatching(/body|diff/) });
    expect(String(error)).not.toContain(secret);
  });

  test("names a co-author only when the login is one", async () => {
    expect((await proposed({ startedBy: "ada" })).commitMessage).toContain("Co-authored-by: ada <ada@users.noreply.github.com>");
    expect(await proposed({ startedBy: "4711+ada" })).toMatchObject({
      commitMessage: expect.stringContaining("Co-authored-by: ada <4711+ada@users.noreply.github.com>"),
      startedBy: "ada",
    });
    const hostile = await proposed({ startedBy: "x> <evil@example.com" });
    expect(hostile.commitMessage).not.toContain("Co-authored-by");
    expect(hostile.startedBy).toBeUndefined();
  });

  test("stays below the forge's limit, section by section", async () => {
    const { body } = await proposed({ diff: `${diff}${"+ a line\n".repeat(20_000)}` });
    expect(body.length).toBeLessThanOrEqual(58_000);
  });
});

describe("publishing", () => {
  const look = { scanSecrets: findSecrets };
  const pull: PullRequest = {
    repository: { owner: "acme", name: "support-agent" },
    number: 1,
    url: "u",
    branch: "b",
    head: commitSha("b".repeat(40)),
    state: "open",
    adopted: false,
  };
  const writer = (publication: Publication): ForgeWriter & { asked: number } => {
    const own = {
      asked: 0,
      publish: async () => ((own.asked += 1), publication),
      comment: async () => undefined,
      check: async () => undefined,
    };
    return own;
  };

  test("remembers what became of a proposal, and asks the forge again each time", async () => {
    const ledger = new MemoryLedger();
    const proposal = await proposed();
    const forge = writer({ result: "published", pull });
    await publish(proposal, forge, ledger, look);
    await publish(proposal, forge, ledger, look);
    expect(forge.asked).toBe(2);
    expect((await ledger.find(proposal.id))?.state).toBe("published");
  });

  test("remembers that a person closed it", async () => {
    const ledger = new MemoryLedger();
    const proposal = await proposed();
    await publish(proposal, writer({ result: "left-alone", why: "closed", pull: { ...pull, state: "closed" } }), ledger, look);
    expect((await ledger.find(proposal.id))?.state).toBe("closed");
  });

  test.each<[string, (proposal: Proposal) => Proposal]>([
    ["a branch that is not ours", (proposal) => ({ ...proposal, branch: "main" })],
    [
      "a workflow",
      (proposal) => ({
        ...proposal,
        files: [{ ...(proposal.files[0] ?? { text: "", before: digest("x") }), path: ".github/workflows/ci.yml" }],
      }),
    ],
    [
      "a file that no edit names",
      (proposal) => ({ ...proposal, files: [...proposal.files, { path: "other.md", text: "x", before: digest("x") }] }),
    ],
    [
      "a text that is not the edit's",
      (proposal) => ({ ...proposal, files: proposal.files.map((file) => ({ ...file, text: "something else" })) }),
    ],
    ["an image in its body", (proposal) => ({ ...proposal, body: `${proposal.body}\n\n![x](https://example.com/x.png)` })],
    ["a mention in its body", (proposal) => ({ ...proposal, body: `${proposal.body}\n\n@somebody` })],
    [
      "a file that steers builds, named by its edit too",
      (proposal) => ({
        ...proposal,
        files: proposal.files.map((file) => ({ ...file, path: "package.json" })),
        edits: proposal.edits.map((edit) => ({ ...edit, path: "package.json" })),
      }),
    ],
    ["a title of two lines", (proposal) => ({ ...proposal, title: "a\nb" })],
  ])("refuses a proposal file with %s before the forge is asked", async (_what, tamper) => {
    const forge = writer({ result: "published", pull });
    await expect(publish(tamper(await proposed()), forge, new MemoryLedger(), look)).rejects.toMatchObject({ code: "publish-refused" });
    expect(forge.asked).toBe(0);
  });
});
