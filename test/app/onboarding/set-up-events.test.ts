import { generateKeyPairSync } from "node:crypto";
import { Probot } from "probot";
import { beforeEach, expect, test } from "vitest";
import { setUpEvents } from "../../../src/app/onboarding/set-up-events.ts";
import { setupBranch } from "../../../src/domain/publishing/setup.ts";
import type { Job } from "../../../src/ports/job-queue.ts";

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let jobs: Job[];
let probot: Probot;
beforeEach(async () => {
  jobs = [];
  probot = new Probot({ appId: 7, privateKey, secret: "s".repeat(20), logLevel: "fatal" });
  await probot.load(setUpEvents({ queue: { add: async (job) => (jobs.push(job), "added") }, log: quiet }));
});

const receive = (name: string, payload: object): Promise<void> => probot.receive({ id: "1", name, payload } as never);
const keys = (): readonly string[] => jobs.map((job) => job.key);
const pull = (ref: string, repository: number): object => ({
  action: "synchronize",
  installation: { id: 99 },
  repository: { id: 1, name: "agent", owner: { login: "acme" } },
  pull_request: { head: { ref, sha: "abc", repo: { id: repository } } },
});

test("an installation sets up each of its repositories", async () => {
  await receive("installation", {
    action: "created",
    installation: { id: 99 },
    repositories: [{ full_name: "acme/agent" }, { full_name: "acme/other" }],
  });
  expect(keys()).toEqual(["acme/agent/installed-99", "acme/other/installed-99"]);
});

test("repositories that are added later are set up too, fifty at once", async () => {
  const names = Array.from({ length: 80 }, (_, index) => ({ full_name: `acme/agent-${index}` }));
  await receive("installation_repositories", {
    action: "added",
    installation: { id: 99 },
    repositories_added: names,
    repositories_removed: [],
  });
  expect(jobs).toHaveLength(50);
});

test("a change of the set-up branch brings its page up to date; other branches, and a fork's of that name, do not", async () => {
  await receive("pull_request", pull(setupBranch, 1));
  await receive("pull_request", pull("feature", 1));
  await receive("pull_request", pull(setupBranch, 2));
  expect(keys()).toEqual(["acme/agent/changed-abc"]);
});
