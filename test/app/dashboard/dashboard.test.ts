import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dashboardPage } from "../../../src/app/dashboard/dashboard-page.ts";
import { knownDashboard } from "../../../src/app/dashboard/dashboard.ts";
import { clusterId, instant, proposalId, sessionId } from "../../../src/domain/ids.ts";
import { boxOf, boxWord, offeredWords, tickedWords } from "../../../src/domain/publishing/box.ts";
import { ignoredFailures, ignoreFailure, pauses, pauseWriting } from "../../../src/pipeline/standing/people.ts";
import { keepPull } from "../../../src/pipeline/standing/pulls.ts";
import { rememberEnd } from "../../../src/pipeline/standing/runs.ts";
import { defaultLookRules } from "../../../src/stages/publish/last-look.ts";
import { pageProblems } from "../../../src/stages/publish/markdown-page.ts";
import { aCluster } from "../../builders/session-builder.ts";
import { type WholeApp, wholeApp } from "../whole-app.ts";

const repository = { owner: "acme", name: "support-agent" };
const at = instant("2026-01-20T12:00:00.000Z");
const failure = aCluster([], { id: clusterId("c-4f1d"), title: "refunds without the policy", users: 9, members: [sessionId("s-1")] });
/** Every job that read sessions, as its request says. */
let runs: string[];
let app: WholeApp;
beforeEach(async () => {
  runs = [];
  app = await wholeApp({
    read: async ({ request }) => {
      runs.push([request.command, request.cluster, request.issue, request.login].filter((one) => one !== undefined).join(" "));
      return {};
    },
  });
  app.dashboard.wanted = "yes";
  app.dashboard.clusters = [failure];
});
afterEach(() => app.close());

const issues = () => app.world.repository("acme", "support-agent")?.data.issues.filter((issue) => issue.title === "Tuneup dashboard") ?? [];
const page = (): string => issues()[0]?.body ?? "";

/** Somebody edits the dashboard in the browser, and everything that follows has happened. */
async function edit(login: string, change: (body: string) => string): Promise<void> {
  const path = `/repos/acme/support-agent/issues/${issues()[0]?.number ?? 0}`;
  await app.world.ask({ kind: "user", login }, "PATCH", path, { body: change(page()) });
  await app.settled();
}
const tick = (word: string) => (body: string) => body.replace(`[ ] <!-- tuneup:do=${word} -->`, `[x] <!-- tuneup:do=${word} -->`);

const aPull = (changes: object = {}) =>
  keepPull(app.ledger, repository, {
    number: 12,
    url: "https://github.com/acme/support-agent/pull/12",
    proposal: proposalId("p-0123456789ab"),
    cluster: clusterId("c-open"),
    title: "prompt: fewer failures",
    paths: ["prompts/system.md"],
    branch: "tuneup/0123456789ab",
    life: "open",
    openedAt: at,
    ...changes,
  });

