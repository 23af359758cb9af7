import { beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { type Assigned, assignmentOf } from "../../src/app/commands/assignment.ts";
import type { CommandRequest } from "../../src/app/commands/command-request.ts";
import { clusterId, instant, proposalId } from "../../src/domain/ids.ts";
import type { KnownPull } from "../../src/domain/publishing/standing.ts";
import { keepPull } from "../../src/pipeline/standing/pulls.ts";

const repository = { owner: "acme", name: "support-agent" };
let ledger: MemoryLedger;
beforeEach(() => {
  ledger = new MemoryLedger();
});

const open: KnownPull = {
  number: 12,
  url: "u",
  proposal: proposalId("p-1"),
  cluster: clusterId("c-4f1d"),
  title: "prompt: fewer failures",
  paths: ["prompts/system.md"],
  branch: "tuneup/0123456789ab",
  life: "open",
  openedAt: instant("2026-01-20T10:00:00.000Z"),
};

const assign = (command: CommandRequest["command"], more: Partial<CommandRequest> = {}): Promise<Assigned> =>
  assignmentOf(
    { installation: 99, owner: "acme", repository: "support-agent", issue: 12, comment: 555, login: "ada", command, ...more },
    { documents: ledger, clusters: async () => [], now: () => instant("2026-01-20T12:00:00.000Z") },
  );

describe("a command in an open pull request of ours", () => {
  beforeEach(() => keepPull(ledger, repository, open));

  test.each([
    ["revise", { text: "sha256:01" }, { cluster: "c-4f1d", later: { kind: "revise", of: "p-1", words: "sha256:01" } }],
    ["smaller", {}, { cluster: "c-4f1d", later: { kind: "smaller", of: "p-1" } }],
    ["rebase", {}, { cluster: "c-4f1d", later: { kind: "rebase", of: "p-1" } }],
    ["replay", { sessions: 40 }, { cluster: "c-4f1d", later: { kind: "replay", of: "p-1", more: 40 } }],
    ["recreate", {}, { cluster: "c-4f1d", recreate: "p-1" }],
    ["retry", {}, { cluster: "c-4f1d", seed: 557 }],
  ] as const)("%s takes up the job behind it", async (command, more, expected) => {
    expect(await assign(command, more)).toMatchObject({ possible: true, assignment: expected });
  });

  test.each(["revise", "smaller", "rebase"] as const)("%s keeps its hands off where somebody else has committed", async (command) => {
    await keepPull(ledger, repository, { ...open, edited: true });
    expect(await assign(command)).toMatchObject({ possible: false, why: expect.stringContaining("/tuneup recreate") });
    expect(await assign("recreate")).toMatchObject({ possible: true });
  });

  test.each(["revise", "smaller", "rebase", "recreate"] as const)("%s is refused once it is merged or closed", async (command) => {
    await keepPull(ledger, repository, { ...open, life: "merged" });
    expect(await assign(command)).toMatchObject({ possible: false, why: expect.stringContaining("merged") });
  });
});

test.each(["revise", "smaller", "rebase", "recreate"] as const)("%s elsewhere is refused, and says where it belongs", async (command) => {
  expect(await assign(command)).toMatchObject({ possible: false, why: expect.stringContaining("this is none") });
});
