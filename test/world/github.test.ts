import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/rest";
import { ProbotOctokit } from "probot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aRepository, gitIn } from "../builders/git-repository.ts";
import { GithubWorld } from "./github.ts";
import { signatureOf } from "./webhooks.ts";

const files = { "prompts/system.md": "# Agent\n\n- one\n- two\n- three\n- four\n- five\n", "README.md": "# Hi\n" };
const run = promisify(execFile);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let world: GithubWorld;
let folder: string;
beforeEach(async () => {
  world = await new GithubWorld(files).start();
  folder = mkdtempSync(join(tmpdir(), "tuneup-world-"));
});
afterEach(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const here = { owner: "acme", repo: "support-agent" };
const client = (auth = world.token, baseUrl = world.url): Octokit => new Octokit({ auth, baseUrl, log: quiet });
const status = (error: unknown): number => (error instanceof Error && "status" in error ? Number(error.status) : 0);
const refusal = (work: Promise<unknown>): Promise<number> =>
  work.then(
    () => 200,
    (error: unknown) => status(error),
  );

/** A branch with one change, and its pull request. */
async function aPull(change: Record<string, string>, branch = "change"): Promise<number> {
  await client().rest.git.createRef({ ...here, ref: `refs/heads/x-${branch}`, sha: world.head("main") ?? "" });
  world.push(`x-${branch}`, "change", change);
  const { data } = await client().rest.pulls.create({ ...here, head: `x-${branch}`, base: "main", title: "change" });
  return data.number;
}

const changed = (from: string, to: string): string => files["prompts/system.md"].replace(from, to);

describe("GitHub's stand-in", () => {
  test("keeps real git objects: its first commit is the one any machine makes of these files, and git clones it with a token", async () => {
    const made = aRepository(join(folder, "made"), files);
    expect(world.head("main")).toBe(gitIn(made, "rev-parse", "HEAD"));
    const clone = (token: string): Promise<unknown> =>
      run("git", ["clone", "--quiet", `${world.url}/acme/support-agent.git`, join(folder, token)], {
        env: {
          PATH: process.env["PATH"] ?? "",
          GIT_TERMINAL_PROMPT: "0",
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: "http.extraHeader",
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
        },
      });
    await clone(world.token);
    expect(readFileSync(join(folder, world.token, "prompts/system.md"), "utf8")).toBe(files["prompts/system.md"]);
    expect(gitIn(join(folder, world.token), "fsck", "--full")).toBe("");
    await expect(clone("ghs_wrong")).rejects.toThrow(/Authentication failed|could not read/);
  });

  test("merges what came to either side after the pull request was opened, and loses neither", async () => {
    const number = await aPull({ "prompts/system.md": changed("- one", "- ONE") });
    world.push("main", "meanwhile", { "prompts/system.md": changed("- five", "- FIVE") });
    world.push("x-change", "later", { "later.txt": "x" });
    const { data } = await client().rest.pulls.get({ ...here, pull_number: number });
    expect([data.mergeable, data.mergeable_state, data.changed_files, data.head.sha]).toEqual([true, "clean", 2, world.head("x-change")]);
    await client().rest.pulls.merge({ ...here, pull_number: number });
    expect(world.text("main", "prompts/system.md")).toBe(changed("- one", "- ONE").replace("- five", "- FIVE"));
    expect([world.text("main", "later.txt"), world.pulls[0]?.state]).toEqual(["x", "closed"]);
  });

  test("shows a conflict and refuses to merge it", async () => {
    const number = await aPull({ "prompts/system.md": changed("- one", "- ONE") });
    world.push("main", "meanwhile", { "prompts/system.md": changed("- one", "- uno") });
    const { data } = await client().rest.pulls.get({ ...here, pull_number: number });
    expect([data.mergeable, data.mergeable_state]).toEqual([false, "dirty"]);
    expect(await refusal(client().rest.pulls.merge({ ...here, pull_number: number }))).toBe(405);
  });

  test("refuses as GitHub does: unknown tokens, narrowed tokens, a second pull request, one without commits, a body that is too long", async () => {
    expect(await refusal(client("ghs_wrong").rest.repos.get(here))).toBe(401);
    expect(await refusal(client(world.accounts.userToken("eve")).rest.repos.get(here))).toBe(404);
    const reading = world.accounts.mint(world.installation, { permissions: { contents: "read" } }).token;
    expect(reading.length).toBeGreaterThan(500);
    expect(await refusal(client(reading).rest.git.createRef({ ...here, ref: "refs/heads/a", sha: world.head("main") ?? "" }))).toBe(403);
    await aPull({ "a.txt": "a" });
    expect(await refusal(client().rest.pulls.create({ ...here, head: "x-change", base: "main", title: "again" }))).toBe(422);
    await client().rest.git.createRef({ ...here, ref: "refs/heads/empty", sha: world.head("main") ?? "" });
    expect(await refusal(client().rest.pulls.create({ ...here, head: "empty", base: "main", title: "nothing" }))).toBe(422);
    expect(await refusal(client().rest.issues.createComment({ ...here, issue_number: 1, body: "x".repeat(65_537) }))).toBe(422);
  });

  test("knows the App by its key, and narrows, expires and refuses its tokens", async () => {
    const octokit = new ProbotOctokit({ auth: { appId: 7, privateKey: world.app.privateKey }, baseUrl: `${world.url}/api/v3`, log: quiet });
    const { data: app } = await octokit.rest.apps.getAuthenticated();
    expect(app?.slug).toBe("tuneup");
    const { data } = await octokit.rest.apps.createInstallationAccessToken({
      installation_id: 99,
      repositories: ["support-agent"],
      permissions: { contents: "read" },
    });
    expect([data.token.startsWith("ghs_"), data.permissions]).toEqual([true, { contents: "read", metadata: "read" }]);
    world.addRepository("acme", "other", files);
    expect(await refusal(client(data.token).rest.repos.get({ owner: "acme", repo: "other" }))).toBe(404);
    expect(
      await refusal(octokit.rest.apps.createInstallationAccessToken({ installation_id: 99, permissions: { workflows: "write" } })),
    ).toBe(422);
    world.installation.suspended = true;
    expect(await refusal(client(data.token).rest.repos.get(here))).toBe(403);
  });

  test("cuts lists into pages that Octokit follows", async () => {
    await aPull({ "a.txt": "a" });
    for (let index = 0; index < 45; index += 1) world.comment(1, "ada", `comment ${index}`);
    const octokit = client();
    const all = await octokit.paginate(octokit.rest.issues.listComments, { ...here, issue_number: 1, per_page: 20 });
    expect([all.length, world.requests.filter((line) => line.endsWith("/issues/1/comments")).length]).toEqual([45, 3]);
  });

  test("answers a read with the state of a while ago when it is told to", async () => {
    world.stale(/\/git\/ref\//);
    const before = world.head("main");
    world.push("main", "meanwhile", { "a.txt": "a" });
    const { data } = await client().rest.git.getRef({ ...here, ref: "heads/main" });
    const { data: now } = await client().rest.git.getRef({ ...here, ref: "heads/main" });
    expect([data.object.sha, now.object.sha]).toEqual([before, world.head("main")]);
  });

  test("breaks the connection before or after a request took effect", async () => {
    world.fail(/POST .*\/comments/, { when: "after", instead: "reset" });
    await aPull({ "a.txt": "a" });
    expect(await refusal(client().rest.issues.createComment({ ...here, issue_number: 1, body: "hello" }))).toBe(500);
    expect(world.comments.map((comment) => comment.body)).toEqual(["hello"]);
  });
});

describe("its webhooks", () => {
  let server: Server;
  const got: { readonly event: string; readonly action: string | undefined; readonly guid: string; readonly signed: boolean }[] = [];
  beforeEach(async () => {
    got.length = 0;
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks);
        const { headers } = request;
        const event = String(headers["x-github-event"]);
        const { action } = JSON.parse(body.toString("utf8")) as { action?: string };
        const signed = headers["x-hub-signature-256"] === signatureOf(world.app.webhookSecret, body);
        got.push({ event, action, guid: String(headers["x-github-delivery"]), signed });
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    world.app.hookUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  test("tell of every change, signed, each under its own id; a missed one is sent again on demand", async () => {
    const number = await aPull({ "a.txt": "a" });
    world.comment(number, "ada", "hello");
    world.webhooks.reachable = false;
    world.closePull(number);
    world.webhooks.reachable = true;
    await world.webhooks.idle();
    expect(got.map(({ action, event }) => (action === undefined ? event : `${event}.${action}`))).toEqual([
      "push",
      "push",
      "pull_request.opened",
      "issue_comment.created",
    ]);
    expect([got.every((one) => one.signed), new Set(got.map((one) => one.guid)).size]).toEqual([true, got.length]);
    const octokit = new ProbotOctokit({ auth: { appId: 7, privateKey: world.app.privateKey }, baseUrl: world.url, log: quiet });
    const { data } = await octokit.rest.apps.listWebhookDeliveries({ per_page: 10 });
    const failed = data.filter((delivery) => delivery.status !== "OK");
    expect(failed.map((delivery) => `${delivery.event}.${delivery.action ?? ""}`)).toEqual(["pull_request.closed"]);
    await octokit.rest.apps.redeliverWebhookDelivery({ delivery_id: failed[0]?.id ?? 0 });
    await world.webhooks.idle();
    expect(got.at(-1)).toMatchObject({ event: "pull_request", action: "closed", guid: failed[0]?.guid });
  });
});
