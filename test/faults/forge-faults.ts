import { githubForge } from "../../src/adapters/github-forge/github-forge.ts";
import { TuneupError } from "../../src/domain/errors.ts";
import type { Proposal, PullRequest } from "../../src/domain/proposal.ts";
import type { ForgeWriter, Publication } from "../../src/ports/forge.ts";
import type { WriteGuard } from "../../src/ports/outgoing.ts";
import { type Case, Findings, settled } from "../attacks/case.ts";
import { newBranches, quickRetry, rawProposal, withWorld } from "../attacks/publishing-rig.ts";
import type { FaultOptions } from "../world/faults.ts";
import type { GithubWorld } from "../world/github.ts";
import { hastyPublish, hastySay } from "./hasty.ts";

const path = "prompts/system.md";
const before = "- Say goodbye.";
const files = { [path]: `# Agent\n\n- Ask first.\n${before}\n`, "README.md": "# Hi\n" };
const proposalIn = (world: GithubWorld, rest: Partial<Proposal> = {}): Proposal =>
  rawProposal(world, { path, before, after: `${before}\n- List what was done.` }, rest);

const forgeOf = (
  world: GithubWorld,
  guards: readonly WriteGuard[] = [],
  rest: { readonly token?: string; readonly timeoutMilliseconds?: number } = {},
): ForgeWriter => githubForge({ token: world.token, baseUrl: world.url, retry: quickRetry, guards, ...rest });

const pullIn = (publication: Publication): PullRequest => {
  if (publication.result !== "published") throw new Error(publication.why);
  return publication.pull;
};

/** One branch, one commit, one pull request. */
function onlyOne(world: GithubWorld, findings: Findings, when = ""): void {
  const branches = newBranches(world);
  findings.must(branches.length === 1, `${when}there are ${branches.length} branches`);
  findings.must(world.pulls.length === 1, `${when}there are ${world.pulls.length} pull requests`);
  for (const branch of branches)
    findings.must(world.commitsOn(branch).length === 1, `${when}there are ${world.commitsOn(branch).length} commits on the branch`);
}

const losses: readonly [string, FaultOptions][] = [
  ["502", { when: "after" }],
  ["504", { when: "after", status: 504 }],
  ["a broken connection", { when: "after", instead: "reset" }],
];

const f01: Case = {
  id: "F01",
  title: "death before and after every write of publishing, the comment and the check",
  guard: "looking before every write and adopting what is there",
  async run(guard) {
    const findings = new Findings();
    for (let step = 0; step < 8; step += 1)
      for (const moment of ["before", "after"] as const)
        await withWorld(files, async (world) => {
          const proposal = proposalIn(world);
          let writes = 0;
          const died = new TuneupError("internal", "killed", { remedy: "" });
          const dying: WriteGuard = {
            before: async () => (moment === "before" && writes === step ? Promise.reject(died) : undefined),
            after: async () => {
              writes += 1;
              if (moment === "after" && writes === step + 1) throw died;
            },
          };
          const all = async (writer: ForgeWriter): Promise<void> => {
            const pull = pullIn(await writer.publish(proposal));
            await writer.comment(pull, "progress", "It is done.");
            await writer.check(pull, "success", "It is done.");
          };
          await settled(all(forgeOf(world, [dying])));
          if (guard === "on") await all(forgeOf(world));
          else {
            await hastyPublish(world, proposal);
            await hastySay(world, 1, "It is done.");
          }
          onlyOne(world, findings, `killed ${moment} write ${step}: `);
          findings.must(
            world.comments.length === 1 && world.checks.length === 1,
            `killed ${moment} write ${step}: not one comment and one check`,
          );
        });
    return findings.all;
  },
};

const f02: Case = {
  id: "F02",
  title: "the pull request is made, and the answer is lost",
  guard: "looking again before trying again",
  async run(guard) {
    const findings = new Findings();
    for (const [what, fault] of losses)
      await withWorld(files, async (world) => {
        world.fail(/POST .*\/pulls$/, fault);
        const publishing: Promise<unknown> =
          guard === "on" ? forgeOf(world).publish(proposalIn(world)) : hastyPublish(world, proposalIn(world));
        const done = await settled(publishing);
        findings.must("value" in done, `${what}: it was given up`);
        onlyOne(world, findings, `${what}: `);
      });
    return findings.all;
  },
};

