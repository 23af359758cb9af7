import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { gitIn } from "../builders/git-repository.ts";
import { reportOf, tuneup } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-demo-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshFolder = (): string => mkdtempSync(join(root, "f"));

describe("tuneup demo", () => {
  test("runs the whole job and leaves a branch, a page and evidence that verifies", async () => {
    const cwd = freshFolder();
    const { code, err, out } = await tuneup(["demo"], { cwd });
    expect(code).toBe(0);
    expect(err).toMatch(
      /The model is simulated[\s\S]*✓ ingest[\s\S]*✓ locate {4}prompts\/system\.md[\s\S]*✓ vet[\s\S]*✓ decide {4}improves/,
    );
    expect(out).toMatch(/Pull request opened[\s\S]*\+\+\+ b\/[\s\S]*fixed {2}broken[\s\S]*verdict: improves[\s\S]*Next:/);
    const branch = gitIn(join(cwd, ".tuneup/demo/support-agent"), "branch", "--list", "tuneup/*").trim();
    expect(gitIn(join(cwd, ".tuneup/demo/support-agent"), "diff", "--stat", `main..${branch}`)).toMatch(/1 file changed/);
    const [evidence] = readdirSync(join(cwd, ".tuneup/demo/data/evidence"));
    expect((await tuneup(["verify", join(".tuneup/demo/data/evidence", evidence ?? "")], { cwd })).code).toBe(0);
    const printed = [...out.matchAll(/npm run tuneup -- ((?:clusters|show|verify|report) .*?)(?: {2,}|$)/gm)].map(
      ([, command = ""]) => command,
    );
    expect(printed).toHaveLength(4);
    for (const command of printed) {
      const ended = await tuneup(command.split(" "), { cwd });
      expect([command, ended.code, ended.out.split("\n").length > 1]).toEqual([command, 0, true]);
      expect(ended.out).not.toMatch(/^no /);
    }
    expect(readFileSync(join(cwd, "evidence.html"), "utf8")).toMatch(
      /Conversations, before and after[\s\S]*class="message assistant differs"/,
    );
    expect(gitIn(join(cwd, ".tuneup/demo/support-agent"), "status", "--porcelain")).toBe("");
  });

  test.each([
    ["harmful-edits", "harms", "decided"],
    ["not-in-the-prompt", "not-a-prompt-problem", "not-a-prompt-problem"],
  ])("of %s opens no pull request and says why: %s", async (scenario, result, end) => {
    const cwd = freshFolder();
    const { out } = await tuneup(["demo", "--scenario", scenario, "--seed", "2", "--json"], { cwd });
    const { finding } = reportOf(out);
    expect([finding.verdict?.result ?? finding.end, finding.end]).toEqual([result, end]);
    expect(gitIn(join(cwd, ".tuneup/demo/support-agent"), "branch", "--list", "tuneup/*")).toBe("");
  });

  test("never empties a folder that it did not make", async () => {
    const cwd = freshFolder();
    mkdirSync(join(cwd, "precious"));
    writeFileSync(join(cwd, "precious/thesis.md"), "years of work");
    const { code, err } = await tuneup(["demo", "--folder", "precious"], { cwd });
    expect([code, readFileSync(join(cwd, "precious/thesis.md"), "utf8")]).toEqual([2, "years of work"]);
    expect(err).toContain("no demo made it");
  });
});
