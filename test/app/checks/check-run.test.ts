import { afterEach, describe, expect, test } from "vitest";
import type { Assignment } from "../../../src/app/commands/assignment.ts";
import { closeLeftChecks } from "../../../src/app/checks/left-checks.ts";
import { clusterId, instant } from "../../../src/domain/ids.ts";
import { jobBegins, jobShows, runningJobs } from "../../../src/pipeline/standing/runs.ts";
import { checkPage, type WholeApp, wholeApp } from "../whole-app.ts";

let app: WholeApp;
afterEach(() => app.close());

describe("a run's check", () => {
  test("stands at the default branch's head, shows stages, counts and cost, and ends with a button", async () => {
    const seen: (string | null)[] = [];
    app = await wholeApp({
      read: async (_assignment, { watch }) => {
        for (const done of [6, 12, 18]) {
          app.clock.now += 4_000;
          watch({ stage: "replay", state: "running", done, total: 60, unit: "failing sessions", note: `leader fixed ${done}, $0.40` });
          for (let turn = 0; turn < 4; turn += 1) await app.octokit.rest.repos.get({ owner: "acme", repo: "support-agent" });
          seen.push(app.world.checks[0]?.output.summary ?? null);
        }
        return { cluster: clusterId("c-4f1d") };
      },
    });
    await app.say("ada", "/tuneup run");
    const updates = app.world.exchanges.filter((one) => one.method === "PATCH" && one.path.includes("/check-runs/"));
    // begin, one of three steps within twelve seconds, and the end.
    expect(updates).toHaveLength(3);
    expect(seen.at(-1)).toMatch(/replay \| under way \| \d+ of 60 failing sessions \| leader fixed \d+, &#36;0\.40/);
    expect(app.world.checks).toMatchObject([
      {
        name: "tuneup",
        head_sha: app.world.head("main"),
        status: "completed",
        conclusion: "neutral",
        actions: [{ identifier: "run-again" }],
      },
    ]);
    expect(app.world.checks[0]?.output.summary).toContain("no evidence");
  });

  test("is not opened again by a process that stood still while another one ended the job", async () => {
    const states: (string | undefined)[] = [];
    app = await wholeApp({
      read: async (_assignment, { watch }) => {
        const place = { owner: "acme", repo: "support-agent", check_run_id: app.world.checks[0]?.id ?? 0 };
        await app.octokit.rest.checks.update({ ...place, status: "completed", conclusion: "success" });
        for (const done of [6, 12]) {
          app.clock.now += 6_000;
          watch({ stage: "replay", state: "running", done, total: 60 });
          for (let turn = 0; turn < 4; turn += 1) await app.octokit.rest.repos.get({ owner: "acme", repo: "support-agent" });
          states.push(app.world.checks[0]?.status);
        }
        return { cluster: clusterId("c-4f1d") };
      },
    });
    await app.say("ada", "/tuneup run");
    expect(states).toEqual(["completed", "completed"]);
  });

  test("is one, also when GitHub made it and then failed", async () => {
    app = await wholeApp();
    app.world.fail(/POST .*\/check-runs$/, { when: "after" });
    await app.say("ada", "/tuneup run");
    expect(app.queue.failed).toHaveLength(1);
    await app.say("ada", "/tuneup run");
    expect(app.world.checks.filter((check) => check.status !== "completed")).toHaveLength(1);
  });

  test("is left out where the App may not write checks, and the run goes on", async () => {
    app = await wholeApp();
    app.world.fail(/GET .*\/check-runs$/, { when: "before", status: 403, times: 9 });
    expect(await app.say("ada", "/tuneup run")).toEqual(["eyes", "confused"]);
    expect(app.world.checks).toEqual([]);
  });
});

describe("a run that no job is left to end", () => {
  test("is given up after two days, and its check is closed; one that is younger is left", async () => {
    app = await wholeApp();
    const { data } = await app.octokit.rest.checks.create({
      owner: "acme",
      repo: "support-agent",
      name: "tuneup",
      head_sha: app.world.head("main") ?? "",
      status: "in_progress",
    });
    const repository = { owner: "acme", name: "support-agent" };
    const begin = async (key: string, at: string): Promise<void> => {
      await jobBegins(app.ledger, repository, key, { command: "run", by: "ada", at: instant(at) });
      await jobShows(app.ledger, repository, key, data.id);
    };
    await begin("acme/support-agent/1", "2026-01-18T11:00:00.000Z");
    await begin("acme/support-agent/2", "2026-01-20T11:00:00.000Z");
    const parts = { octokit: app.octokit, repository, documents: app.ledger, now: instant("2026-01-20T12:00:00.000Z") };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    expect([await closeLeftChecks({ ...parts, log }), await closeLeftChecks({ ...parts, log })]).toEqual([1, 0]);
    expect(app.world.checks).toMatchObject([{ status: "completed", conclusion: "failure" }]);
    expect((await runningJobs(app.ledger, repository)).map((job) => job.key)).toEqual(["acme/support-agent/2"]);
  });
});

describe("a check's buttons", () => {
  const runs: Assignment[] = [];
  const started = async (): Promise<void> => {
    runs.length = 0;
    app = await wholeApp({ read: async (assignment) => (runs.push(assignment), { cluster: clusterId("c-4f1d") }) });
    await app.say("ada", "/tuneup run");
  };
  const press = async (by: string, action: "rerequested" | "requested_action", button?: string): Promise<void> => {
    checkPage(app).press(app.world.checks[0]?.id ?? 0, { by, action, ...(button === undefined ? {} : { button }) });
    await app.settled();
  };

  test("give the same command again, or try the same failure anew; once for each check", async () => {
    await started();
    await press("ada", "rerequested");
    await press("ada", "rerequested");
    expect(runs.map(({ request, seed }) => [request.command, request.login, seed])).toEqual([
      ["run", "ada", undefined],
      ["run", "ada", undefined],
    ]);
    expect(app.world.checks).toHaveLength(2);
    expect(app.world.checks.map((check) => check.status)).toEqual(["completed", "completed"]);
  });

  test("try the same failure on another split", async () => {
    await started();
    await press("ada", "requested_action", "run-again");
    expect(runs[1]).toMatchObject({ cluster: "c-4f1d", request: { command: "retry", cluster: "c-4f1d" } });
    expect(runs[1]?.seed).toBeGreaterThan(1);
  });

  test.each([
    ["someone who may only read", "eve", "rerequested", undefined],
    ["a button that is not ours", "ada", "requested_action", "merge-it"],
  ] as const)("do nothing for %s", async (_who, by, action, button) => {
    await started();
    app.world.permissions.set("eve", "read");
    await press(by, action, button);
    expect(runs).toHaveLength(1);
  });
});