const f03: Case = {
  id: "F03",
  title: "the comment or the check is made, and the answer is lost",
  guard: "looking again before trying again",
  async run(guard) {
    const findings = new Findings();
    for (const [what, fault] of losses)
      await withWorld(files, async (world) => {
        const pull = pullIn(await forgeOf(world).publish(proposalIn(world)));
        world.fail(/POST .*\/comments$/, fault);
        world.fail(/POST .*\/check-runs$/, fault);
        if (guard === "on") {
          await forgeOf(world).comment(pull, "progress", "It is done.");
          await forgeOf(world).check(pull, "success", "It is done.");
        } else await hastySay(world, pull.number, "It is done.");
        findings.must(world.comments.length === 1, `${what}: there are ${world.comments.length} comments`);
        findings.must(world.checks.length === 1, `${what}: there are ${world.checks.length} checks`);
      });
    return findings.all;
  },
};

const f09: Case = {
  id: "F09",
  title: "an installation suspended or gone, a repository archived, blocked, renamed or without issues",
  guard: "telling errors that pass from errors that stay",
  async run(guard) {
    const findings = new Findings();
    const states: readonly [string, (world: GithubWorld) => void][] = [
      ["suspended", (world) => void (world.installation.suspended = true)],
      ["removed", (world) => void world.accounts.installations.delete(world.installation.id)],
      ["archived", (world) => change(world, { archived: true })],
      ["blocked", (world) => change(world, { blocked: true })],
      ["a repository removed from the installation", (world) => void (world.installation.repositories = ["acme/other"])],
    ];
    for (const [what, set] of states)
      await withWorld(files, async (world) => {
        const proposal = proposalIn(world);
        set(world);
        const attempts = guard === "on" ? 1 : 20;
        let end: unknown;
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          const done = await settled(forgeOf(world).publish(proposal));
          end = "error" in done ? done.error : undefined;
        }
        findings.must(end instanceof TuneupError && end.remedy !== "", `${what}: nobody is told by name`);
        findings.must(end instanceof TuneupError && !end.retryable, `${what}: it would be tried for ever`);
        findings.must(world.requests.length <= 8, `${what}: ${world.requests.length} requests`);
        findings.must(world.pulls.length === 0 && newBranches(world).length === 0, `${what}: something was made`);
      });
    return findings.all;
  },
};

const change = (world: GithubWorld, data: { readonly archived?: boolean; readonly blocked?: boolean }): void =>
  void Object.assign(world.repository(world.owner, world.name)?.data ?? {}, data);

const f10: Case = {
  id: "F10",
  title: "rate limits with and without retry-after, and one that lasts forty minutes",
  guard: "waiting as long as GitHub asks",
  async run(guard) {
    const findings = new Findings();
    const limits: readonly [string, number, Record<string, string>, number][] = [
      ["403 with retry-after", 403, { "retry-after": "30" }, 30_000],
      ["429 with retry-after", 429, { "retry-after": "30" }, 30_000],
      ["429 without it", 429, {}, 60_000],
      ["403 without it", 403, {}, 60_000],
    ];
    for (const [what, status, headers, least] of limits)
      await withWorld(files, async (world) => {
        let clock = 0;
        let limitedAt: number | undefined;
        const watch = {
          before: async () => undefined,
          after: async (_write: unknown, outcome: string) => void (outcome === "failed" ? (limitedAt = clock) : undefined),
        };
        world.fail(/POST .*\/pulls$/, { when: "before", status, headers, message: "You have exceeded a secondary rate limit." });
        const sleep = async (milliseconds: number): Promise<void> => void (clock += guard === "on" ? milliseconds : 0);
        const done = await settled(
          githubForge({
            token: world.token,
            baseUrl: world.url,
            retry: { ...quickRetry, sleep, now: () => clock },
            guards: [watch],
          }).publish(proposalIn(world)),
        );
        findings.must("value" in done && world.pulls.length === 1, `${what}: it was given up`);
        findings.must(limitedAt !== undefined && clock - limitedAt >= least, `${what}: it asked again within the window`);
      });
    await withWorld(files, async (world) => {
      world.fail(/GET .*\/pulls$/, {
        when: "before",
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(40 * 60) },
        times: 9,
      });
      const done = await settled(forgeOf(world).publish(proposalIn(world)));
      findings.must(
        "error" in done && done.error instanceof TuneupError && done.error.retryable,
        "a long limit is not handed back to the queue",
      );
      findings.must(world.requests.length <= 2, "it asked again within a window of forty minutes");
    });
    return findings.all;
  },
};

