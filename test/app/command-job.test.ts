import nock from "nock";
import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { commandJob } from "../../src/app/commands/command-job.ts";
import { paused } from "../../src/compose/standing.ts";
import { textKey } from "../../src/app/commands/command-request.ts";
import { clusterId, instant, proposalId } from "../../src/domain/ids.ts";
import { defaultLimits, hindranceOf } from "../../src/domain/publishing/limits.ts";
import type { KnownPull } from "../../src/domain/publishing/standing.ts";
import { ignoredFailure, ignoredFailures, pauses } from "../../src/pipeline/standing/people.ts";
import { keepPull } from "../../src/pipeline/standing/pulls.ts";
import { jobBegins } from "../../src/pipeline/standing/runs.ts";
import type { Steps } from "../../src/ports/job-queue.ts";
import { appNumber, type GithubDouble, githubDouble } from "./github-double.ts";

const repository = { owner: "acme", name: "support-agent" };
const now = instant("2026-01-20T12:00:00.000Z");
const at = (text: string) => instant(`2026-01-${text}.000Z`);
const steps: Steps = { run: async (_name, work) => work() };
const octokit = new ProbotOctokit({ auth: { token: "x" }, throttle: { enabled: false }, retry: { enabled: false } });

let github: GithubDouble;
let ledger: MemoryLedger;
beforeEach(() => {
  nock.disableNetConnect();
  github = githubDouble();
  ledger = new MemoryLedger();
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const aPull = (changes: Partial<KnownPull> = {}): KnownPull => ({
  number: 12,
  url: "u",
  proposal: proposalId("p-1"),
  cluster: clusterId("c-4f1d"),
  title: "prompt: fewer failures",
  paths: ["prompts/system.md"],
  branch: "tuneup/0123456789ab",
  life: "open",
  openedAt: at("20T10:00:00"),
  ...changes,
});

/** Gives one command on issue or pull request 12 and returns the comment that answers it. */
async function command(payload: object, words?: string): Promise<string> {
  if (words !== undefined) await ledger.put(textKey("sha256:01"), words);
  const handler = commandJob({
    octokit: async () => octokit,
    app: appNumber,
    documents: ledger,
    clusters: async () => [
      { id: clusterId("c-4f1d"), title: "refunds @without the policy" },
      { id: clusterId("c-77aa"), title: "wrong dates" },
    ],
    now: () => now,
    limits: defaultLimits,
    spent: async () => ({
      all: { inputTokens: 40_000, outputTokens: 2_000, dollars: 1.5 },
      today: { inputTokens: 20_000, outputTokens: 1_000, dollars: 0.5 },
    }),
    explain: async () => undefined,
  });
  const request = { installation: 99, owner: "acme", repository: "support-agent", issue: 12, comment: 555, login: "ada" };
  await handler(
    { name: "command", key: "k", payload: { ...request, ...(words === undefined ? {} : { text: "sha256:01" }), ...payload } },
    steps,
    new AbortController().signal,
  );
  return github.comments.at(-1)?.body ?? "";
}

const asked = { branch: "tuneup/0123456789ab", cluster: clusterId("c-4f1d"), paths: ["prompts/system.md"], startedBy: "ada" };

describe("/tuneup ignore", () => {
  test("leaves a failure alone with its reason, and unignore takes it up again", async () => {
    expect(await command({ command: "ignore" }, "c-4f1d it is meant so, see #3")).toMatch(/nothing more for `c-4f1d`[\s\S]*meant so/);
    expect(await ignoredFailure(ledger, repository, clusterId("c-4f1d"))).toMatchObject({ by: "ada", reason: "it is meant so, see #3" });
    const ignored = await ignoredFailure(ledger, repository, clusterId("c-4f1d"));
    const facts = { pulls: [], pauses: [], limits: defaultLimits, now };
    expect(hindranceOf(asked, { ...facts, ...(ignored === undefined ? {} : { ignored }) })?.why).toContain("ignored by ada");
    expect(await command({ command: "unignore", cluster: "c-4f1d" })).toContain("up again");
    expect(await ignoredFailures(ledger, repository)).toEqual([]);
    expect(github.reactions).toEqual(["555 rocket", "555 rocket"]);
    expect(github.comments).toHaveLength(1);
  });

  test("in a pull request of ours needs no name, and everything said is the reason", async () => {
    await keepPull(ledger, repository, aPull());
    await command({ command: "ignore", onPull: true }, "because we want it");
    expect(await ignoredFailures(ledger, repository)).toMatchObject([{ cluster: "c-4f1d", reason: "because we want it" }]);
  });

  test.each<[string, string | undefined]>([
    ["without a name elsewhere", undefined],
    ["of a cluster nobody knows", "c-9999"],
    ["of a name that two begin with", "c-"],
  ])("%s lists what is known and ignores nothing", async (_what, words) => {
    expect(await command({ command: "ignore" }, words)).toMatch(/`c-4f1d`[\s\S]*`c-77aa`/);
    expect(await ignoredFailures(ledger, repository)).toEqual([]);
    expect(github.reactions).toEqual(["555 confused"]);
  });
});

describe("/tuneup pause", () => {
  test("stops all writing to the repository until resume", async () => {
    expect(await command({ command: "pause" })).toContain("opens and updates no pull request");
    const facts = { pulls: [], limits: defaultLimits, now };
    expect(hindranceOf(asked, { ...facts, pauses: await pauses(ledger, repository) })?.why).toContain("paused by ada");
    expect(await paused(repository, undefined, ledger)).toContain("paused by ada");
    expect(await command({ command: "resume" })).toContain("no longer paused");
    expect(await paused(repository, undefined, ledger)).toBeUndefined();
    expect(await pauses(ledger, repository)).toEqual([]);
    expect(await command({ command: "resume" })).toContain("not paused");
  });

  test("in a pull request of ours stops writing to that one alone", async () => {
    await keepPull(ledger, repository, aPull());
    await command({ command: "pause", onPull: true });
    const facts = { pulls: [aPull()], pauses: await pauses(ledger, repository), limits: defaultLimits, now };
    expect(hindranceOf(asked, facts)?.why).toContain("pull request 12 is paused");
    expect(hindranceOf({ ...asked, branch: "tuneup/ffffffffffff", paths: ["other.md"] }, facts)).toBeUndefined();
  });
});

describe("/tuneup status", () => {
  test("says what is open, running, paused and ignored, what the limits leave and what it cost", async () => {
    await keepPull(ledger, repository, aPull());
    await jobBegins(ledger, repository, "k", { command: "retry", by: "bob", at: at("20T11:59:00"), cluster: "c-77aa" });
    await command({ command: "ignore" }, "c-77aa not @us");
    const page = await command({ command: "status" });
    for (const part of [
      "pull request 12",
      "`retry` on `c-77aa` by `bob`",
      "**Paused:** nothing",
      "2 of 3 open",
      "1 of 2 new",
      "1.50 US dollars",
    ])
      expect(page).toContain(part);
    expect(page).not.toContain("@us");
  });
});

describe("an answer", () => {
  test("that nobody can be given any more is no failure: the comment is deleted, or the conversation locked", async () => {
    nock.cleanAll();
    const api = nock("https://api.github.com").persist();
    api.get(/\/issues\/12\/comments/).reply(200, []);
    api.post(/\/issues\/12\/comments/).reply(403, { message: "Unable to create comment because issue is locked." });
    api.post(/\/reactions/).reply(404, { message: "Not Found" });
    expect(await command({ command: "status" })).toBe("");
  });

  test("that GitHub refuses for a while is tried again", async () => {
    nock.cleanAll();
    const api = nock("https://api.github.com").persist();
    api.get(/\/issues\/12\/comments/).reply(403, { message: "You have exceeded a secondary rate limit." }, { "retry-after": "60" });
    await expect(command({ command: "status" })).rejects.toThrow(/secondary rate limit/);
  });

  test("is one comment for each kind, edited in place, and nobody else's comment is touched", async () => {
    const copied = {
      id: 1,
      issue: 12,
      body: "mine <!-- tuneup:answer:status -->",
      user: { login: "eve", type: "User" },
      performed_via_github_app: null,
    };
    const foreign = { ...copied, id: 2, user: { login: "other[bot]", type: "Bot" }, performed_via_github_app: { id: 4711 } };
    github.comments.push({ ...copied }, { ...foreign });
    await command({ command: "status" });
    await command({ command: "status" });
    await command({ command: "help" });
    expect(github.comments.slice(0, 2)).toEqual([copied, foreign]);
    expect(github.comments).toHaveLength(4);
  });

  test("to a wrong command is one line and 😕", async () => {
    expect(await command({ command: "help" }, "There is no command `dance`.")).toBe(
      "There is no command `dance`.\n<!-- tuneup:answer:help -->",
    );
    expect(github.reactions).toEqual(["555 confused"]);
  });
});

describe("limits", () => {
  const facts = { pauses: [], limits: defaultLimits, now };
  const other = aPull({
    number: 3,
    branch: "tuneup/aaaaaaaaaaaa",
    paths: ["other.md"],
    cluster: clusterId("c-77aa"),
    openedAt: at("10T00:00:00"),
  });
  const fresh = { ...asked, branch: "tuneup/bbbbbbbbbbbb" };

  test.each<[string, readonly KnownPull[], RegExp]>([
    [
      "three are open",
      [other, { ...other, number: 4 }, { ...other, number: 5 }],
      /3 pull requests of Tuneup's are open[\s\S]*openPullRequests/,
    ],
    [
      "one is open for the same file",
      [aPull({ cluster: clusterId("c-77aa"), openedAt: at("10T00:00:00") })],
      /same file[\s\S]*openPerFile/,
    ],
    [
      "two were opened today",
      [
        { ...other, life: "closed", openedAt: at("20T01:00:00") },
        { ...other, number: 4, life: "merged", openedAt: at("20T02:00:00") },
      ],
      /within 24 hours[\s\S]*newPerDay/,
    ],
  ])("refuse another pull request when %s, and say which setting changes that", (_what, pulls, sentence) => {
    const hindrance = hindranceOf(fresh, { ...facts, pulls });
    expect(`${hindrance?.why} ${hindrance?.remedy}`).toMatch(sentence);
  });

  test("leave room for a new one that takes the place of an open one", () => {
    expect(hindranceOf(fresh, { ...facts, pulls: [aPull({ openedAt: at("10T00:00:00") })] })).toBeUndefined();
  });

  test("never keep an open one from being brought up to date", () => {
    expect(hindranceOf(asked, { ...facts, pulls: [aPull(), other, { ...other, number: 4 }] })).toBeUndefined();
  });

  test("let fifty clusters of one cause end in one pull request", () => {
    const pulls: KnownPull[] = [];
    for (let index = 0; index < 50; index += 1) {
      const cluster = clusterId(`c-${index}`);
      const one = { ...asked, cluster, branch: `tuneup/${String(index).padStart(12, "0")}` };
      if (hindranceOf(one, { ...facts, pulls }) === undefined) pulls.push(aPull({ number: index + 1, cluster, branch: one.branch }));
    }
    expect(pulls).toHaveLength(1);
  });

  test("cool down after a merge, but not for a person who asks", () => {
    const merged = aPull({ life: "merged", openedAt: at("10T00:00:00"), endedAt: at("18T00:00:00") });
    const { startedBy: _nobody, ...unasked } = fresh;
    expect(hindranceOf(unasked, { ...facts, pulls: [merged] })?.why).toContain("less than 7 days ago");
    expect(hindranceOf(fresh, { ...facts, pulls: [merged] })).toBeUndefined();
    expect(hindranceOf(unasked, { ...facts, pulls: [merged], now: at("26T00:00:00") })).toBeUndefined();
  });
});
