import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubForge } from "../../../src/adapters/github-forge/github-forge.ts";
import { digestOf } from "../../../src/domain/digest.ts";
import { clusterId, commitSha, digest, instant, proposalId } from "../../../src/domain/ids.ts";
import { keepPull, knownPull, rememberPublication } from "../../../src/pipeline/standing/pulls.ts";
import type { Access } from "../../world/state.ts";
import { type WholeApp, wholeApp } from "../whole-app.ts";

const path = "prompts/system.md";
const before = "# Agent\n\n- Do this.\n";
const branch = "tuneup/0123456789ab";
const here = { owner: "acme", repo: "support-agent" };

let app: WholeApp;
let wanted: "another-person" | "anyone";
beforeEach(() => {
  wanted = "another-person";
});
afterEach(() => app.close());

/** Publishes as the publishing process does. */
async function publish(): Promise<number> {
  const { ledger, world } = app;
  const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
  const proposal = {
    id: proposalId("p-0123456789ab"),
    repository: { owner: "acme", name: "support-agent" },
    commit: commitSha(world.head("main") ?? ""),
    cluster: clusterId("c-4f1d"),
    edits: [{ path, base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
    files: [{ path, text: before.replace("- Do this.", "- Do this, and look first."), before: digestOf(before) }],
    branch,
    title: "prompt: fewer failures",
    body: "The body.",
    commitMessage: "prompt: fewer failures",
    draft: false,
    labels: [],
    evidence: digest("sha256:00"),
    state: "verified",
  } as const;
  const done = await githubForge({ token: world.token, baseUrl: world.url, retry }).publish(proposal, {});
  await rememberPublication(ledger, proposal, done, instant("2026-01-20T12:00:00.000Z"));
  return done.pull?.number ?? 0;
}

/** Ada asks for a run, and its proposal is published. Returns the pull request's number. */
async function proposed(people: Readonly<Record<string, Access>> = { bob: "write" }, asks = "ada"): Promise<number> {
  let number = 0;
  app = await wholeApp(
    {
      read: async () => ({ proposal: { id: proposalId("p-0123456789ab") } }),
      publish: async () => {
        number = await publish();
        return { published: true, text: `Pull request opened: #${number}`, pull: number, head: app.world.head(branch) ?? "" };
      },
    },
    { [path]: before, "README.md": "# Hi\n" },
    { wanted },
  );
  for (const [login, access] of Object.entries({ carol: "write", ...people } as const)) {
    app.world.accounts.account(login);
    app.world.permissions.set(login, access);
  }
  await app.say(asks, "/tuneup run");
  expect(app.queue.failed).toEqual([]);
  return number;
}

/** Somebody reviews, and everything that follows has happened. */
async function review(login: string, event: "APPROVE" | "REQUEST_CHANGES" | "COMMENT", number: number, commit?: string): Promise<number> {
  const body = { event, body: "", ...(commit === undefined ? {} : { commit_id: commit }) };
  const made = await app.world.ask({ kind: "user", login }, "POST", `/repos/acme/support-agent/pulls/${number}/reviews`, body);
  await app.settled();
  return (made as { readonly id: number }).id;
}

/** What the check says at a commit: its conclusion, `undefined` where there is none. */
const saidAt = (sha = app.world.head(branch)): string | null | undefined => {
  const found = app.world.checks.filter((check) => check.name === "tuneup approval" && check.head_sha === sha);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.conclusion;
};
const words = (): string => app.world.checks.findLast((check) => check.name === "tuneup approval")?.output.summary ?? "";

describe("the check of a proposal", () => {
  test("waits from the beginning, names who asked, and passes when another person who may write approves this commit", async () => {
    const number = await proposed();
    expect(saidAt()).toBe("action_required");
    expect(words()).toContain("other than `ada`");
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("success");
    expect(words()).toContain("`bob` approves this commit");
  });

  test("does not pass for who asked, however the name is written, nor for anybody who asked for a later job of it", async () => {
    const number = await proposed();
    await review("ada", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    expect(words()).toContain("somebody with a part in it does not count");
    app.world.permissions.set("bob", "write");
    await app.say("BOB", "/tuneup run", number);
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    await review("carol", "APPROVE", number);
    expect(saidAt()).toBe("success");
  });

  test("ends when it is dismissed", async () => {
    const number = await proposed();
    const id = await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("success");
    const at = `/repos/acme/support-agent/pulls/${number}/reviews/${id}/dismissals`;
    await app.world.ask({ kind: "user", login: "carol" }, "PUT", at, { message: "not yet" });
    await app.settled();
    expect(saidAt()).toBe("action_required");
  });

  test("finds an approval among more reviews than one page holds", async () => {
    const number = await proposed({ bob: "write" });
    const { data } = app.world.repository("acme", "support-agent") ?? {};
    for (let id = 10_000; id < 10_120; id += 1)
      data?.reviews.push({
        id,
        pull: number,
        user: "tom",
        state: "COMMENTED",
        body: "",
        commit_id: "",
        submitted_at: "2026-01-20T12:00:00Z",
      });
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("success");
  });

  test("belongs to one commit: a push begins anew, and who pushed is no other person", async () => {
    const number = await proposed();
    await review("carol", "APPROVE", number);
    app.world.push(branch, "a word more", { [path]: `${before}- More.\n` }, "bob");
    await app.settled();
    expect(saidAt()).toBe("action_required");
    expect(app.world.checks.some((check) => check.name === "tuneup" && check.head_sha === app.world.head(branch))).toBe(false);
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    await review("carol", "APPROVE", number);
    expect(saidAt()).toBe("success");
  });

  test("does not pass while a commit on the branch belongs to no account", async () => {
    const number = await proposed();
    app.world.push(branch, "a word more", { [path]: `${before}- More.\n` }, "bob", "nobody-knows");
    await app.settled();
    await review("carol", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    expect(words()).toContain("no account");
  });

  test("ends when who approved may not write any more, and is written once while nothing changes", async () => {
    const number = await proposed();
    await review("bob", "APPROVE", number);
    const writes = (): number => app.world.requests.filter((line) => /^(?:POST|PATCH) .*\/check-runs/.test(line)).length;
    const earlier = writes();
    await app.keepApprovals();
    expect(writes()).toBe(earlier);
    app.world.permissions.set("bob", "read");
    await app.keepApprovals();
    expect(saidAt()).toBe("action_required");
  });

  test("does not pass without the record of what was proposed", async () => {
    const number = await proposed();
    const repository = { owner: "acme", name: "support-agent" };
    const known = await knownPull(app.ledger, repository, number);
    if (known !== undefined) await keepPull(app.ledger, repository, { ...known, proposal: proposalId("p-ffffffffffff") });
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    expect(words()).toContain("does not know what was proposed");
  });

  test("passes for one who may write since a moment ago, at the next round of the upkeep", async () => {
    const number = await proposed({ bob: "triage" });
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBe("action_required");
    app.world.permissions.set("bob", "write");
    await review("bob", "APPROVE", number);
    await app.keepApprovals();
    expect(saidAt()).toBe("success");
  });

  test("is not made where the operator lets anyone approve", async () => {
    wanted = "anyone";
    const number = await proposed();
    await review("bob", "APPROVE", number);
    expect(saidAt()).toBeUndefined();
  });
});

describe("where merges wait for the check", () => {
  const require = (): void => void app.world.repository("acme", "support-agent")?.data.requiredChecks.push("tuneup approval");
  const merge = (number: number): Promise<unknown> => app.octokit.rest.pulls.merge({ ...here, pull_number: number });

  test("a proposal is merged only after another person's approval", async () => {
    const number = await proposed();
    require();
    await review("ada", "APPROVE", number);
    await expect(merge(number)).rejects.toThrow(/tuneup approval/);
    await review("bob", "APPROVE", number);
    expect(await merge(number)).toMatchObject({ data: { merged: true } });
  });

  test("everybody else's pull requests pass at once, also those that were open before", async () => {
    await proposed();
    const open = async (name: string): Promise<number> => {
      await app.octokit.rest.git.createRef({ ...here, ref: `refs/heads/${name}`, sha: app.world.head("main") ?? "" });
      app.world.push(name, "docs", { "README.md": `# ${name}\n` });
      const { data } = await app.octokit.rest.pulls.create({ ...here, head: name, base: "main", title: name });
      await app.settled();
      return data.number;
    };
    const earlier = await open("docs-one");
    expect(saidAt(app.world.head("docs-one"))).toBeUndefined();
    require();
    await open("docs-two");
    expect(saidAt(app.world.head("docs-two"))).toBe("skipped");
    await app.keepApprovals();
    expect(saidAt(app.world.head("docs-one"))).toBe("skipped");
    expect(await merge(earlier)).toMatchObject({ data: { merged: true } });
  });

  test("a pull request that somebody opens from the proposal's own commit does not let it pass", async () => {
    await proposed();
    require();
    await app.octokit.rest.git.createRef({ ...here, ref: "refs/heads/mine", sha: app.world.head(branch) ?? "" });
    await app.octokit.rest.pulls.create({ ...here, head: "mine", base: "main", title: "mine" });
    await app.settled();
    await app.keepApprovals();
    expect(saidAt()).toBe("action_required");
  });

  test("nothing waits for ever where the operator lets anyone approve", async () => {
    wanted = "anyone";
    const number = await proposed();
    require();
    await app.keepApprovals();
    expect(saidAt()).toBe("skipped");
    expect(await merge(number)).toMatchObject({ data: { merged: true } });
  });
});
