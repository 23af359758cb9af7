import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { githubForge } from "../../../src/adapters/github-forge/github-forge.ts";
import { dashboardPage } from "../../../src/app/dashboard/dashboard-page.ts";
import { type FailureNow, settlePulls } from "../../../src/app/upkeep/settle-pulls.ts";
import { digestOf } from "../../../src/domain/digest.ts";
import { clusterId, commitSha, digest, type Instant, instant, later, proposalId } from "../../../src/domain/ids.ts";
import type { Proposal } from "../../../src/domain/proposal.ts";
import { day, defaultLifetimes, type Lifetimes } from "../../../src/domain/publishing/lifetimes.ts";
import { defaultLimits, hindranceOf } from "../../../src/domain/publishing/limits.ts";
import { keepJob } from "../../../src/pipeline/standing/jobs.ts";
import { pauseWriting } from "../../../src/pipeline/standing/people.ts";
import { keepPull, knownPull, knownPulls, rememberPublication } from "../../../src/pipeline/standing/pulls.ts";
import { anAttempt, aSample } from "../../builders/attempt-builder.ts";
import { anEvidence } from "../../builders/evidence-builder.ts";
import { type WholeApp, wholeApp } from "../whole-app.ts";

const repository = { owner: "acme", name: "support-agent" };
const cluster = clusterId("c-4f1d");
const before = "# Agent\n\n- Do this.\n";
/** The stand-in's own clock is the machine's, so everything here is counted from its moment. */
let opened: Instant;
let app: WholeApp;
let number: number;

const aProposal = (): Proposal => ({
  id: proposalId("p-0123456789ab"),
  repository,
  commit: commitSha(app.world.head("main") ?? ""),
  cluster,
  edits: [{ path: "prompts/system.md", base: digestOf(before), before: "- Do this.", after: "- Do this, and look first.", reason: "" }],
  files: [{ path: "prompts/system.md", text: before.replace("this.", "this, and look first."), before: digestOf(before) }],
  branch: "tuneup/0123456789ab",
  title: "prompt: fewer failures",
  body: "The body.",
  commitMessage: "prompt: fewer failures",
  draft: false,
  labels: ["tuneup"],
  evidence: digest("sha256:00"),
  state: "verified",
});

beforeEach(async () => {
  app = await wholeApp({}, { "prompts/system.md": before });
  const retry = { sleep: async () => undefined, random: () => 0.5, now: () => 0 };
  const publication = await githubForge({ token: app.world.token, baseUrl: app.world.url, retry }).publish(aProposal(), { settledPull: 0 });
  number = publication.pull?.number ?? 0;
  opened = instant(new Date(app.world.pulls[0]?.created_at ?? 0).toISOString());
  await rememberPublication(app.ledger, aProposal(), publication, opened);
  const evidence = { ...anEvidence(), simulated: false, startedAt: opened };
  await keepJob(app.ledger, { attempt: anAttempt(aSample(["a"]), { cluster }), evidence, proposal: aProposal().id });
  await app.settled();
});
afterEach(() => app.close());

/** What upkeep does, so many days after the opening. */
async function after(days: number, failure: Partial<FailureNow> = {}, lifetimes: Partial<Lifetimes> = {}): Promise<number> {
  const ended = await settlePulls({
    octokit: app.octokit,
    app: 7,
    repository,
    documents: app.ledger,
    lifetimes: { ...defaultLifetimes, evidenceDays: 0, ...lifetimes },
    failureNow: async () => ({ missedScans: 0, ...failure }),
    now: later(opened, days * day),
  });
  await app.settled();
  return ended;
}
const state = (): string => app.world.pulls[0]?.state ?? "";
const said = (): readonly string[] => app.world.comments.filter((one) => one.issue === number && one.user !== "ada").map((one) => one.body);

