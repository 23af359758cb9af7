import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { keepConfigIssue } from "../../src/app/configuration/config-issue.ts";
import { makeProbot } from "../../src/app/make-probot.ts";
import { readRepositoryFile, repositoryFilePath } from "../../src/config/repository-file.ts";
import { instant } from "../../src/domain/ids.ts";
import { type Case, Findings, settled } from "../attacks/case.ts";
import { quiet, withWorld } from "../attacks/publishing-rig.ts";

const invalid = { [repositoryFilePath]: "pullRequests: later\n" };
const names = Array.from({ length: 50 }, (_, index) => `agent-${index}`);

const f16: Case = {
  id: "F16",
  title: "a repository's file that cannot be read, is missing or invalid; and the same new error in fifty repositories",
  guard: "the memory of what was filed elsewhere within the hour",
  run: (guard) =>
    withWorld({ "README.md": "# No file of ours\n" }, async (world) => {
      const findings = new Findings();
      const { privateKey, webhookSecret } = world.app;
      const made = await makeProbot({ id: "7", privateKey, webhookSecret, apiUrl: world.url }, () => undefined, []);
      const ledger = new MemoryLedger();
      const documents =
        guard === "on" ? ledger : { get: async () => undefined, put: async () => undefined, keys: async () => [] as readonly string[] };
      const octokit = await made.probot.auth(99);
      const keep = (repo: string) =>
        settled(
          keepConfigIssue(
            octokit,
            { owner: "acme", repo },
            {
              problemsIn: (source) => {
                const read = readRepositoryFile(source);
                return read.state === "invalid" ? read.problems : [];
              },
              documents,
              app: 7,
              now: () => instant("2026-01-20T12:00:00.000Z"),
              log: quiet,
            },
          ),
        );
      const issues = (repo: string): number => world.repository("acme", repo)?.data.issues.length ?? 0;
      await keep("support-agent");
      findings.must(issues("support-agent") === 0, "a missing file was called wrong");
      world.addRepository("acme", "unreadable", invalid);
      world.fail(/GET .*\/unreadable\/contents/, { when: "before", status: 500 });
      findings.must("error" in (await keep("unreadable")) && issues("unreadable") === 0, "a file that could not be read was called wrong");
      for (const name of names) {
        world.addRepository("acme", name, invalid);
        await keep(name);
        await keep(name);
      }
      const filed = names.map((name) => issues(name));
      findings.must(filed[0] === 1, `${filed[0] ?? 0} issues for one invalid file`);
      const all = filed.reduce((sum, count) => sum + count, 0);
      findings.must(all <= 10, `${all} issues in ${names.length} repositories`);
      return findings.all;
    }),
};

export const configurationFaults: readonly Case[] = [f16];
