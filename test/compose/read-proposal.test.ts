import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { failureJson, publishInOwnProcess, readProposal } from "../../src/compose/publishing.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { proposalId } from "../../src/domain/ids.ts";
import { aProposal } from "../contracts/ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-proposal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const proposal = aProposal({
  id: proposalId("p-0123456789ab"),
  edits: [{ path: "a.md", base: digestOf("a"), before: "a", after: "b", reason: "" }],
  files: [{ path: "a.md", text: "b", before: digestOf("a") }],
});

function fileOf(content: unknown): string {
  const path = join(folder, "proposal.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("a proposal file", () => {
  test("comes back as it was written", () => {
    expect(readProposal(fileOf(proposal))).toEqual(proposal);
  });

  test.each<[string, unknown, string]>([
    ["no JSON", "{", "JSON"],
    ["a repository that leads elsewhere", { ...proposal, repository: { owner: "acme", name: ".." } }, "repository"],
    ["a path in the owner", { ...proposal, repository: { owner: "acme/../x", name: "a" } }, "repository"],
    ["no commit", { ...proposal, commit: "main" }, "commit"],
    ["a key that nobody knows", { ...proposal, token: "x" }, "the whole"],
    ["a prototype", `{"__proto__":{"x":1},${JSON.stringify(proposal).slice(1)}`, "the whole"],
    ["no edits", { ...proposal, edits: [] }, "edits"],
    ["a page without end", { ...proposal, body: "x".repeat(80_000) }, "body"],
  ])("with %s is refused", (_what, content, place) => {
    const read = (): unknown => readProposal(fileOf(content));
    expect(read).toThrow(TuneupError);
    expect(read).toThrow(place);
  });
});

test("the publishing process says itself whether trying again may help", async () => {
  const failing = (error: TuneupError): Promise<unknown> =>
    publishInOwnProcess(proposal, {
      data: folder,
      repo: folder,
      forge: "local",
      program: ["-e", `process.stdout.write(${JSON.stringify(failureJson(error))}); process.exit(6)`, "--"],
    });
  const refused = new TuneupError("publish-refused", "The page holds an image.", { remedy: "Look." });
  await expect(failing(refused)).rejects.toMatchObject({ code: "publish-refused", retryable: false, message: "The page holds an image." });
  const limited = new TuneupError("forge-unreachable", "Later.", { remedy: "Wait.", retryable: true });
  await expect(failing(limited)).rejects.toMatchObject({ code: "forge-unreachable", retryable: true });
});