describe("a pull request that nobody looks at", () => {
  test("is closed politely after sixty days, with the way back; the failure is not ignored, and comes back only when somebody asks", async () => {
    expect(await after(59)).toBe(0);
    expect(await after(61)).toBe(1);
    expect([state(), app.world.head("tuneup/0123456789ab")]).toEqual(["closed", undefined]);
    expect(said()).toHaveLength(1);
    expect(said()[0]).toMatch(/nobody has said anything here for 60 days[\s\S]*`\/tuneup run c-4f1d`[\s\S]*`limits.expireDays`/);
    expect(await knownPull(app.ledger, repository, number)).toMatchObject({ life: "superseded", ending: "expired" });
    const facts = { pulls: await knownPulls(app.ledger, repository), pauses: [], limits: defaultLimits, now: later(opened, 90 * day) };
    const again = { branch: "tuneup/0123456789ab", cluster, paths: ["prompts/system.md"] };
    expect(hindranceOf(again, facts)?.why).toBe(`nobody looked at pull request ${number} for the same failure, so it was closed`);
    expect(hindranceOf({ ...again, startedBy: "ada" }, facts)).toBeUndefined();
  });

  test.each<[string, () => Promise<unknown> | void]>([
    ["a person has commented on", () => app.say("ada", "I will look at this.", number)],
    [
      "a person has committed to",
      async () => {
        app.world.push("tuneup/0123456789ab", "mine", { "prompts/system.md": "mine\n" });
        await app.settled();
      },
    ],
    ["a person has paused", () => pauseWriting(app.ledger, repository, { by: "ada", at: opened, pull: number })],
    [
      "is in the merge queue",
      async () => {
        announced("enqueued");
        await app.settled();
      },
    ],
  ])("is not closed where %s", async (_what, sign) => {
    await sign();
    expect(await after(13, { missedScans: 9 })).toBe(0);
    expect(state()).toBe("open");
  });

  test("has the day of its closing on the dashboard in its last week, and no more once a person says something", async () => {
    const shown = async (): Promise<string> => {
      const pulls = (await knownPulls(app.ledger, repository)).filter((pull) => pull.life === "open");
      return dashboardPage({ pulls, running: [], failures: [], ignored: [], pauses: [], limits: [] });
    };
    await after(52);
    expect(await shown()).not.toContain("closes on");
    await after(54);
    expect(await shown()).toContain(`closes on ${later(opened, 60 * day).slice(0, 10)} unless somebody says something there`);
    await app.say("ada", "I will look at this.", number);
    await after(55, {}, { expireDays: 70 });
    expect(await shown()).not.toContain("closes on");
  });

  test("stays for ever where the operator wants it", async () => {
    expect(await after(4000, { missedScans: 99 }, { expireDays: 0, vanishedScans: 0 })).toBe(0);
  });

  test.each<[string, RegExp]>([
    ["the comment", /POST .*\/comments$/],
    ["the closing", /PATCH .*\/pulls\/\d+$/],
    ["the branch", /DELETE .*\/git\/refs/],
  ])(
    "is ended to the last step where %s failed, on the same day, with one comment and for nobody else's reason",
    async (_what, request) => {
      app.world.fail(request, { when: "before" });
      await expect(after(61)).rejects.toMatchObject({ status: 502 });
      expect(await after(61)).toBe(1);
      expect([state(), app.world.head("tuneup/0123456789ab"), said().length]).toEqual(["closed", undefined, 1]);
      const asked = app.world.exchanges.length;
      expect(await after(61)).toBe(0);
      expect(app.world.exchanges).toHaveLength(asked);
      expect(await knownPull(app.ledger, repository, number)).toMatchObject({
        life: "superseded",
        ending: "expired",
        endedAt: expect.any(String),
      });
    },
  );

  test("does not wait for another one that cannot be looked at", async () => {
    const mine = (await knownPulls(app.ledger, repository))[0];
    if (mine === undefined) throw new Error("there is no pull request");
    await keepPull(app.ledger, repository, { ...mine, number: 1, branch: "tuneup/ba9876543210", cluster: clusterId("c-0000") });
    expect((await knownPulls(app.ledger, repository)).map((pull) => pull.number)).toEqual([1, number]);
    await expect(after(61)).rejects.toMatchObject({ status: 404 });
    expect(state()).toBe("closed");
  });

  test("is looked at once a day", async () => {
    expect(await after(10)).toBe(0);
    const asked = app.world.exchanges.length;
    await after(10);
    expect(app.world.exchanges).toHaveLength(asked);
  });
});

