import nock from "nock";
import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { FewAtOnce } from "../../src/pipeline/few-at-once.ts";
import { permissionLookUps } from "../../src/app/commands/permission-look-ups.ts";
import { type RunEnd, runJob, type RunJobParts } from "../../src/app/run-job.ts";
import { overspent } from "../../src/compose/standing.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import { clusterId, instant, projectId, proposalId } from "../../src/domain/ids.ts";
import { mostTries, type Steps } from "../../src/ports/job-queue.ts";
import { appNumber, type GithubDouble, githubDouble } from "./github-double.ts";

const request = { installation: 99, owner: "acme", repository: "support-agent", issue: 12, comment: 555, login: "ada", command: "run" };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Steps that remember, as a queue does over a restart. */
function remembering(): Steps & { readonly ran: string[] } {
  const done = new Map<string, unknown>();
  const ran: string[] = [];
  return {
    ran,
    async run<T>(name: string, work: () => Promise<T>): Promise<T> {
      if (!done.has(name)) {
        done.set(name, await work());
        ran.push(name);
      }
      return done.get(name) as T;
    },
  };
}

let github: GithubDouble;
let tokens: string[];
beforeEach(() => {
  nock.disableNetConnect();
  github = githubDouble();
  tokens = [];
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const octokit = new ProbotOctokit({ auth: { token: "x" }, throttle: { enabled: false }, retry: { enabled: false } });
const parts = (changes: Partial<RunJobParts> = {}): RunJobParts => ({
  octokit: async () => octokit,
  app: appNumber,
  turns: new FewAtOnce(2),
  permissions: permissionLookUps(() => 0),
  mayBegin: async () => undefined,
  documents: new MemoryLedger(),
  clusters: async () => [{ id: clusterId("c-4f1d"), title: "refunds without the policy" }],
  now: () => instant("2026-01-20T00:00:00.000Z"),
  token: async (_request, access) => {
    tokens.push(access);
    return `token-${access}`;
  },
  read: async () => ({ proposal: { id: proposalId("p-0123456789ab") } }),
  publish: async (): Promise<RunEnd> => ({ published: true, text: "Pull request opened: #7", pull: 7 }),
  askForApproval: async () => undefined,
  log: quiet,
  ...changes,
});
const run = (given: RunJobParts, steps: Steps = remembering()): Promise<void> =>
  runJob(given)({ name: "run", key: "k", payload: request }, steps, new AbortController().signal);

describe("the job behind a comment", () => {
  test("proves with a reading token, publishes with a writing one, and answers once with 🚀", async () => {
    const order: string[] = [];
    await run(
      parts({
        read: async (_assignment, checkout) => (order.push(checkout.token, checkout.commit.slice(0, 4)), {}),
        publish: async (_report, _assignment, token) => (order.push(token), { published: true, text: "Pull request opened: #7", pull: 7 }),
      }),
    );
    expect(order).toEqual(["token-read", "aaaa", "token-write"]);
    expect(github.comments.map((comment) => comment.body)).toEqual([
      "Pull request opened: #7\n<!-- tuneup:answer:run -->\n<!-- tuneup:request:acme/support-agent/555 -->",
    ]);
    expect(github.reactions).toEqual(["555 rocket"]);
    expect(github.checks).toMatchObject([{ external_id: "acme/support-agent/555", status: "completed", conclusion: "success" }]);
  });

  test("says 😕 and why when there is nothing to propose", async () => {
    await run(parts({ publish: async () => ({ published: false, text: "No pull request: no evidence." }) }));
    expect(github.reactions).toEqual(["555 confused"]);
    expect(github.comments[0]?.body).toContain("no evidence");
  });

  test("goes on after a crash without proving twice, and answers no second time", async () => {
    const steps = remembering();
    let proofs = 0;
    const given = parts({ read: async () => ((proofs += 1), {}), publish: async () => Promise.reject(new Error("the machine went away")) });
    await expect(run(given, steps)).rejects.toThrow("went away");
    await run(parts({ read: async () => ((proofs += 1), {}) }), steps);
    await run(parts(), steps);
    expect(proofs).toBe(1);
    expect(github.comments).toHaveLength(1);
  });

  test("answers with what helps when the operator has to act, and lets the queue try again what may pass", async () => {
    const unbound = new TuneupError("config-invalid", "acme/support-agent is not bound to a trace project.", {
      remedy: "The operator adds it.",
    });
    await run(parts({ read: async () => Promise.reject(unbound) }));
    expect(github.comments[0]?.body).toContain("is not bound to a trace project. The operator adds it.");
    expect(github.checks.map((check) => check.conclusion)).toEqual(["action_required"]);
    const down = new TuneupError("model-unreachable", "down", { remedy: "wait", retryable: true });
    await expect(run(parts({ read: async () => Promise.reject(down) }))).rejects.toThrow("down");
  });

  test("shows its result at the commit that was published, and at no later one of somebody else", async () => {
    const published = "b".repeat(40);
    const live = vi.fn(() => ({ head: { sha: "c".repeat(40) } }));
    nock("https://api.github.com").get("/repos/acme/support-agent/pulls/7").reply(200, live);
    await run(parts({ publish: async () => ({ published: true, text: "Pull request opened: #7", pull: 7, head: published }) }));
    expect(github.checks.map((check) => [String(check.head_sha).slice(0, 1), check.conclusion])).toEqual([
      ["a", "success"],
      ["b", "success"],
    ]);
    expect(live).not.toHaveBeenCalled();
  });

  test("that began by itself asks for nobody's permission, and answers in no comment", async () => {
    const { comment: _comment, issue: _issue, ...place } = request;
    const payload = { ...place, login: "schedule", scheduled: "week-2026-01-19" };
    const read = async (): Promise<object> => ({ proposal: {} });
    await runJob(parts({ read }))({ name: "run", key: "k", payload }, remembering(), new AbortController().signal);
    expect([github.lookUps, github.comments, github.reactions]).toEqual([[], [], []]);
    expect(github.checks.map((check) => check.conclusion)).toEqual(["success"]);
  });

  test("publishes nothing in the name of someone who lost the permission meanwhile", async () => {
    const read = async (): Promise<object> => (github.permissions.set("ada", "read"), { proposal: {} });
    const publish = async (): Promise<RunEnd> => Promise.reject(new Error("it was published"));
    await run(parts({ read, publish }));
    expect(github.comments[0]?.body).toContain("may no longer write");
    expect(github.reactions).toEqual(["555 confused"]);
  });

  test("tries the failure of an earlier run here again on another split, and keeps one answer, the last one", async () => {
    const given = parts({ read: async () => ({ cluster: clusterId("c-4f1d") }) });
    await run(given);
    const seeds: unknown[] = [];
    await runJob(parts({ ...given, read: async ({ cluster, seed }) => (seeds.push(cluster, seed), {}) }))(
      { name: "run", key: "k2", payload: { ...request, comment: 556, command: "retry" } },
      remembering(),
      new AbortController().signal,
    );
    expect(seeds).toEqual(["c-4f1d", 558]);
    expect(github.comments.map((comment) => comment.body)).toEqual([expect.stringContaining("support-agent/556")]);
  });

  test("says what is known when nothing was run here to try again", async () => {
    await runJob(parts())(
      { name: "run", key: "k", payload: { ...request, command: "retry" } },
      remembering(),
      new AbortController().signal,
    );
    expect(github.comments[0]?.body).toMatch(/Name a cluster[\s\S]*`c-4f1d` \(refunds without the policy\)/);
  });

  test("does not begin where the day's money is spent, and says which setting changes that", async () => {
    const operator = { repositories: { "acme/support-agent": { project: "support" } }, limits: { dollarsPerDay: 2 } };
    const ledger = new MemoryLedger();
    const now = instant("2026-01-20T12:00:00.000Z");
    const spend = (at: string): Promise<void> =>
      ledger.spend(projectId("support"), "job", { inputTokens: 1, outputTokens: 1, dollars: 2 }, instant(at));
    await spend("2026-01-19T11:00:00.000Z");
    expect(await overspent("acme/support-agent", ledger, operator, now)).toBeUndefined();
    await spend("2026-01-20T11:00:00.000Z");
    await run(
      parts({
        mayBegin: ({ owner, repository }) => overspent(`${owner}/${repository}`, ledger, operator, now),
        read: async () => Promise.reject(new Error("it ran")),
      }),
    );
    expect(github.comments[0]?.body).toContain("limits.dollarsPerDay");
  });

  test.each<[string, Error, string]>([
    [
      "what may pass does not pass",
      new TuneupError("model-unreachable", "The model is down.", { remedy: "Wait.", retryable: true }),
      "The model is down. Wait.",
    ],
    ["it is a bug", new Error("boom at /srv/secret"), "an error of Tuneup's own"],
  ])("ends at its last try by itself when %s: an answer, and no check left open", async (_what, error, said) => {
    const given = parts({ read: async () => Promise.reject(error), documents: new MemoryLedger() });
    for (let time = 1; time < mostTries; time += 1) await expect(run(given)).rejects.toThrow(error.message);
    expect(github.comments).toEqual([]);
    await run(given);
    expect(github.comments[0]?.body).toContain(said);
    expect(github.comments[0]?.body).not.toContain("/srv/secret");
    expect(github.checks).toMatchObject([{ status: "completed", conclusion: "failure" }]);
  });

  test("that waits for its turn shows so, and does not begin when it has been paused meanwhile", async () => {
    const turns = new FewAtOnce(1);
    let finish = (): void => undefined;
    let begun = (): void => undefined;
    const reading = new Promise<void>((resolve) => (begun = resolve));
    const first = run(
      parts({
        turns,
        read: async () => {
          begun();
          await new Promise<void>((resolve) => (finish = resolve));
          return {};
        },
      }),
    );
    await reading;
    let against: string | undefined;
    let waiting = (): void => undefined;
    const atItsTurn = new Promise<void>((resolve) => (waiting = resolve));
    const second = runJob(
      parts({
        turns,
        mayBegin: async () => against,
        clusters: async () => (waiting(), []),
        read: async () => Promise.reject(new Error("it ran")),
      }),
    )(
      { name: "run", key: "k2", payload: { ...request, comment: 556, command: "retry", cluster: "c-4f1d" } },
      remembering(),
      new AbortController().signal,
    );
    await atItsTurn;
    expect(github.checks.map((check) => check.status)).toEqual(["in_progress", "queued"]);
    against = "Nothing was run: this repository is paused by ada.";
    finish();
    await Promise.all([first, second]);
    expect(github.checks.map((check) => check.status)).toEqual(["completed", "completed"]);
  });

  test("that may not begin makes no check", async () => {
    await run(parts({ mayBegin: async () => "Nothing was run: the set-up is not merged yet." }));
    expect(github.checks).toEqual([]);
    expect(github.comments[0]?.body).toContain("not merged yet");
  });

  test("that is stopped with the service is no failed try", async () => {
    const stopped = new AbortController();
    const given = parts({
      read: async () => {
        stopped.abort();
        throw new Error("stopped");
      },
    });
    for (let time = 0; time < 4; time += 1)
      await expect(runJob(given)({ name: "run", key: "k", payload: request }, remembering(), stopped.signal)).rejects.toThrow(
        /stopped|aborted/,
      );
    expect(github.comments).toEqual([]);
  });

  test("refuses a payload that is not its own", async () => {
    await expect(
      runJob(parts())({ name: "run", key: "k", payload: { owner: "x" } }, remembering(), new AbortController().signal),
    ).rejects.toThrow(/installation/);
  });
});
