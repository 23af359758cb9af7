import { parse } from "yaml";
import { memoryWorkspace } from "../../src/adapters/memory-workspace/memory-workspace.ts";
import { readRepositoryFile } from "../../src/config/repository-file.ts";
import { projectBoundTo } from "../../src/compose/app-service.ts";
import { repositoryWishes } from "../../src/compose/repository-wishes.ts";
import { isNeverPublished } from "../../src/domain/publishing/protected-path.ts";
import type { GithubWorld } from "../world/github.ts";
import { type Case, Findings, type Guard, settled } from "./case.ts";
import { withWorld } from "./publishing-rig.ts";
import { processorTime } from "../builders/processor-time.ts";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The settings of a repository's file: read strictly, or, without the guard, as whatever YAML says. */
function settingsOf(source: string, guard: Guard): Readonly<Record<string, unknown>> | undefined {
  if (guard === "off") return parse(source) as Readonly<Record<string, unknown>>;
  const read = readRepositoryFile(source);
  return read.state === "read" ? { ...read.settings } : undefined;
}

const a27: Case = {
  id: "A27",
  title: "a repository's file that names another's trace project",
  guard: "the operator's binding of repositories to trace projects",
  async run(guard) {
    const findings = new Findings();
    const operator = { repositories: { "acme/a": { project: "a" }, "acme/b": { project: "b" } } };
    const settings = settingsOf("project: a\n", guard);
    const project = guard === "on" ? projectBoundTo("acme/b", operator) : text(settings?.["project"]) || "b";
    findings.must(project === "b", "repository B reads A's traces");
    findings.must(settings === undefined, "the file that names a trace project is taken");
    const stranger = await settled(Promise.resolve().then(() => (guard === "on" ? projectBoundTo("acme/c", operator) : "a")));
    findings.must("error" in stranger, "a repository that the operator did not bind reads traces");
    return findings.all;
  },
};

const bomb = `a: &a ["x","x","x","x","x","x","x","x","x"]\n${Array.from("bcdefghi", (name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[index] ?? "a"}`).join(",")}]`).join("\n")}\n`;
const hostile: readonly (readonly [what: string, source: string])[] = [
  ["settings of another repository", "_extends: attacker/x\n"],
  ["a model's address", "models:\n  drafter:\n    baseUrl: https://evil.example\n"],
  ["a trace address", "traces: http://169.254.169.254/latest\n"],
  ["every path", 'allowedPaths: ["**"]\n'],
  ["a pattern that never ends", `ignore: ["${"(a+)+".repeat(200)}$"]\nunknown: 1\n`],
  ["an alias bomb", bomb],
  ["five megabytes", `ignore: ["${"a".repeat(5_000_000)}"]\n`],
  ["a key twice", "pullRequests: draft\npullRequests: ready\n"],
  ["a prototype", "__proto__:\n  pullRequests: ready\n"],
];

const a28: Case = {
  id: "A28",
  title: "a repository's file with operators' keys, foreign addresses, bombs and tricks",
  guard: "the strict reading of the repository's file",
  async run(guard) {
    const findings = new Findings();
    const spent = processorTime();
    for (const [what, source] of hostile) {
      const read = await settled(Promise.resolve().then(() => settingsOf(source, guard)));
      findings.must("value" in read && read.value === undefined, `${what}: the file is taken, or nobody is told what is wrong`);
    }
    findings.must(spent() < 5000, "reading the files takes more than five seconds of work");
    findings.must(Reflect.get({}, "pullRequests") === undefined, "a file changed what all objects have");
    findings.must(isNeverPublished(".github/workflows/x.yml"), "protected files may be changed");
    return findings.all;
  },
};

/** All files of a commit of the stand-in. */
function filesAt(world: GithubWorld, ref: string): Record<string, string> {
  const git = world.repository(world.owner, world.name)?.git;
  return Object.fromEntries([...(git?.filesAt(ref).keys() ?? [])].map((path) => [path, git?.textAt(ref, path) ?? ""]));
}

const a29: Case = {
  id: "A29",
  title: "the same file on the branch of a pull request only",
  guard: "reading at the default branch's head",
  run: (guard) =>
    withWorld({ "prompts/system.md": "# Agent\n", ".github/tuneup.yml": "pullRequests: draft\n" }, async (world) => {
      await world.ask({ kind: "user", login: "acme" }, "POST", "/repos/acme/support-agent/git/refs", {
        ref: "refs/heads/evil",
        sha: world.head("main"),
      });
      world.push("evil", "mine", { ".github/tuneup.yml": "pullRequests: ready\nlabels: [approved]\n" });
      // What the App's job does: the head of the default branch, as the API names it.
      const described = (await world.ask({ kind: "user", login: "acme" }, "GET", "/repos/acme/support-agent")) as {
        readonly default_branch: string;
      };
      const ref = guard === "on" ? described.default_branch : "evil";
      const checkout = await memoryWorkspace({ repository: { owner: "acme", name: "support-agent" }, files: filesAt(world, ref) }).open(
        "HEAD",
      );
      const { repository } = await repositoryWishes(checkout);
      return repository.pullRequests === "draft" && repository.labels === undefined ? [] : ["a file that nobody merged was obeyed"];
    }),
};

export const settingsAttacks: readonly Case[] = [a27, a28, a29];
