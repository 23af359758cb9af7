import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { githubReader } from "../../src/adapters/github-forge/github-reader.ts";
import { localForge } from "../../src/adapters/local-forge/local-forge.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, commitSha, digest, proposalId } from "../../src/domain/ids.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import type { ForgeWriter } from "../../src/ports/forge.ts";
import { aRepository, gitIn } from "../builders/git-repository.ts";
import { GithubWorld } from "../world/github.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-forge-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

const before = "# Agent\n\n- Do this.\n- Do that.\n";
const after = before.replace("- Do this.", "- Do this, and look first.");
const moved = `${before}- And this, since last week.\n`;
const files = { "prompts/system.md": before, "README.md": "# Hi\n" };

const aProposal = (commit: string, changes: Partial<Proposal> = {}): Proposal => ({
  id: proposalId("p-0123456789ab"),
  repository: { owner: "acme", name: "support-agent" },
  commit: commitSha(commit),
  cluster: clusterId("c-1"),
  edits: [{ path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
  files: [{ path: "prompts/system.md", text: after, before: digestOf(before) }],
  branch: "tuneup/0123456789ab",
  title: "prompt: fewer failures",
  body: "The body.",
  commitMessage: "prompt: fewer failures\n\nReplayed 9 sessions: 9 fixed.",
  draft: false,
  labels: ["tuneup"],
  evidence: digest("sha256:00"),
  state: "verified",
  ...changes,
});

/** A forge under test, and how to look at and act on what lies behind it. */
interface Place {
  readonly writer: ForgeWriter;
  readonly commit: string;
  textOnBranch(): string | undefined;
  commitsOnBranch(): number;
  humanCommits(): void;
  /** The default branch moves on in the file that the proposal edits; returns its head and the file's text there. */
  baseMoves(): { readonly commit: string; readonly text: string };
  closePull(): void;
  pulls(): number;
  /** How often a comment's words stand at the pull request. */
  mentions(words: string): number;
  stop(): Promise<void>;
}

async function localPlace(): Promise<Place> {
  const folder = aRepository(join(root, `repo-${(count += 1)}`), files);
  const data = join(root, `data-${count}`);
  const writer = localForge({ path: folder, data, programs: process.env["PATH"] ?? "", now: () => "2026-01-20T00:00:00Z" });
  const commit = gitIn(folder, "rev-parse", "HEAD");
  const branch = "tuneup/0123456789ab";
  return {
    writer,
    commit,
    textOnBranch: () => `${gitIn(folder, "show", `${branch}:prompts/system.md`)}\n`,
    commitsOnBranch: () =>
      gitIn(folder, "branch", "--list", branch) === "" ? 0 : Number(gitIn(folder, "rev-list", "--count", `${commit}..${branch}`)),
    humanCommits() {
      const tree = gitIn(folder, "rev-parse", `${branch}^{tree}`);
      gitIn(folder, "update-ref", `refs/heads/${branch}`, gitIn(folder, "commit-tree", tree, "-p", branch, "-m", "my own words"));
    },
    baseMoves() {
      writeFileSync(join(folder, "prompts/system.md"), moved);
      gitIn(folder, "commit", "--quiet", "--all", "--message", "move on");
      return { commit: gitIn(folder, "rev-parse", "HEAD"), text: moved };
    },
    closePull() {
      const path = join(data, "pulls", "1.json");
      writeFileSync(path, readFileSync(path, "utf8").replace('"open"', '"closed"'));
    },
    pulls: () =>
      gitIn(folder, "branch", "--list", "tuneup/*")
        .split("\n")
        .filter((line) => line !== "").length,
    mentions: (words) => readFileSync(join(data, "pulls", "1.md"), "utf8").split(words).length - 1,
    stop: async () => undefined,
  };
}

const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };

async function githubPlace(world = new GithubWorld(files)): Promise<Place> {
  await world.start();
  const branch = "tuneup/0123456789ab";
  return {
    writer: githubForge({ token: world.token, baseUrl: world.url, retry }),
    commit: world.head("main") ?? "",
    textOnBranch: () => world.text(branch, "prompts/system.md"),
    commitsOnBranch: () => world.commitsOn(branch).length,
    humanCommits: () => world.push(branch, "my own words", { "prompts/system.md": "mine\n" }),
    baseMoves() {
      world.push("main", "move on", { "prompts/system.md": moved });
      return { commit: world.head("main") ?? "", text: moved };
    },
    closePull() {
      for (const pull of world.pulls) pull.state = "closed";
    },
    pulls: () => world.pulls.length,
    mentions: (words) =>
      world.comments.filter((comment) => comment.body.includes(words)).length +
      world.checks.filter((check) => check.conclusion === words).length,
    stop: () => world.stop(),
  };
}

describe.each<[string, () => Promise<Place>]>([
  ["the local forge", localPlace],
  ["the GitHub forge", githubPlace],
])("%s keeps the forge's contract", (_name, open) => {
  let place: Place;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(() => place.stop());

  test("makes one branch, one commit and one pull request, however often it is asked", async () => {
    const first = await place.writer.publish(aProposal(place.commit));
    const second = await place.writer.publish(aProposal(place.commit));
    expect(first).toMatchObject({ result: "published", pull: { number: 1, state: "open", adopted: false } });
    expect(second).toMatchObject({ result: "published", pull: { number: 1, adopted: true } });
    expect([place.commitsOnBranch(), place.pulls(), place.textOnBranch()]).toEqual([1, 1, after]);
  });

  test("brings a pull request of its own up to date", async () => {
    await place.writer.publish(aProposal(place.commit));
    const text = after.replace("look first", "look twice");
    await place.writer.publish(
      aProposal(place.commit, {
        edits: [
          { path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look twice.", reason: "" },
        ],
        files: [{ path: "prompts/system.md", text, before: digestOf(before) }],
        title: "prompt: still fewer failures",
      }),
    );
    expect(place.textOnBranch()).toBe(text);
    expect(place.pulls()).toBe(1);
  });

  test("keeps its hands off what a person closed", async () => {
    await place.writer.publish(aProposal(place.commit));
    place.closePull();
    expect(await place.writer.publish(aProposal(place.commit))).toMatchObject({
      result: "left-alone",
      why: expect.stringMatching(/closed/),
    });
  });

  test("keeps its hands off a branch with anybody else's commit", async () => {
    await place.writer.publish(aProposal(place.commit));
    place.humanCommits();
    expect(await place.writer.publish(aProposal(place.commit))).toMatchObject({
      result: "left-alone",
      why: expect.stringMatching(/someone else has committed/),
    });
  });

  test("makes the branch anew without anybody's commits when a person asks for it", async () => {
    await place.writer.publish(aProposal(place.commit));
    place.humanCommits();
    expect(await place.writer.publish(aProposal(place.commit), { recreate: true })).toMatchObject({
      result: "published",
      pull: { number: 1, adopted: true, state: "open" },
    });
    expect([place.commitsOnBranch(), place.textOnBranch()]).toEqual([1, after]);
  });

  test("moves its branch to a newer base in one step, and keeps the pull request", async () => {
    await place.writer.publish(aProposal(place.commit));
    const base = place.baseMoves();
    const text = base.text.replace("- Do this.", "- Do this, and look first.");
    const rebased = aProposal(base.commit, { files: [{ path: "prompts/system.md", text, before: digestOf(base.text) }] });
    for (let time = 0; time < 2; time += 1)
      expect(await place.writer.publish(rebased)).toMatchObject({ result: "published", pull: { number: 1, state: "open" } });
    expect([place.textOnBranch(), place.pulls()]).toEqual([text, 1]);
  });

  test("opens another pull request once the closed one is settled", async () => {
    await place.writer.publish(aProposal(place.commit));
    place.closePull();
    expect(await place.writer.publish(aProposal(place.commit), { settledPull: 1 })).toMatchObject({
      result: "published",
      pull: { number: 2, state: "open" },
    });
  });

  test.each<[string, Partial<Proposal>]>([
    [
      "changes more than its edits say",
      { files: [{ path: "prompts/system.md", text: `${after}- And more.\n`, before: digestOf(before) }] },
    ],
    ["was written against another text", { files: [{ path: "prompts/system.md", text: after, before: digestOf("another") }] }],
    ["changes a file that is not there", { files: [{ path: "prompts/other.md", text: after, before: digestOf(before) }] }],
  ])("refuses a proposal that %s, and leaves no branch", async (_what, changes) => {
    await expect(place.writer.publish(aProposal(place.commit, changes))).rejects.toMatchObject({
      code: expect.stringMatching(/publish-refused|forge-refused/),
    });
    expect(place.commitsOnBranch()).toBe(0);
  });

  test("keeps one comment a kind, edited in place", async () => {
    const published = await place.writer.publish(aProposal(place.commit));
    if (published.result !== "published") throw new Error(published.why);
    await place.writer.comment(published.pull, "progress", "half");
    await place.writer.comment(published.pull, "progress", "done");
    await place.writer.check(published.pull, "neutral", "all good");
    await place.writer.check(published.pull, "success", "all good");
    expect([place.mentions("half"), place.mentions("done"), place.mentions("neutral"), place.mentions("success")]).toEqual([0, 1, 0, 1]);
  });
});

describe("the local forge", () => {
  test("asked by ten at once makes one branch, one commit and one page", async () => {
    const folder = aRepository(join(root, `repo-${(count += 1)}`), files);
    const commit = gitIn(folder, "rev-parse", "HEAD");
    const data = join(root, `data-${count}`);
    const published = await Promise.all(
      Array.from({ length: 10 }, () =>
        localForge({ path: folder, data, programs: process.env["PATH"] ?? "", now: () => "2026-01-20T00:00:00Z" }).publish(
          aProposal(commit),
        ),
      ),
    );
    expect(published.filter((one) => one.result === "published" && !one.pull.adopted)).toHaveLength(1);
    expect(new Set(published.map((one) => one.pull?.number))).toEqual(new Set([1]));
    expect(gitIn(folder, "rev-list", "--count", `${commit}..tuneup/0123456789ab`)).toBe("1");
  });

  test("touches neither work tree nor index nor HEAD, and runs no hook", async () => {
    const folder = aRepository(join(root, `repo-${(count += 1)}`), files);
    writeFileSync(join(folder, "prompts/system.md"), "work in progress\n");
    writeFileSync(join(folder, ".git/hooks/reference-transaction"), `#!/bin/sh\ntouch ${join(root, "hooked")}\n`, { mode: 0o755 });
    const status = gitIn(folder, "status", "--porcelain");
    const head = gitIn(folder, "rev-parse", "HEAD");
    await localForge({
      path: folder,
      data: join(root, `data-${count}`),
      programs: process.env["PATH"] ?? "",
      now: () => "2026-01-20T00:00:00Z",
    }).publish(aProposal(head));
    expect([gitIn(folder, "status", "--porcelain"), gitIn(folder, "rev-parse", "HEAD"), gitIn(folder, "branch", "--show-current")]).toEqual(
      [status, head, "main"],
    );
    expect(existsSync(join(root, "hooked"))).toBe(false);
    expect(gitIn(folder, "diff", "--stat", `${head}..tuneup/0123456789ab`)).toContain("1 file changed, 1 insertion(+), 1 deletion(-)");
  });

  test("notices that its branch was merged", async () => {
    const folder = aRepository(join(root, `repo-${(count += 1)}`), files);
    const head = gitIn(folder, "rev-parse", "HEAD");
    const forge = localForge({
      path: folder,
      data: join(root, `data-${count}`),
      programs: process.env["PATH"] ?? "",
      now: () => "2026-01-20T00:00:00Z",
    });
    await forge.publish(aProposal(head));
    gitIn(folder, "merge", "--quiet", "--no-edit", "tuneup/0123456789ab");
    expect(await forge.publish(aProposal(head))).toMatchObject({
      result: "left-alone",
      why: expect.stringMatching(/merged already/),
      pull: { state: "merged" },
    });
  });
});

describe("the GitHub forge", () => {
  let world: GithubWorld;
  beforeEach(async () => {
    world = await new GithubWorld(files).start();
  });
  afterEach(() => world.stop());
  const forge = (token = world.token): ForgeWriter => githubForge({ token, baseUrl: world.url, retry });
  const publish = () => forge().publish(aProposal(world.head("main") ?? ""));

  test.each([/POST .*\/git\/refs$/, /POST \/graphql$/, /POST .*\/pulls$/, /POST .*\/labels$/])(
    "applied, then answered 502 at %s, still leaves one of everything",
    async (request) => {
      world.fail(request, { when: "after" });
      expect(await publish()).toMatchObject({ result: "published", pull: { number: 1 } });
      expect([world.commitsOn("tuneup/0123456789ab").length, world.pulls.length]).toEqual([1, 1]);
    },
  );

  test.each([/GET .*\/pulls$/, /GET .*\/compare\//, /POST \/graphql$/])(
    "a server error before %s took effect is waited out",
    async (request) => {
      world.fail(request, { when: "before", times: 2 });
      expect(await publish()).toMatchObject({ result: "published" });
    },
  );

  test("a rate limit is obeyed, one of hours is reported instead", async () => {
    world.fail(/POST .*\/pulls$/, { when: "before", status: 403, headers: { "retry-after": "30" } });
    expect(await publish()).toMatchObject({ result: "published" });
    world.fail(/GET .*\/pulls$/, { when: "before", status: 429, headers: { "retry-after": "7200" } });
    await expect(publish()).rejects.toMatchObject({ code: "forge-unreachable", retryable: true });
    const used = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2400" };
    world.fail(/GET .*\/pulls$/, { when: "before", status: 403, headers: used });
    await expect(publish()).rejects.toMatchObject({ code: "forge-unreachable", retryable: true });
  });

  test("names the missing permission, and never the token", async () => {
    const error = await forge("ghp_wrong")
      .publish(aProposal(world.head("main") ?? ""))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: "forge-refused", remedy: expect.stringContaining("GITHUB_TOKEN") });
    world.fail(/POST .*\/git\/refs$/, { when: "before", status: 403 });
    await expect(publish()).rejects.toMatchObject({ code: "forge-refused", remedy: expect.stringContaining("contents and pull requests") });
    expect(JSON.stringify([error, String(error)])).not.toContain("ghp_wrong");
  });

  test("edits no comment of anybody else, whatever mark it copies", async () => {
    const { pull } = await publish();
    if (pull === undefined) throw new Error("no pull request");
    world.comment(pull.number, "eve", "<!-- tuneup:note -->\nmine");
    await forge().comment(pull, "note", "Ours.");
    await forge().comment(pull, "note", "Ours again.");
    expect(world.comments.map(({ body }) => body)).toEqual(["<!-- tuneup:note -->\nmine", "<!-- tuneup:note -->\nOurs again."]);
  });

  test("never moves a branch over a commit that came while it looked", async () => {
    await publish();
    world.push("main", "move on", { "prompts/system.md": moved });
    const text = moved.replace("- Do this.", "- Do this, and look first.");
    const rebased = aProposal(world.head("main") ?? "", { files: [{ path: "prompts/system.md", text, before: digestOf(moved) }] });
    world.stale(/GET .*\/git\/ref\/heads\/tuneup\/0123456789ab$/);
    world.push("tuneup/0123456789ab", "my own words", { "prompts/system.md": "mine\n" });
    expect(await forge().publish(rebased)).toMatchObject({ result: "left-alone", edited: true });
    expect(world.text("tuneup/0123456789ab", "prompts/system.md")).toBe("mine\n");
  });

  test("keeps its hands off a commit of its own that a person amended, trailer and all", async () => {
    await publish();
    const branch = "tuneup/0123456789ab";
    const message = world.commitsOn(branch)[0] ?? "";
    expect(message).toContain("Tuneup-Proposal: ");
    const base = world.head("main") ?? "";
    const amended = world.repository(world.owner, world.name)?.git.commitFiles(
      [base],
      { "prompts/system.md": "in my words\n" },
      {
        author: { name: "tuneup[bot]", email: "tuneup@example.com", at: 1 },
        committer: { name: "Ada", email: "ada@example.com", at: 2 },
        message,
      },
    );
    world.repository(world.owner, world.name)?.git.refs.set(branch, amended ?? "");
    expect(await publish()).toMatchObject({ result: "left-alone", edited: true });
    expect(world.text(branch, "prompts/system.md")).toBe("in my words\n");
  });

  test("opens a second pull request for what is left after a merge, but only from a base that holds it", async () => {
    await publish();
    const [pull] = world.pulls;
    world.push("main", "merge", { "prompts/system.md": after });
    if (pull !== undefined)
      Object.assign(pull, { state: "closed", merged_at: "2026-01-02T00:00:00Z", merge_commit_sha: world.head("main") });
    const old = world.commitsOn("main").length;
    expect(old).toBe(1);
    const base = world.head("main") ?? "";
    const again = aProposal(base, {
      edits: [{ path: "prompts/system.md", base: digestOf(after), before: "- Do that.", after: "- Do that.\n- More.", reason: "" }],
      files: [{ path: "prompts/system.md", text: `${after}- More.\n`, before: digestOf(after) }],
    });
    expect(await forge().publish(again)).toMatchObject({ result: "published", pull: { number: 2 } });
  });

  test("asks reviewers once, each by itself: a wrong name costs nobody the pull request or the others", async () => {
    world.permissions.set("ada", "write");
    world.permissions.set("bob", "read");
    for (const login of ["ada", "bob"]) world.accounts.account(login);
    const reviewers = ["ada", "no-such-person", "acme/no-team", "bob"];
    for (const state of ["verified", "published"] as const)
      expect(await forge().publish(aProposal(world.head("main") ?? "", { reviewers, state }))).toMatchObject({ result: "published" });
    expect(world.pulls[0]?.requested_reviewers).toEqual(["ada", "bob"]);
    expect(world.requests.filter((line) => line.endsWith("/requested_reviewers"))).toHaveLength(4);
  });

  test("makes a draft of one whose proof has become weaker, and never makes one ready that is a draft", async () => {
    await publish();
    const base = world.head("main") ?? "";
    await forge().publish(aProposal(base, { draft: true }));
    expect(world.pulls[0]?.draft).toBe(true);
    await forge().publish(aProposal(base, { draft: false }));
    expect(world.pulls[0]?.draft).toBe(true);
  });

  test("takes its branch back when it would hold more than was approved", async () => {
    // Some automation adds a file to every commit that arrives.
    world.alsoCommit = { "extra.txt": "x" };
    await expect(publish()).rejects.toMatchObject({ code: "publish-refused", message: expect.stringContaining("extra.txt") });
    expect(world.branches()).toEqual(["main"]);
    expect(world.pulls).toEqual([]);
  });

  test("answers what jobs ask: default branch, live permission, pull request of a branch", async () => {
    const reader = githubReader({ token: world.token, baseUrl: world.url, retry });
    const repository = { owner: world.owner, name: world.name };
    world.permissions.set("ada", "maintain");
    expect(await reader.describe(repository)).toEqual({ defaultBranch: "main", head: world.head("main"), visibility: "private" });
    expect([await reader.permission(repository, "ada"), await reader.permission(repository, "eve")]).toEqual(["write", "none"]);
    expect(await reader.findPullRequest(repository, "tuneup/0123456789ab")).toBeUndefined();
    await publish();
    expect(await reader.findPullRequest(repository, "tuneup/0123456789ab")).toMatchObject({ number: 1, state: "open" });
    world.fail(/GET .*\/collaborators/, { when: "before", status: 500 });
    await expect(reader.permission(repository, "ada")).rejects.toMatchObject({ code: "forge-unreachable" });
  });
});
