import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../../src/domain/digest.ts";
import { clusterId, commitSha, digest, instant, proposalId } from "../../../src/domain/ids.ts";
import type { Proposal } from "../../../src/domain/proposal.ts";
import { defaultLimits } from "../../../src/domain/publishing/limits.ts";
import { githubForge } from "../../../src/adapters/github-forge/github-forge.ts";
import { hindranceNow } from "../../../src/compose/standing.ts";
import { recallTried } from "../../../src/pipeline/memory.ts";
import { keepJob } from "../../../src/pipeline/standing/jobs.ts";
import { ignoredFailure } from "../../../src/pipeline/standing/people.ts";
import { knownPull, knownPulls, rememberPublication, settledPull } from "../../../src/pipeline/standing/pulls.ts";
import { anAttempt, aSample } from "../../builders/attempt-builder.ts";
import { anEvidence } from "../../builders/evidence-builder.ts";
import { type WholeApp, wholeApp } from "../whole-app.ts";

const repository = { owner: "acme", name: "support-agent" };
const cluster = clusterId("c-4f1d");
const path = "prompts/system.md";
const before = "# Agent\n\n- Do this.\n";
const branch = "tuneup/0123456789ab";
let app: WholeApp;
beforeEach(async () => {
  app = await wholeApp({}, { [path]: before, "prompts/other.md": before });
});
afterEach(() => app.close());