const f11: Case = {
  id: "F11",
  title: "the base moves, and the prompt changes on the default branch, while the job runs",
  guard: "the look at the default branch before a pull request is opened",
  async run(guard) {
    const findings = new Findings();
    await withWorld(files, async (world) => {
      const proposal = proposalIn(world);
      world.push("main", "something else", { "README.md": "# Hello\n" });
      const done = guard === "on" ? await settled(forgeOf(world).publish(proposal)) : await settled(hastyPublish(world, proposal));
      findings.must("value" in done && world.pulls.length === 1, "a base that moved elsewhere keeps a proven edit from being proposed");
    });
    await withWorld(files, async (world) => {
      const proposal = proposalIn(world);
      const theirs = files[path].replace(before, "- Say goodbye in the customer's language.");
      world.push("main", "our own words", { [path]: theirs });
      if (guard === "on") {
        const done = await forgeOf(world).publish(proposal);
        findings.must(done.result === "left-alone" && done.remedy !== undefined, "nobody is told to prove it again");
      } else await hastyPublish(world, proposal);
      findings.must(world.pulls.length === 0 && newBranches(world).length === 0, "an edit of a text that is gone is proposed");
      findings.must(world.text("main", path) === theirs, "the default branch was written over");
    });
    return findings.all;
  },
};

const f12: Case = {
  id: "F12",
  title: "a person pushes to our branch between our look and our commit",
  guard: "committing only on the head that was looked at",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      const proposal = proposalIn(world);
      const person: WriteGuard = {
        before: async (write) => {
          if (write.what.includes("commit") && world.head(proposal.branch) !== undefined && !pushed) {
            pushed = true;
            world.push(proposal.branch, "my own words", { [path]: "mine\n" });
          }
        },
      };
      let pushed = false;
      if (guard === "on") {
        const done = await settled(forgeOf(world, [person]).publish(proposal));
        findings.must("error" in done || done.value.result === "left-alone", "it went on over a person's commit");
      } else {
        await settled(forgeOf(world).publish(proposal));
        world.push(proposal.branch, "my own words", { [path]: "mine\n" });
        pushed = true;
        world.push(proposal.branch, "prompt: fewer failures", { [path]: proposal.files[0]?.text ?? "" }, "tuneup[bot]");
      }
      findings.must(pushed, "the person never pushed");
      findings.must(world.text(proposal.branch, path) === "mine\n", "the person's words were written over");
      return findings.all;
    }),
};

const f13: Case = {
  id: "F13",
  title: "a person closes the pull request and deletes its branch, and the job goes on",
  guard: "looking whether a person has ended it",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      const proposal = proposalIn(world);
      pullIn(await forgeOf(world).publish(proposal));
      world.closePull(1);
      await world.ask({ kind: "user", login: world.owner }, "DELETE", `/repos/acme/support-agent/git/refs/heads/${proposal.branch}`);
      if (guard === "on") {
        const again = await settled(forgeOf(world).publish(proposal));
        findings.must(
          "value" in again && again.value.result === "left-alone" && again.value.pull?.state === "closed",
          "nobody learns that it was closed",
        );
      } else await hastyPublish(world, proposal);
      findings.must(newBranches(world).length === 0, "the branch was made again");
      findings.must(world.pulls.length === 1, "another pull request was opened");
      return findings.all;
    }),
};

const f19: Case = {
  id: "F19",
  title: "GitHub takes a request and never answers",
  guard: "the time limit of every request",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      world.fail(/GET .*\/pulls$/, { when: "before", instead: "hang" });
      world.fail(/POST .*\/pulls$/, { when: "after", instead: "hang" });
      const work = settled(
        forgeOf(world, [], guard === "on" ? { timeoutMilliseconds: 150 } : { timeoutMilliseconds: 60_000 }).publish(proposalIn(world)),
      );
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 2500));
      const done = await Promise.race([work, late]);
      findings.must(done !== undefined, "it waits for ever");
      findings.must(world.pulls.length === 1, `there are ${world.pulls.length} pull requests`);
      return findings.all;
    }),
};

export const forgeFaults: readonly Case[] = [f01, f02, f03, f09, f10, f11, f12, f13, f19];