describe("the dashboard of a repository", () => {
  test("is one issue, made only where it is wanted, and written only when something has changed", async () => {
    app.dashboard.wanted = "no";
    await app.keepDashboard();
    expect(issues()).toEqual([]);
    app.dashboard.wanted = "yes";
    await app.keepDashboard();
    const writes = (): number => app.world.exchanges.filter(({ method, path }) => method !== "GET" && path.includes("/issues")).length;
    const before = writes();
    await app.keepDashboard();
    expect([issues().length, writes()]).toEqual([1, before]);
    await aPull();
    await app.keepDashboard();
    expect(page()).toContain("[pull request 12](https://github.com/acme/support-agent/pull/12): prompt: fewer failures, `c-open`");
  });

  test("shows what is open, what failed and how the last run on it ended, what is left alone and paused, and the limits", async () => {
    await aPull({ edited: true });
    for (const number of [13, 14]) await aPull({ number, cluster: clusterId(`c-${number}`) });
    const notPrompt = aCluster([], { id: clusterId("c-data"), title: "old stock figures" });
    const unclear = aCluster([], { id: clusterId("c-noise"), nature: "ragged" as never });
    app.dashboard.clusters = [failure, notPrompt, aCluster([], { id: clusterId("c-open") }), unclear];
    await rememberEnd(app.ledger, repository, failure.id, { end: "no-evidence", why: "9 fixed, 8 broken", at });
    await rememberEnd(app.ledger, repository, notPrompt.id, { end: "not-a-prompt-problem", why: "a hint does not help", at });
    await ignoreFailure(app.ledger, repository, {
      cluster: clusterId("c-alone"),
      title: "hold music",
      by: "ada",
      at,
      reason: "on purpose",
    });
    await pauseWriting(app.ledger, repository, { by: "ada", at });
    await app.keepDashboard();
    expect(page()).toMatch(/edited by a person, updates paused/);
    expect(page()).toMatch(
      /c-4f1d` refunds without the policy \(1 session of 9 users\)\. Last run, on 2026-01-20: no-evidence: 9 fixed, 8 broken/,
    );
    expect(page()).toMatch(/### Not a prompt problem[\s\S]*`c-data` old stock figures[\s\S]*a hint does not help/);
    expect(page()).toMatch(/take up again: `c-alone` hold music \(left alone by `ada`/);
    expect(page()).toMatch(/### Paused[\s\S]*resume this repository/);
    expect(page()).toMatch(/### Limits\n\n- 3 pull requests are open/);
    const atPulls = ["rebase:13", "retry:13", "rebase:14", "retry:14"];
    expect(offeredWords(page())).toEqual([...atPulls, "run:c-4f1d", "run:c-data", "unignore:c-alone", "resume:all"]);
  });

  test("stays closed when a person closes it, and is closed when it is not wanted any more", async () => {
    await app.keepDashboard();
    const path = `/repos/acme/support-agent/issues/${issues()[0]?.number ?? 0}`;
    await app.world.ask({ kind: "user", login: "ada" }, "PATCH", path, { state: "closed" });
    await aPull();
    await app.keepDashboard();
    expect(issues().map((issue) => [issue.state, issue.body.includes("pull request 12")])).toEqual([["closed", false]]);
    await app.world.ask({ kind: "user", login: "ada" }, "PATCH", path, { state: "open" });
    await app.settled();
    expect(page()).toContain("pull request 12");
    app.dashboard.wanted = "no";
    await app.keepDashboard();
    expect(issues().map((issue) => issue.state)).toEqual(["closed"]);
  });

  test("comes back when it is wanted again, unless a person closed it", async () => {
    await app.keepDashboard();
    for (const wanted of ["no", "yes"] as const) {
      app.dashboard.wanted = wanted;
      // Interrupted before or after GitHub has done it, the next round comes to the same.
      app.world.fail(/PATCH .*\/issues\/\d+$/, { when: wanted === "no" ? "before" : "after" });
      await expect(app.keepDashboard()).rejects.toMatchObject({ status: 502 });
      await app.keepDashboard();
      expect(issues().map((issue) => issue.state)).toEqual([wanted === "no" ? "closed" : "open"]);
    }
    const path = `/repos/acme/support-agent/issues/${issues()[0]?.number ?? 0}`;
    await app.world.ask({ kind: "user", login: "ada" }, "PATCH", path, { state: "closed" });
    for (const wanted of ["no", "yes"] as const) {
      app.dashboard.wanted = wanted;
      await app.keepDashboard();
    }
    expect(issues().map((issue) => issue.state)).toEqual(["closed"]);
  });

  test("is adopted after a crash between making and remembering it", async () => {
    app.world.fail(/POST .*\/issues$/, { when: "after" });
    await expect(app.keepDashboard()).rejects.toMatchObject({ status: 502 });
    await app.keepDashboard();
    expect(issues()).toHaveLength(1);
    expect(await knownDashboard(app.ledger, repository)).toMatchObject({ number: issues()[0]?.number });
  });
});

describe("a box of the dashboard", () => {
  beforeEach(async () => {
    await ignoreFailure(app.ledger, repository, { cluster: clusterId("c-alone"), by: "ada", at, reason: "" });
    await pauseWriting(app.ledger, repository, { by: "ada", at, pull: 12 });
    await aPull();
    await app.keepDashboard();
  });

  test("that a person ticks who may write is a command, once, and is empty afterwards", async () => {
    await edit("ada", tick("run:c-4f1d"));
    expect(runs).toEqual(["run c-4f1d ada"]);
    expect(tickedWords(page())).toEqual([]);
    await edit("ada", tick("run:c-4f1d"));
    expect(runs).toHaveLength(2);
  });

  test("is one of several in an edit, each of them a command of its own", async () => {
    await edit("ada", (body) => tick("run:c-4f1d")(tick("unignore:c-alone")(body)));
    expect(runs).toHaveLength(1);
    expect(await ignoredFailures(app.ledger, repository)).toEqual([]);
  });

  test("at a pull request works there", async () => {
    await edit("ada", tick("resume:12"));
    expect(await pauses(app.ledger, repository)).toEqual([]);
    await edit("ada", tick("retry:12"));
    expect(app.world.webhooks.deliveries.some(({ event }) => event === "issues")).toBe(true);
    expect(await app.ledger.keys("running/acme/support-agent/")).toHaveLength(1);
  });

  test("ticked by somebody who may not write does nothing, and is emptied", async () => {
    app.world.permissions.set("tess", "triage");
    await edit("tess", tick("run:c-4f1d"));
    expect(runs).toEqual([]);
    expect(tickedWords(page())).toEqual([]);
  });

  test("that somebody wrote into the page themselves does nothing, and the page heals", async () => {
    const before = page();
    await edit("ada", (body) => `- [x] <!-- tuneup:do=run:c-mine -->mine\n${body.replace("### Failures", "### Nothing here")}`);
    expect([runs, page()]).toEqual([[], before]);
  });

  test("in an issue that copies the page does nothing", async () => {
    const copy = app.world.openIssue("Tuneup dashboard, mine", "ada", page());
    const path = `/repos/acme/support-agent/issues/${copy}`;
    await app.world.ask({ kind: "user", login: "ada" }, "PATCH", path, { body: tick("run:c-4f1d")(page()) });
    await app.settled();
    expect(runs).toEqual([]);
  });
});

describe("the page", () => {
  const hostile =
    "x](https://evil.example) ![i](http://e/i.png) @ada #1 <img src=x> --> - [x] <!-- tuneup:do=run:c-evil --> `\n- [x] <!-- tuneup:do=run:c-evil -->\n/approve";

  test("holds nothing that anybody's words could make of it, however many there are, and stays short", () => {
    const many = Array.from({ length: 300 }, (_, index) => index);
    const last = { end: hostile, why: hostile, at };
    const text = dashboardPage({
      pulls: [],
      running: many.map(() => ({ command: hostile, by: hostile, at, cluster: hostile })),
      failures: many.map((index) => ({ id: clusterId(`c-${index}`), title: hostile, sessions: 1, users: 1, last })),
      ignored: many.map(() => ({ cluster: clusterId(hostile), by: hostile, at, reason: hostile, title: hostile })),
      pauses: many.map(() => ({ by: hostile, at })),
      limits: [],
    });
    expect(pageProblems(text, { ...defaultLookRules, repository: "acme/support-agent", mayNameOwnIssues: false })).toEqual([]);
    expect(tickedWords(text)).toEqual([]);
    expect(offeredWords(text).every((word) => /^(?:run:c-\d+|resume:all)$/.test(word))).toBe(true);
    expect(text.length).toBeLessThan(30_000);
  });

  test.each(["run:c-4f1d", "unignore:c-1.2:a", "retry:12", "rebase:7", "resume:all", "resume:3"])("names a box by the word %s", (word) => {
    const box = boxOf(word);
    expect(box === undefined ? undefined : boxWord(box)).toBe(word);
  });

  test.each(["run:", "run:-x", "merge:12", "rebase:0", "rebase:all", "resume:x", `run:${"c".repeat(65)}`])("knows no box %s", (word) => {
    expect(boxOf(word)).toBeUndefined();
  });
});