const aProposal = (changes: Partial<Proposal> = {}, file = path): Proposal => ({
  id: proposalId("p-0123456789ab"),
  repository,
  commit: commitSha(app.world.head("main") ?? ""),
  cluster,
  edits: [{ path: file, base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
  files: [{ path: file, text: before.replace("- Do this.", "- Do this, and look first."), before: digestOf(before) }],
  branch,
  title: "prompt: fewer failures",
  body: "The body.",
  commitMessage: "prompt: fewer failures",
  draft: false,
  labels: ["tuneup"],
  evidence: digest("sha256:00"),
  startedBy: "ada",
  state: "verified",
  ...changes,
});

/** Publishes, and everything that follows has happened. */
async function publish(proposal = aProposal()): ReturnType<typeof publishOnly> {
  const publication = await publishOnly(proposal);
  await app.settled();
  return publication;
}

/** What the publishing process does, with the App's rights. */
async function publishOnly(proposal = aProposal()): Promise<{ readonly result: string; readonly number?: number }> {
  const { ledger, world } = app;
  const now = instant("2026-01-20T12:00:00.000Z");
  const hindrance = await hindranceNow(
    { branch: proposal.branch, cluster: proposal.cluster, paths: proposal.files.map((file) => file.path), startedBy: "ada" },
    { repository, ledger, operator: { limits: { ...defaultLimits, newPerDay: 9 } }, now, limited: true },
  );
  if (hindrance !== undefined) return { result: hindrance.why };
  const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
  const writer = githubForge({ token: world.token, baseUrl: world.url, retry });
  const publication = await writer.publish(proposal, { settledPull: settledPull(await knownPulls(ledger, repository), proposal.branch) });
  await rememberPublication(ledger, proposal, publication, now);
  return { result: publication.result, ...(publication.pull === undefined ? {} : { number: publication.pull.number }) };
}

const commentsAt = (number: number): readonly string[] =>
  app.world.comments.filter((comment) => comment.issue === number && comment.user === "tuneup[bot]").map((comment) => comment.body);

describe("a pull request that a person closes", () => {
  test("is remembered with their words, answered once, and comes back only after unignore, as a new one", async () => {
    const attempt = anAttempt(aSample(["a"]), { cluster });
    await keepJob(app.ledger, { attempt, evidence: anEvidence(), proposal: proposalId("p-0123456789ab") });
    const { number = 0 } = await publish();
    await app.say("ada", "This is on purpose, see @bob", number);
    app.world.closePull(number, "ada");
    await app.settled();
    expect(await knownPull(app.ledger, repository, number)).toMatchObject({ life: "closed", endedBy: "ada" });
    expect(await ignoredFailure(app.ledger, repository, cluster)).toMatchObject({
      by: "ada",
      reason: "This is on purpose, see @bob",
      pull: number,
    });
    expect(commentsAt(number)).toHaveLength(1);
    expect(commentsAt(number)[0]).toMatch(/Closed by `ada`[\s\S]*on purpose[\s\S]*unignore/);
    expect(commentsAt(number)[0]).not.toContain("@bob");
    expect(await recallTried(app.ledger, { repository, cluster })).toMatchObject([
      { result: "closed", why: "This is on purpose, see @bob" },
    ]);
    expect(await publish()).toEqual({ result: "this failure is ignored by ada" });
    await app.say("ada", "/tuneup unignore", number);
    expect(await publish()).toMatchObject({ result: "published", number: number + 1 });
    expect(app.world.pulls.map((pull) => pull.state)).toEqual(["closed", "open"]);
  });

  test("and opens again is taken up again", async () => {
    const { number = 0 } = await publish();
    app.world.closePull(number, "ada");
    await app.settled();
    await app.octokit.rest.pulls.update({ owner: "acme", repo: "support-agent", pull_number: number, state: "open" });
    await app.settled();
    expect(await knownPull(app.ledger, repository, number)).toMatchObject({ life: "open" });
    expect(await ignoredFailure(app.ledger, repository, cluster)).toBeUndefined();
  });

  test("of somebody else's is nobody's business", async () => {
    app.world.push("tuneup/ffffffffffff", "mine", { [path]: "mine\n" });
    await app.settled();
    expect(app.queue.failed).toEqual([]);
    expect(app.world.comments).toEqual([]);
  });
});

describe("an open pull request", () => {
  test("with somebody else's commit is left alone from then on, which is said once", async () => {
    const { number = 0 } = await publish();
    for (const text of ["mine\n", "mine, again\n"]) {
      app.world.push(branch, "my own words", { [path]: text });
      await app.settled();
    }
    expect(await knownPull(app.ledger, repository, number)).toMatchObject({ edited: true });
    expect(commentsAt(number)).toEqual([expect.stringContaining("Edited, updates paused")]);
    expect(await publish()).toMatchObject({ result: "left-alone" });
    expect(app.world.text(branch, path)).toBe("mine, again\n");
  });

  test("with the stop label is not touched until the label is taken off", async () => {
    const { number = 0 } = await publish();
    const where = { owner: "acme", repo: "support-agent", issue_number: number };
    await app.octokit.rest.issues.addLabels({ ...where, labels: ["tuneup:stop"] });
    await app.settled();
    expect(await publish()).toEqual({ result: `pull request ${number} carries the stop label` });
    await app.octokit.rest.issues.removeLabel({ ...where, name: "tuneup:stop" });
    await app.settled();
    expect(await publish()).toMatchObject({ result: "published", number });
  });

  test("that is merged is recorded for a later watch", async () => {
    const { number = 0 } = await publish();
    await app.octokit.rest.pulls.merge({ owner: "acme", repo: "support-agent", pull_number: number });
    await app.settled();
    expect(await knownPull(app.ledger, repository, number)).toMatchObject({ life: "merged" });
    expect(await app.ledger.keys("merge/acme/support-agent/")).toHaveLength(1);
  });
});

describe("a new pull request for the same failure", () => {
  const other = (): Proposal => aProposal({ id: proposalId("p-bbbbbbbbbbbb"), branch: "tuneup/bbbbbbbbbbbb" }, "prompts/other.md");
  let first = 0;
  let second = 0;
  const runs = async (): Promise<void> => {
    await app.close();
    app = await wholeApp(
      {
        read: async () => ({ proposal: { id: other().id }, cluster }),
        publish: async () => {
          second = (await publishOnly(other())).number ?? 0;
          return { published: true, text: `Pull request opened: #${second}`, pull: second };
        },
      },
      { [path]: before, "prompts/other.md": before },
    );
    first = (await publish()).number ?? 0;
  };

  test("takes the place of the earlier one, which is renamed, closed with a comment, and loses its branch", async () => {
    await runs();
    await app.say("ada", "/tuneup run");
    expect(app.queue.failed).toEqual([]);
    expect(app.world.pulls.find((pull) => pull.number === first)).toMatchObject({
      state: "closed",
      title: "prompt: fewer failures - autoclosed",
    });
    expect(commentsAt(first)).toEqual([expect.stringContaining(`Superseded by #${second}`)]);
    expect(app.world.branches()).not.toContain(branch);
    expect(await knownPull(app.ledger, repository, first)).toMatchObject({ life: "superseded" });
    expect(await ignoredFailure(app.ledger, repository, cluster)).toBeUndefined();
  });

  test("leaves one that a person has worked on to them", async () => {
    await runs();
    app.world.push(branch, "my own words", { [path]: "mine\n" });
    await app.settled();
    await app.say("ada", "/tuneup run");
    expect(app.world.pulls.find((pull) => pull.number === first)).toMatchObject({
      state: "open",
      title: "prompt: fewer failures - abandoned",
    });
    expect(app.world.branches()).toContain(branch);
    expect(await knownPull(app.ledger, repository, first)).toMatchObject({ life: "abandoned" });
  });
});