test("a pull request whose failure has vanished from several scans is closed with the reason", async () => {
  expect(await after(20, { missedScans: 2 })).toBe(0);
  expect(await after(21, { missedScans: 3 })).toBe(1);
  expect(said()[0]).toContain("was not found in the last 3 scans of the traces");
  expect(state()).toBe("closed");
});

test("evidence that grows old is named in one comment, which follows what changes", async () => {
  await after(1, { model: "claude-x" });
  expect(said()).toEqual([]);
  app.world.push("main", "other words", { "prompts/system.md": "# Agent\n\n- Do that.\n" });
  await after(2, { model: "another-model" });
  expect(said()).toHaveLength(1);
  expect(said()[0]).toMatch(
    /getting old[\s\S]*tested on `claude-x`[\s\S]*`another-model`[\s\S]*`prompts\/system.md` has changed on `main`/,
  );
  await after(40, {}, { evidenceDays: 30, expireDays: 0 });
  expect(said()).toHaveLength(1);
  expect(said()[0]).toContain(`last seen on ${opened.slice(0, 10)}`);
  app.world.push("main", "back", { "prompts/system.md": before });
  await after(41, { lastSeen: later(opened, 40 * day) }, { evidenceDays: 30, expireDays: 0 });
  expect(said()).toEqual([expect.stringContaining("in step with the agent again")]);
});

/** The pull request's webhook, as GitHub sends it when somebody uses the merge queue. */
function announced(action: "enqueued" | "dequeued"): void {
  const own = app.world.repository("acme", "support-agent");
  if (own === undefined) throw new Error("there is no repository");
  app.world.webhooks.emit(own, "pull_request", "ada", {
    action,
    number,
    pull_request: { number, head: { ref: "tuneup/0123456789ab", repo: { full_name: "acme/support-agent" } } },
  });
}

describe("the merge queue", () => {
  test("keeps a proposal from being touched until it is taken out", async () => {
    const hindrance = async () =>
      hindranceOf(
        { branch: "tuneup/0123456789ab", cluster, paths: [], startedBy: "ada" },
        { pulls: await knownPulls(app.ledger, repository), pauses: [], limits: defaultLimits, now: opened },
      )?.why;
    announced("enqueued");
    await app.settled();
    expect(await hindrance()).toBe(`pull request ${number} is in the merge queue`);
    announced("dequeued");
    await app.settled();
    expect(await hindrance()).toBeUndefined();
  });

  test("has nothing to do any more with one that a person has closed and opened again", async () => {
    announced("enqueued");
    await app.settled();
    const path = `/repos/acme/support-agent/pulls/${number}`;
    for (const next of ["closed", "open"]) {
      await app.world.ask({ kind: "user", login: "ada" }, "PATCH", path, { state: next });
      await app.settled();
    }
    const known = await knownPull(app.ledger, repository, number);
    expect([known?.life, known?.queued]).toEqual(["open", undefined]);
  });

  test("never waits for a check of Tuneup's, and the result check claims no test that its commit did not have", async () => {
    const own = app.world.repository("acme", "support-agent");
    if (own === undefined) throw new Error("there is no repository");
    const head = app.world.head("main") ?? "";
    for (let times = 0; times < 2; times += 1) {
      app.world.webhooks.emit(own, "merge_group", "ada", {
        action: "checks_requested",
        merge_group: { head_sha: head, head_ref: `refs/heads/gh-readonly-queue/main/pr-${number}-${head}`, base_ref: "refs/heads/main" },
      });
      await app.settled();
    }
    const { data } = await app.octokit.rest.checks.listForRef({ owner: "acme", repo: "support-agent", ref: head });
    const reported = data.check_runs.map(({ conclusion, name, output }) => [name, conclusion, output.title] as const);
    expect(reported.toSorted(([left], [right]) => (left < right ? -1 : 1))).toEqual([
      ["tuneup", "neutral", "Tested before, not here"],
      ["tuneup approval", "action_required", "Waits for another person"],
      ["tuneup configuration", "success", "In order"],
    ]);
  });
});
