import { describe, expect, test } from "vitest";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import { readRepositoryFile } from "../../src/config/repository-file.ts";
import { clusterId, projectId } from "../../src/domain/ids.ts";
import type { FailureCluster } from "../../src/domain/cluster.ts";
import { firstRepositoryFile, type Survey } from "../../src/domain/publishing/setup.ts";
import { defaultLookRules, outgoingProblems } from "../../src/stages/publish/last-look.ts";
import { survey, type SurveyInput } from "../../src/stages/survey.ts";
import { welcome, type WishedSetup } from "../../src/stages/welcome.ts";

const files = {
  "prompts/system.md": "You help customers.",
  "tools.yaml": "- name: get_order\n",
  "sweep.yaml": "method: bayes\n",
  "CLAUDE.md": "Be kind.",
  "test/prompts/system.md": "a test",
  "docs/prompts/guide.md": "a guide",
  "src/main.py": "print()",
  "agents.yaml": "a: 1\n",
};

const aCluster = (title: string, members: number, nature: FailureCluster["nature"] = "cause"): FailureCluster =>
  ({
    id: clusterId(`c-${members}`),
    title,
    description: "",
    nature,
    members: Array.from({ length: members }, (_, index) => `s${index}`),
  }) as unknown as FailureCluster;

const scan = (...clusters: readonly FailureCluster[]): NonNullable<SurveyInput["scan"]> => ({
  project: projectId("support"),
  sessions: 120,
  failed: 45,
  unclear: 2,
  clusters,
});

async function surveyed(more: Partial<SurveyInput> = {}): Promise<Survey> {
  const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "support-agent" }, files }).open("HEAD");
  return survey({ checkout, ...more });
}

const bodyOf = async (more: Partial<SurveyInput> = {}, wished?: WishedSetup): Promise<string> => welcome(await surveyed(more), wished).body;

describe("the survey of a repository", () => {
  test("names what looks like a part of the agent, and leaves out tests and docs", async () => {
    const { files: named } = await surveyed();
    expect(named).toEqual([
      { path: "CLAUDE.md", what: "instructions that other tools obey too" },
      { path: "agents.yaml", what: "agent configuration" },
      { path: "prompts/system.md", what: "prompt file" },
      { path: "sweep.yaml", what: "Weights & Biases file" },
      { path: "tools.yaml", what: "tool definitions" },
    ]);
  });

  test("says why nothing was located", async () => {
    const located = { result: "absent", why: "the traces carry no system prompt", lookedFor: "a prompt", filesRead: 0 } as const;
    expect(await surveyed({ located })).toMatchObject({ located: [], notLocated: "the traces carry no system prompt" });
  });

  test("shows the five largest failures", async () => {
    const clusters = [9, 8, 7, 6, 5, 4].map((members) => aCluster("refund", members));
    expect((await surveyed({ scan: scan(...clusters) })).traces?.clusters.map((cluster) => cluster.members)).toEqual([9, 8, 7, 6, 5]);
  });
});

describe("the pull request that sets Tuneup up", () => {
  test("adds a file that is in order and asks for the defaults", () => {
    expect(readRepositoryFile(firstRepositoryFile)).toEqual({ state: "read", settings: { pullRequests: "ready" } });
  });

  test("says what was found, what fails, and how to start and to decline", async () => {
    const body = await bodyOf({ scan: scan(aCluster("refund follows the policy", 31), aCluster("nothing to see", 9, "no-visible-error")) });
    expect(body).toContain("| prompt file | `prompts/system.md` |");
    expect(body).toContain("120 recorded sessions, 45 known to have failed, 2 unclear.");
    expect(body).toContain("| refund follows the policy | 31 | `/tuneup run c-31` |");
    expect(body).toContain("no cause that an edit could mend shows");
    expect(body).toContain("Close this pull request, and Tuneup does nothing here.");
  });

  test("shows places of one kind in one file as one row", async () => {
    const place = (subject: string, line: number) => ({
      path: "tools.yaml",
      lines: { first: line, last: line },
      what: "tool description",
      subject,
    });
    const { body } = welcome({ ...(await surveyed()), located: [place("get_order", 3), place("issue_refund", 9)] });
    expect(body).toContain("| 2 tool descriptions: `get_order` `issue_refund` | `tools.yaml:3-9` |");
  });

  test("says what is missing where nothing is bound, or nothing recorded", async () => {
    expect(await bodyOf()).toContain("has not bound a trace project");
    expect(await bodyOf({ scan: { ...scan(), sessions: 0, failed: 0, unclear: 0 } })).toContain("holds no session");
  });

  test("follows the file on its branch", async () => {
    expect(await bodyOf({}, { state: "read", pullRequests: "report-only", ignored: 2 })).toMatch(
      /becomes a report in the comment .* 2 patterns keep files from edits/,
    );
    const invalid = await bodyOf({}, { state: "invalid", problems: ["line 3: unknown key `modles`"] });
    expect(invalid).toContain("is not in order");
    expect(invalid).toContain("line 3: unknown key");
  });

  test("passes the last look, whatever a failure is called", async () => {
    const hostile = aCluster("](https://evil.example) @octocat fixes #1 <img src=x> | `rm` /approve", 12);
    const { body, title } = welcome(await surveyed({ scan: scan(hostile) }));
    const write = {
      what: "pull request",
      repository: "acme/support-agent",
      texts: [
        { place: "body", text: body },
        { place: "title", text: title },
      ],
    } as const;
    expect(await outgoingProblems(write, defaultLookRules, async () => [])).toEqual([]);
  });
});
