import { afterEach, describe, expect, test } from "vitest";
import type { Assignment } from "../../../src/app/commands/assignment.ts";
import { clusterId } from "../../../src/domain/ids.ts";
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
          await app.octokit.rest.repos.get({ owner: "acme", repo: "support-agent" });
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
