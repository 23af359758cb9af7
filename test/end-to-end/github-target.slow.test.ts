import { Octokit } from "@octokit/rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { findSecrets } from "../../src/adapters/secretlint-scanner/secretlint-scanner.ts";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { realRetryTools } from "../../src/compose/runtime.ts";
import { digestOf } from "../../src/domain/digest.ts";
import { clusterId, commitSha, digest, proposalId } from "../../src/domain/ids.ts";
import type { Proposal, PullRequest } from "../../src/domain/proposal.ts";
import { outgoingGuard, publish } from "../../src/stages/publish.ts";
import { GithubWorld } from "../world/github.ts";

/**
 * The life of one pull request at GitHub. Runs against the stand-in, and against a real repository when these are set (docs/github-stand-in.md):
 * GITHUB_TEST_REPOSITORY=owner/name, GITHUB_TEST_TOKEN, and GITHUB_TEST_API_URL for an Enterprise Server. The real repository needs a Markdown file at
 * GITHUB_TEST_PATH (default README.md); the test opens one pull request there, closes it, and deletes its branch.
 */
const { GITHUB_TEST_API_URL, GITHUB_TEST_PATH = "README.md", GITHUB_TEST_REPOSITORY, GITHUB_TEST_TOKEN } = process.env;
const isReal = GITHUB_TEST_REPOSITORY !== undefined && GITHUB_TEST_TOKEN !== undefined;

let world: GithubWorld | undefined;
let octokit: Octokit;
let where: { readonly owner: string; readonly repo: string };
let token: string;
let proposal: Proposal;
let pull: PullRequest;
const ledger = new MemoryLedger();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

beforeAll(async () => {
  if (!isReal) world = await new GithubWorld({ "README.md": "# An agent\n\nIt helps.\n" }).start();
  const [owner = "", repo = ""] = (GITHUB_TEST_REPOSITORY ?? "acme/support-agent").split("/");
  where = { owner, repo };
  token = isReal ? GITHUB_TEST_TOKEN : (world?.token ?? "");
  const baseUrl = isReal ? GITHUB_TEST_API_URL : world?.url;
  octokit = new Octokit({ auth: token, log: quiet, ...(baseUrl === undefined ? {} : { baseUrl }) });
  proposal = await aProposal();
});
afterAll(async () => {
  if (isReal && proposal !== undefined)
    await octokit.rest.git.deleteRef({ ...where, ref: `heads/${proposal.branch}` }).catch(() => undefined);
  await world?.stop();
});

async function aProposal(): Promise<Proposal> {
  const { data: repository } = await octokit.rest.repos.get(where);
  const { data: branch } = await octokit.rest.repos.getBranch({ ...where, branch: repository.default_branch });
  const { data: file } = await octokit.rest.repos.getContent({ ...where, path: GITHUB_TEST_PATH });
  if (Array.isArray(file) || !("content" in file)) throw new Error(`${GITHUB_TEST_PATH} is no file`);
  const text = Buffer.from(file.content, "base64").toString("utf8");
  const line = text.split("\n").findLast((one) => one.trim() !== "" && text.split(one).length === 2);
  if (line === undefined) throw new Error(`${GITHUB_TEST_PATH} has no line that stands there once`);
  // A real repository keeps the branches of earlier tests for a while.
  const key = digestOf(`${branch.commit.sha} ${isReal ? Date.now() : 0}`)
    .replace(/^sha256:/, "")
    .slice(0, 12);
  const after = `${line}\n\nA line of a test.`;
  return {
    id: proposalId(`p-${key}`),
    repository: { owner: where.owner, name: where.repo },
    commit: commitSha(branch.commit.sha),
    cluster: clusterId("c-test"),
    edits: [{ path: GITHUB_TEST_PATH, base: digestOf(text), before: line, after, reason: "A test." }],
    files: [{ path: GITHUB_TEST_PATH, text: text.replace(line, () => after), before: digestOf(text) }],
    branch: `tuneup/${key}`,
    title: "test: a pull request that closes itself",
    body: "This pull request was opened by a test of Tuneup. It will be closed again at once.",
    commitMessage: "test: a pull request that closes itself\n\nOpened by a test.",
    draft: true,
    labels: [],
    evidence: digest("sha256:00"),
    state: "verified",
  };
}

const look = { scanSecrets: findSecrets };
const forge = () =>
  githubForge({
    token,
    retry: realRetryTools,
    guards: [outgoingGuard(look)],
    ...(octokit.request.endpoint.DEFAULTS.baseUrl === "" ? {} : { baseUrl: octokit.request.endpoint.DEFAULTS.baseUrl }),
  });
const publishNow = () => publish(proposal, forge(), ledger, { ...look, rules: { allowedHosts: [], forgeHost: "github.com" } });

describe(`a pull request at ${isReal ? "a real repository" : "the stand-in"}`, () => {
  test("is opened as a draft with one verified commit", async () => {
    const publication = await publishNow();
    if (publication.result !== "published") throw new Error(publication.why);
    ({ pull } = publication);
    const { data } = await octokit.rest.pulls.get({ ...where, pull_number: pull.number });
    expect([data.draft, data.state, data.commits, data.head.ref]).toEqual([true, "open", 1, proposal.branch]);
    const { data: commit } = await octokit.rest.repos.getCommit({ ...where, ref: data.head.sha });
    expect(commit.commit.verification?.verified).toBe(true);
  });

  test("is adopted when it is published again", async () => {
    expect(await publishNow()).toMatchObject({ result: "published", pull: { number: pull.number, adopted: true } });
  });

  test("has one comment of a kind, and a check or a status", async () => {
    await forge().comment(pull, "progress", "Half of it is done.");
    await forge().comment(pull, "progress", "It is done.");
    await forge().check(pull, "neutral", "It is done.");
    const { data } = await octokit.rest.issues.listComments({ ...where, issue_number: pull.number });
    expect(data.filter((comment) => comment.body?.includes("tuneup:progress")).map((comment) => comment.body)).toEqual([
      "<!-- tuneup:progress -->\nIt is done.",
    ]);
  });

  test("is left alone once it is closed", async () => {
    await octokit.rest.pulls.update({ ...where, pull_number: pull.number, state: "closed" });
    expect(await publishNow()).toMatchObject({ result: "left-alone", why: expect.stringMatching(/closed/) });
  });
});
