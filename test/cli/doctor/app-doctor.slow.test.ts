import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeCredentialFile } from "../../../src/adapters/credential-file/credential-file.ts";
import { readShipped } from "../../../src/app/setup/manifest.ts";
import { describeChecks } from "../../../src/cli/checks.ts";
import { appDoctor } from "../../../src/cli/doctor/app-doctor.ts";
import { readEnvironment } from "../../../src/config/environment.ts";
import { instant } from "../../../src/domain/ids.ts";
import { GithubWorld } from "../../world/github.ts";
import type { App } from "../../world/state.ts";

const asked = readShipped(readFileSync(new URL("../../../app.yml", import.meta.url), "utf8"));

let world: GithubWorld;
let folder: string;
/** Added to the machine's clock. */
let wrong: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tuneup-doctor-"));
  wrong = 0;
  world = await new GithubWorld({ "prompts/system.md": "# Agent\n" }).start();
  writeFileSync(join(folder, "tuneup.operator.yml"), "repositories: { acme/support-agent: { project: support } }\n");
});
afterEach(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Changes {
  readonly permissions?: App["permissions"];
  readonly events?: readonly string[];
  readonly hookUrl?: string;
  /** What the account has accepted, where that is not everything. */
  readonly accepted?: App["permissions"];
}

/** An App as it is meant to be, but for what is changed; installed on acme. */
function anApp({ accepted, ...changes }: Changes = {}): App {
  world.accounts.installations.clear();
  const app = world.accounts.register({
    slug: "tuneup-acme",
    owner: "acme",
    permissions: asked.default_permissions,
    events: asked.default_events,
    hookUrl: "https://tuneup.acme.example/api/github/webhooks",
    ...changes,
  });
  const installation = world.accounts.install(app, "acme");
  if (accepted !== undefined) world.accounts.installations.set(installation.id, { ...installation, permissions: accepted });
  const { id, privateKey, slug, webhookSecret } = app;
  writeCredentialFile(join(folder, "github-app.json"), { id: String(id), slug, privateKey, webhookSecret, apiUrl: world.url });
  return app;
}

/** What is printed; every problem has its remedy. */
async function doctor(live = false, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const checks = await appDoctor(
    {
      process: { stdout: { write: () => undefined }, stderr: { write: () => undefined } },
      cwd: folder,
      environment: readEnvironment(variables),
      variables,
      now: () => instant(new Date(Date.now() + wrong).toISOString()),
      signal: new AbortController().signal,
    },
    { data: folder, cwd: folder, live },
  );
  expect(checks.filter(({ remedy, state }) => state === "problem" && remedy === undefined)).toEqual([]);
  return describeChecks(checks);
}

const writes = (): readonly string[] => world.requests.filter((line) => !line.startsWith("GET ") && !line.endsWith("/access_tokens"));

describe("tuneup doctor looks at the App and", () => {
  test("finds one that is as it should be in order, and reads once with each permission when asked live", async () => {
    anApp();
    const printed = await doctor(true);
    expect(printed).not.toContain("✗");
    expect(printed).toMatch(/app +tuneup-acme of acme at http:/);
    expect(printed).toMatch(/clock +as GitHub's/);
    expect(printed).toMatch(/permissions +contents write, pull_requests write/);
    expect(printed).toMatch(/webhook +https:\/\/tuneup\.acme\.example\/api\/github\/webhooks, signed/);
    expect(printed).toMatch(/installations +on acme/);
    expect(printed).toMatch(/checks \(live\) +read the checks on the default branch of acme\/support-agent/);
    expect(printed).toMatch(
      /writing +granted, and not tried: contents, pull_requests, issues, checks\. Nothing was written; 8 requests, which cost nothing; \d+ of 5000/,
    );
    expect(writes()).toEqual([]);
  });

  test("names what the App may not and does not hear, what is lost by it and where to set it, and what it may too much", async () => {
    const permissions = { contents: "read", pull_requests: "write", issues: "write", administration: "write" } as const;
    anApp({ permissions, events: ["issue_comment", "push"] });
    const printed = await doctor();
    expect(printed).toMatch(
      /✗ +permissions +missing: contents: write \(no branch can be written\); checks: write \(neither progress nor approvals/,
    );
    expect(printed).toMatch(/→ Set it at https:\/\/github\.com\/settings\/apps\/tuneup-acme\/permissions|organizations\/acme\/settings/);
    expect(printed).toMatch(/– +permissions +more than Tuneup needs: administration write/);
    expect(printed).toMatch(/✗ +events +missing: pull_request_review_comment .*; check_run \(the buttons/);
    expect(printed).toMatch(/– +permissions +not there: merge_queues: read \(a merge queue/);
  });

  test("tells a wish of the App's that nobody has accepted, and a bound repository without the App", async () => {
    anApp({ accepted: { contents: "write", pull_requests: "write", issues: "write", metadata: "read", merge_queues: "read" } });
    writeFileSync(join(folder, "tuneup.operator.yml"), "repositories: { acme/other: { project: support } }\n");
    const printed = await doctor();
    expect(printed).toMatch(/✗ +installations +acme has not accepted: checks: write[\s\S]*→ An owner accepts it at https:/);
    expect(printed).toMatch(/✗ +installations +acme\/other is bound[\s\S]*→ Install it at https:\/\/github\.com\/apps\/tuneup-acme\/inst/);
  });

  test.each<[string, string, RegExp]>([
    ["the example address", "https://tuneup.example.com/api/github/webhooks", /✗ +webhook +goes to the example address/],
    ["another path", "https://tuneup.acme.example/", /✗ +webhook +goes to \/, where nothing listens\n +→ The path is \/api\/github\/web/],
    ["no encryption", "http://tuneup.acme.example/api/github/webhooks", /✗ +webhook +is not encrypted/],
    ["no address", "", /✗ +webhook +no address is set/],
  ])("sees webhooks with %s", async (_what, hookUrl, line) => {
    anApp({ hookUrl });
    expect(await doctor()).toMatch(line);
  });

  test("says how deliveries fare, and what the last failure means", async () => {
    anApp();
    world.webhooks.reachable = false;
    const issue = world.openIssue("one");
    world.webhooks.deliveries.length = 0;
    world.comment(issue, "ada", "hello");
    expect(await doctor()).toMatch(/✗ +deliveries +none of the last 1 arrived: failed to connect to host × 1\n +→ GitHub can/);
    const [delivery] = world.webhooks.deliveries;
    if (delivery !== undefined) Object.assign(delivery, { status_code: 400, status: "Invalid HTTP Response" });
    expect(await doctor()).toMatch(/HTTP 400 × 1[\s\S]*→ The signature does not match: WEBHOOK_SECRET/);
    if (delivery !== undefined) Object.assign(delivery, { status_code: 200, status: "OK" });
    expect(await doctor()).toMatch(/✓ +deliveries +the last 1 arrived/);
  });

  test.each<[string, number, RegExp]>([
    ["behind", -3_600_000, /✗ +clock +3\d\d\d seconds behind GitHub's\n +→ Set this machine's clock/],
    ["before", 20_000, /– +clock +\d\d seconds before GitHub's/],
  ])("notices a clock that is %s", async (_how, by, line) => {
    anApp();
    wrong = by;
    expect(await doctor()).toMatch(line);
  });

  test("tells a key of another App, an address that is no API, and credentials that are incomplete apart", async () => {
    const app = anApp();
    const { privateKey } = world.accounts.register({ slug: "other", owner: "acme", permissions: {}, events: [], ownKey: true });
    const credentials = { APP_ID: String(app.id), PRIVATE_KEY: privateKey, WEBHOOK_SECRET: "s3cr3t".repeat(8) };
    expect(await doctor(false, { ...credentials, GITHUB_API_URL: world.url })).toMatch(
      /✗ +app +GitHub does not accept the App's key[\s\S]*APP_ID and PRIVATE_KEY must belong/,
    );
    expect(await doctor(false, { ...credentials, GITHUB_API_URL: "http://127.0.0.1:9" })).toMatch(
      /✗ +app +http:\/\/127\.0\.0\.1:9 cannot be reached[\s\S]*→ GITHUB_API_URL of an Enterprise Server ends in \/api\/v3/,
    );
    const cut = "-----BEGIN RSA PRIVATE KEY-----\nx";
    expect(await doctor(false, { ...credentials, PRIVATE_KEY: cut })).toMatch(/PRIVATE_KEY cannot be read/);
    expect(await doctor(false, { APP_ID: "7" })).toMatch(/✗ +app +The GitHub App is not set up/);
  });

  test("reads with what was granted where something was not, and says what is missing", async () => {
    const { issues: _issues, ...accepted } = asked.default_permissions;
    anApp({ accepted });
    const printed = await doctor(true);
    expect(printed).toMatch(/✓ +contents \(live\)/);
    expect(printed).toMatch(/✗ +installations +acme has not accepted: issues/);
  });

  test("says of one repository that GitHub does not tell about it, and everything else of the App", async () => {
    anApp();
    world.fail(/GET \/repos\/acme\/support-agent\/installation$/, { when: "before", status: 403 });
    expect(await doctor()).toMatch(/✓ +app +tuneup-acme[\s\S]*GitHub does not say: whether the App is installed on acme\/support-agent/);
  });

  test("notes a secret that is short, and that there is no App at all", async () => {
    expect(await doctor()).toMatch(/– +app +no GitHub App/);
    const app = anApp();
    const given = { APP_ID: String(app.id), PRIVATE_KEY: app.privateKey, WEBHOOK_SECRET: "0123456789abcdef", GITHUB_API_URL: world.url };
    expect(await doctor(false, given)).toMatch(/– +webhook secret +short/);
  });
});
