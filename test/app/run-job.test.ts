import nock from "nock";
import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commentCommand } from "../../src/app/comment-command.ts";
import { type RunEnd, runJob, type RunJobParts } from "../../src/app/run-job.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import type { Steps } from "../../src/ports/job-queue.ts";

const request = { installation: 99, owner: "acme", repository: "support-agent", issue: 12, comment: 555, login: "ada" };
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

interface Seen {
  readonly comments: { body: string; user: { type: string } }[];
  readonly reactions: string[];
  readonly tokens: string[];
}

let seen: Seen;
beforeEach(() => {
  nock.disableNetConnect();
  seen = { comments: [], reactions: [], tokens: [] };
  const api = nock("https://api.github.com").persist();
  api.get("/repos/acme/support-agent").reply(200, { default_branch: "main" });
  api.get("/repos/acme/support-agent/branches/main").reply(200, { commit: { sha: "a".repeat(40) } });
  api.get(/\/issues\/12\/comments/).reply(200, () => seen.comments);
  api.post("/repos/acme/support-agent/issues/12/comments").reply(201, async (message: Request) => {
    seen.comments.push({ body: ((await message.json()) as { body: string }).body, user: { type: "Bot" } });
    return {};
  });
  api.post("/repos/acme/support-agent/issues/comments/555/reactions").reply(201, async (message: Request) => {
    seen.reactions.push(((await message.json()) as { content: string }).content);
    return {};
  });
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const octokit = new ProbotOctokit({ auth: { token: "x" }, throttle: { enabled: false }, retry: { enabled: false } });
const parts = (changes: Partial<RunJobParts> = {}): RunJobParts => ({
  octokit: async () => octokit,
  token: async (_request, access) => {
    seen.tokens.push(access);
    return `token-${access}`;
  },
  read: async () => ({ proposal: "p" }),
  publish: async (): Promise<RunEnd> => ({ published: true, text: "Pull request opened: #7" }),
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
        read: async (_request, checkout) => (order.push(checkout.token, checkout.commit.slice(0, 4)), {}),
        publish: async (_report, token) => (order.push(token), { published: true, text: "Pull request opened: #7" }),
      }),
    );
    expect(order).toEqual(["token-read", "aaaa", "token-write"]);
    expect(seen.comments.map((comment) => comment.body)).toEqual(["Pull request opened: #7\n<!-- tuneup:run:555 -->"]);
    expect(seen.reactions).toEqual(["rocket"]);
  });

  test("says 😕 and why when there is nothing to propose", async () => {
    await run(parts({ publish: async () => ({ published: false, text: "No pull request: no evidence." }) }));
    expect(seen.reactions).toEqual(["confused"]);
    expect(seen.comments[0]?.body).toContain("no evidence");
  });

  test("goes on after a crash without proving twice, and answers no second time", async () => {
    const steps = remembering();
    let proofs = 0;
    const given = parts({ read: async () => ((proofs += 1), {}), publish: async () => Promise.reject(new Error("the machine went away")) });
    await expect(run(given, steps)).rejects.toThrow("went away");
    await run(parts({ read: async () => ((proofs += 1), {}) }), steps);
    await run(parts(), steps);
    expect(proofs).toBe(1);
    expect(seen.comments).toHaveLength(1);
  });

  test("answers with what helps when the operator has to act, and lets the queue try again what may pass", async () => {
    const unbound = new TuneupError("config-invalid", "acme/support-agent is not bound to a trace project.", {
      remedy: "The operator adds it.",
    });
    await run(parts({ read: async () => Promise.reject(unbound) }));
    expect(seen.comments[0]?.body).toContain("is not bound to a trace project. The operator adds it.");
    const down = new TuneupError("model-unreachable", "down", { remedy: "wait", retryable: true });
    await expect(run(parts({ read: async () => Promise.reject(down) }))).rejects.toThrow("down");
  });

  test("refuses a payload that is not its own", async () => {
    await expect(
      runJob(parts())({ name: "run", key: "k", payload: { owner: "x" } }, remembering(), new AbortController().signal),
    ).rejects.toThrow(/installation/);
  });
});

describe("a comment", () => {
  test.each([
    ["/tuneup run", { kind: "run" }],
    ["/tuneup run c-4f1d\nmore words", { kind: "run", cluster: "c-4f1d" }],
    ["/tuneup", { kind: "help" }],
    ["/tuneup help", { kind: "help" }],
    ["/tuneup run a b", { kind: "unknown", word: "run" }],
    ["/tuneup run $(reboot)", { kind: "unknown", word: "run" }],
    ["/tuneup dance", { kind: "unknown", word: "dance" }],
  ])("%j is a command", (body, expected) => {
    expect(commentCommand(body)).toEqual(expected);
  });

  test.each([
    "tuneup run",
    " /tuneup run",
    "> /tuneup run",
    "`/tuneup run`",
    "hello\n/tuneup run",
    "/tuneuprun",
    "/TUNEUP run",
    `/tuneup run ${"x".repeat(300)}`,
  ])("%j is none", (body) => {
    expect(commentCommand(body)).toBeUndefined();
  });
});
