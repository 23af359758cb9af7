import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { shippedFile } from "../../src/compose.ts";
import { startSimulatedModelServer, type SimulatedModelServer } from "../../src/simulator/model-server.ts";
import { recordSessions } from "../../src/simulator/record-sessions.ts";
import { readScenario } from "../../src/simulator/scenario-file.ts";
import { aRepository, gitIn } from "../builders/git-repository.ts";
import { GithubWorld } from "../world/github.ts";
import { type Report, reportOf, start, tuneup } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-e2e-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const freshFolder = (): string => {
  const folder = join(root, `f${(count += 1)}`);
  mkdirSync(folder);
  return folder;
};

describe("a run on an own agent", () => {
  const scenario = readScenario(shippedFile("examples", "scenarios", "missing-step.yaml"));
  let server: SimulatedModelServer;
  let cwd: string;
  beforeEach(async () => {
    server = await startSimulatedModelServer({ scenario, seed: 1 });
    cwd = aRepository(freshFolder(), scenario.files);
    writeFileSync(join(cwd, "..", `traces-${count}.jsonl`), [...recordSessions(scenario, { seed: 1 })].join("\n"));
    writeFileSync(join(cwd, "..", `operator-${count}.yml`), scenario.operatorFile);
  });
  afterEach(() => server.close());

  const models = (): Record<string, string> => ({
    ANTHROPIC_API_KEY: "any",
    ANTHROPIC_BASE_URL: server.url,
    TUNEUP_OPERATOR_FILE: join(cwd, "..", `operator-${count}.yml`),
    TUNEUP_DATA: join(cwd, "..", `data-${count}`),
  });
  const traces = (): readonly string[] => ["--traces", join(cwd, "..", `traces-${count}.jsonl`)];

  /** What an undisturbed run in a data folder of its own gives, and how many model calls it takes. Every test has the same agent and sessions: it is made once. */
  let undisturbed: { readonly verdicts: unknown; readonly requests: number } | undefined;
  const reference = async (): Promise<{ readonly verdicts: unknown; readonly requests: number }> => {
    if (undisturbed !== undefined) return undisturbed;
    const before = server.requests();
    const variables = { ...models(), TUNEUP_DATA: `${models()["TUNEUP_DATA"]}-reference` };
    const { evidence } = reportOf((await tuneup(["run", ...traces(), "--dry-run", "--json"], { cwd, variables })).out);
    return (undisturbed = { verdicts: evidence.verdicts, requests: server.requests() - before });
  };

  test("stage by stage on documents gives what the whole run gives", async () => {
    const apart = models();
    const file = (name: string): string => join(cwd, "..", `${name}-${count}.json`);
    expect((await tuneup(["ingest", traces()[1] ?? ""], { cwd, variables: apart })).code).toBe(0);
    expect((await tuneup(["scan", "--to", file("scan")], { cwd, variables: apart })).code).toBe(0);
    expect((await tuneup(["draft", "--from", file("scan"), "--to", file("attempt")], { cwd, variables: apart })).code).toBe(0);
    expect((await tuneup(["replay", "--from", file("attempt"), "--to", file("evidence")], { cwd, variables: apart })).code).toBe(0);
    expect(
      (
        await tuneup(["propose", "--from", file("attempt"), "--evidence", file("evidence"), "--to", file("proposal")], {
          cwd,
          variables: apart,
        })
      ).code,
    ).toBe(0);
    expect((await tuneup(["publish", file("proposal")], { cwd, variables: apart })).code).toBe(0);
    const evidence = JSON.parse(readFileSync(file("evidence"), "utf8")) as Report["evidence"];
    expect(evidence.verdicts).toEqual((await reference()).verdicts);
    expect(gitIn(cwd, "branch", "--list", "tuneup/*")).toMatch(/tuneup\/[0-9a-f]{12}/);
  });

  test("is held to what the repository's own file asks for", async () => {
    const variables = models();
    const commit = (text: string): void => {
      mkdirSync(join(cwd, ".github"), { recursive: true });
      writeFileSync(join(cwd, ".github/tuneup.yml"), text);
      gitIn(cwd, "add", ".");
      gitIn(cwd, "commit", "--quiet", "--message", "Say what we want of Tuneup");
    };
    commit("pullRequests: later\nevaluator: { command: [rm] }\n");
    const wrong = await tuneup(["run", ...traces()], { cwd, variables });
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringMatching(/line 1: pullRequests[\s\S]*line 2: evaluator: only the operator/)]);
    commit('ignore: ["**"]\n');
    const ignored = reportOf((await tuneup(["run", "--json"], { cwd, variables })).out);
    expect([ignored.finding.end, ignored.finding.why]).toEqual(["not-located", expect.stringContaining("prompts/system.md")]);
    commit("pullRequests: report-only\n");
    const reported = reportOf((await tuneup(["run", "--json"], { cwd, variables })).out);
    expect([reported.finding.end, reported.finding.verdict?.result]).toEqual(["decided", "improves"]);
    expect(gitIn(cwd, "branch", "--list", "tuneup/*")).toBe("");
  });

  test("killed in the middle of the replays goes on, pays for nothing twice, and comes to the same verdict", async () => {
    const variables = models();
    const killed = await start(["run", ...traces(), "--json"], {
      cwd,
      variables,
      watch: (text, child) => {
        if (/… replay {4}\d+\/150 working/.test(text)) child.kill("SIGKILL");
      },
    }).ended;
    expect(killed.code).toBeNull();
    const before = server.requests();
    const second = reportOf((await tuneup(["run", ...traces(), "--json"], { cwd, variables })).out);
    const paid = server.requests() - before;
    const whole = await reference();
    expect(second.evidence.verdicts).toEqual(whole.verdicts);
    expect(paid).toBeLessThan(whole.requests);
    expect(second.finding.pull?.number).toBe(1);
  });

  test("stopped with Ctrl-C keeps what was measured and exits 130; the next goes on, the one after finds all finished", async () => {
    const variables = models();
    const stopped = await start(["run", ...traces()], {
      cwd,
      variables,
      watch: (text, child) => {
        if (!child.killed && /… replay {4}\d+\/60 failing/.test(text)) child.kill("SIGINT");
      },
    }).ended;
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/keeping what was measured/);
    expect(reportOf((await tuneup(["run", ...traces(), "--json"], { cwd, variables })).out).finding.end).toBe("published");
    const before = server.requests();
    const again = reportOf((await tuneup(["run", "--json"], { cwd, variables })).out);
    expect(server.requests()).toBe(before);
    expect(again.finding.pull).toMatchObject({ number: 1, adopted: true });
  });

  test("started twice at once on one data folder leaves one pull request and two equal verdicts", async () => {
    const variables = models();
    const [one, other] = await Promise.all([
      tuneup(["run", ...traces(), "--json"], { cwd, variables }),
      tuneup(["run", ...traces(), "--json"], { cwd, variables }),
    ]);
    for (const ended of [one, other]) expect(ended.out, `exit ${ended.code}: ${ended.err}`).not.toBe("");
    const [left, right] = [reportOf(one.out), reportOf(other.out)];
    expect(left.evidence.verdicts).toEqual(right.evidence.verdicts);
    expect(gitIn(cwd, "branch", "--list", "tuneup/*").split("\n")).toHaveLength(1);
    expect(readdirSync(join(variables["TUNEUP_DATA"] ?? "", "pulls")).filter((name) => name.endsWith(".json"))).toEqual(["1.json"]);
  });

  test("on GitHub publishes from a process of its own: the reading one never holds the token", async () => {
    const world = await new GithubWorld(scenario.files).start();
    try {
      const head = gitIn(cwd, "rev-parse", "HEAD");
      world.adopt("main", head, scenario.files);
      const variables = { ...models(), GITHUB_TOKEN: world.token, GITHUB_API_URL: world.url };
      const { err, out } = await tuneup(["run", ...traces(), "--github", "acme/support-agent", "--json"], { cwd, variables });
      const { finding } = reportOf(out);
      expect(finding).toMatchObject({ end: "published", pull: { number: 1, url: "https://github.com/acme/support-agent/pull/1" } });
      expect(world.pulls[0]).toMatchObject({
        draft: false,
        state: "open",
        title: expect.stringContaining("refund follows the return policy"),
      });
      expect(world.commitsOn(finding.pull?.branch ?? "")).toHaveLength(1);
      expect(`${err}${out}`).not.toContain(world.token);
      const again = reportOf((await tuneup(["run", "--github", "acme/support-agent", "--json"], { cwd, variables })).out);
      expect(again.finding.pull).toMatchObject({ number: 1, adopted: true });
    } finally {
      await world.stop();
    }
  });

  test("ends with a clear message when the model is down, answers nonsense, or refuses", async () => {
    const { ANTHROPIC_BASE_URL: _url, ...rest } = models();
    const down = await tuneup(["run", ...traces()], { cwd, variables: { ...rest, ANTHROPIC_BASE_URL: "http://127.0.0.1:9" } });
    expect([down.code, /cannot be reached: the model server at http:\/\/127\.0\.0\.1:9 does not answer/.test(down.err)]).toEqual([5, true]);
    const strange = await tuneup(["run", ...traces()], { cwd, variables: { ...rest, ANTHROPIC_BASE_URL: `${server.url}/v1/models?` } });
    expect(strange.code).toBe(5);
    expect(strange.err).toMatch(/refused|no Messages API reply/);
  });

  test("says absent, and what was looked for, in a repository without the prompt", async () => {
    const other = aRepository(freshFolder(), { "README.md": "# Something else\n" });
    const { code, out } = await tuneup(["run", "--traces", join(cwd, "..", `traces-${count - 1}.jsonl`), "--repo", other], {
      cwd,
      variables: { ANTHROPIC_API_KEY: "any", ANTHROPIC_BASE_URL: server.url, TUNEUP_DATA: join(root, "absent") },
    });
    expect(code).toBe(0);
    expect(out).toMatch(/The prompt was not found in this repository: no file of this commit holds enough/);
  });
});
