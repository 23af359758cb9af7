import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { permissionLookUps } from "../../src/app/commands/permission-look-ups.ts";
import { runJob } from "../../src/app/run-job.ts";
import { instant, proposalId } from "../../src/domain/ids.ts";
import { rememberPublication } from "../../src/pipeline/standing/pulls.ts";
import { type AppRig, commentPayload, obedient, runs, withApp } from "./app-rig.ts";
import { wholeApp } from "../app/whole-app.ts";
import { type Case, Findings, type Guard, settled } from "./case.ts";
import { publishTo, quiet, rawProposal } from "./publishing-rig.ts";

const naive = (guard: Guard): typeof obedient | undefined => (guard === "off" ? obedient : undefined);

/** Lets people comment on the page, and waits until every webhook is answered. */
async function say(rig: AppRig, login: string, body: string): Promise<number> {
  const id = rig.world.comment(rig.issue, login, body);
  await rig.world.webhooks.idle();
  return id;
}

const a16: Case = {
  id: "A16",
  title: "a command by someone with the triage role, beside one by a writer",
  guard: "the live look-up of permissions",
  run: (guard) =>
    withApp(async (rig) => {
      const findings = new Findings();
      const id = await say(rig, "tom", "/tuneup run");
      findings.must(runs(rig).length === 0, "a run was started by someone who may not write");
      findings.must(rig.world.comments.find((one) => one.id === id)?.reactions.length === 0, "someone who may not write was answered");
      const before = runs(rig).length;
      await say(rig, "ada", "/tuneup run");
      findings.must(runs(rig).length === before + 1, "a writer's run was not started");
      return findings.all;
    }, naive(guard)),
};

const a17: Case = {
  id: "A17",
  title: "five hundred commands by a stranger on a public repository",
  guard: "the live look-up of permissions, with its memory and limit",
  run: (guard) =>
    withApp(async (rig) => {
      const findings = new Findings();
      const repository = rig.world.repository(rig.world.owner, rig.world.name);
      if (repository !== undefined) repository.data.isPrivate = false;
      rig.world.accounts.account("stranger");
      const payloads = Array.from({ length: 500 }, (_, index) =>
        commentPayload(rig, "/tuneup run", { id: 1000 + index, user: { login: `stranger${index % 5 === 0 ? index : ""}` } }),
      );
      for (const payload of payloads) await rig.deliver("issue_comment", payload);
      const lookUps = rig.world.requests.filter((line) => line.includes("/collaborators/")).length;
      findings.must(runs(rig).length === 0, "a stranger started runs");
      findings.must(rig.world.comments.length === 0, "a stranger was answered");
      findings.must(lookUps <= 31, `a stranger's comments cost ${lookUps} look-ups`);
      return findings.all;
    }, naive(guard)),
};

const a18: Case = {
  id: "A18",
  title: "a command by a bot, by someone named like our bot, and through another App",
  guard: "the look at who wrote a comment",
  run: (guard) =>
    withApp(async (rig) => {
      const findings = new Findings();
      for (const login of ["evil[bot]", "tuneup-bot", "ada"]) rig.world.permissions.set(login, "write");
      rig.world.permissions.delete("tuneup-bot");
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run", { id: 1, user: { login: "evil[bot]", type: "Bot" } }));
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run", { id: 2, user: { login: "tuneup-bot" } }));
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run", { id: 3, app: { id: 4711, slug: "other" } }));
      await rig.deliver(
        "issue_comment",
        commentPayload(rig, "/tuneup run", { id: 4, user: { login: "tuneup[bot]", type: "Bot" }, app: { id: 7, slug: "tuneup" } }),
      );
      findings.must(runs(rig).length === 0, "a bot, a namesake or an App started a run");
      return findings.all;
    }, naive(guard)),
};

const a19: Case = {
  id: "A19",
  title: "who asked loses the permission while the job runs",
  guard: "the second look at the permission before publishing",
  run: (guard) =>
    withApp(async (rig) => {
      const published: string[] = [];
      const looked = permissionLookUps(() => rig.clock.now);
      const job = runJob({
        octokit: (installation) => rig.server.probot.auth(installation),
        app: 7,
        permissions: guard === "on" ? looked : { mayWrite: async () => true },
        mayBegin: async () => undefined,
        documents: new MemoryLedger(),
        clusters: async () => [],
        now: () => instant("2026-01-20T12:00:00.000Z"),
        token: async () => rig.world.token,
        read: async () => {
          rig.world.permissions.delete("ada");
          return { proposal: { id: proposalId("p-0123456789ab") } };
        },
        publish: async () => {
          published.push("p");
          return { published: true, text: "Pull request opened." };
        },
        askForApproval: async () => undefined,
        log: quiet,
      });
      const comment = await say(rig, "ada", "hello");
      const payload = {
        installation: 99,
        owner: "acme",
        repository: "support-agent",
        issue: rig.issue,
        comment,
        login: "ada",
        command: "run",
      };
      await job({ name: "run", key: "k", payload }, { run: (_name, work) => work() }, new AbortController().signal);
      return published.length === 0 ? [] : ["it was published in the name of someone who may not write any more"];
    }),
};

const a20: Case = {
  id: "A20",
  title: "a harmless comment that becomes a command by an edit, and a command that is edited afterwards",
  guard: "telling new comments from edited ones",
  run: (guard) =>
    withApp(async (rig) => {
      const findings = new Findings();
      // An App that cannot tell them apart takes every edit for a new comment.
      const action = guard === "on" ? "edited" : "created";
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run", { id: 1, action }));
      findings.must(runs(rig).length === 0, "an edit started a run");
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run c-one", { id: 2 }));
      await rig.deliver("issue_comment", commentPayload(rig, "/tuneup run c-two", { id: 2, action }));
      findings.must(
        runs(rig).length === 1 && JSON.stringify(runs(rig)).includes("c-one"),
        "the command as it was received is not what runs",
      );
      return findings.all;
    }, naive(guard)),
};

const a21: Case = {
  id: "A21",
  title: "a command in a quotation, in code, within a sentence, or with a hostile argument",
  guard: "the strict reading of the first line",
  run: (guard) =>
    withApp(async (rig) => {
      const findings = new Findings();
      const texts = [
        "> /tuneup run",
        "```\n/tuneup run\n```",
        "please /tuneup run",
        "hello\n/tuneup run",
        `/tuneup run ${"a".repeat(10_240)}`,
        "/tuneup run $(id)",
        "/tuneup run; rm -rf /",
        "/tuneup run https://evil.example/x",
        "/tuneup run --data /etc",
      ];
      for (const [index, text] of texts.entries()) await rig.deliver("issue_comment", commentPayload(rig, text, { id: 10 + index }));
      findings.must(runs(rig).length === 0, "something that is no command started a run");
      findings.must(!/\$\(|rm -rf|evil\.example|\/etc|aaaa/.test(JSON.stringify(rig.jobs)), "an argument reached a job");
      return findings.all;
    }, naive(guard)),
};

const a34: Case = {
  id: "A34",
  title: "who asked for the run approves its pull request, or pushes a commit after the proof",
  guard: "the look at who has a part in a proposal, and at which commit was approved",
  async run(guard) {
    const findings = new Findings();
    const path = "prompts/system.md";
    let number = 0;
    const app = await wholeApp(
      {
        read: async () => ({ proposal: { id: proposalId("p-0123456789ab") } }),
        publish: async () => {
          const proposal = rawProposal(
            app.world,
            { path, before: "Agent", after: "Careful agent" },
            { id: proposalId("p-0123456789ab"), branch: "tuneup/0123456789ab" },
          );
          const done = await publishTo(app.world, proposal, "on");
          if (!("value" in done)) throw done.error;
          await rememberPublication(app.ledger, proposal, done.value, instant("2026-01-20T12:00:00.000Z"));
          number = done.value.pull?.number ?? 0;
          return { published: true, text: `Pull request opened: #${number}`, pull: number, head: app.world.head(proposal.branch) ?? "" };
        },
      },
      { [path]: "# Agent\n" },
      guard === "on" ? {} : { approvers: (reviews) => reviews.flatMap(({ login, state }) => (state === "APPROVED" ? [login] : [])) },
    );
    try {
      app.world.repository(app.world.owner, app.world.name)?.data.requiredChecks.push("tuneup approval");
      for (const login of ["bob", "carol"]) app.world.permissions.set(login, "write");
      const head = (): string => app.world.head("tuneup/0123456789ab") ?? "";
      const conclusion = (name: string): string | null | undefined =>
        app.world.checks.findLast((check) => check.name === name && check.head_sha === head())?.conclusion;
      const act = async (login: string, what: "reviews" | "merge"): Promise<boolean> => {
        const at = `/repos/acme/support-agent/pulls/${number}/${what}`;
        const body = what === "reviews" ? { event: "APPROVE", body: "" } : {};
        const done = await settled(app.world.ask({ kind: "user", login }, what === "reviews" ? "POST" : "PUT", at, body));
        await app.settled();
        return "value" in done;
      };
      await app.say("ada", "/tuneup run");
      findings.must(conclusion("tuneup") === "success", "the proven commit has no check");
      await act("ada", "reviews");
      await app.keepApprovals();
      findings.must(conclusion("tuneup approval") === "action_required", "who asked for it approved it");
      findings.must(!(await act("ada", "merge")), "who asked for it merged it with their own approval");
      await act("bob", "reviews");
      findings.must(conclusion("tuneup approval") === "success", "another person's approval does not count");
      app.world.push("tuneup/0123456789ab", "one word more", { [path]: "# Evil agent\n" }, "ada");
      await app.settled();
      await app.keepApprovals();
      findings.must(conclusion("tuneup") === undefined, "a commit after the proof has the proof's check");
      findings.must(conclusion("tuneup approval") === "action_required", "an approval was carried to a commit that came after it");
      findings.must(!(await act("ada", "merge")), "a commit was merged that nobody approved");
      await act("carol", "reviews");
      findings.must(conclusion("tuneup approval") === "success", "nobody can approve the new commit");
      return findings.all;
    } finally {
      await app.close();
    }
  },
};

export const peopleAttacks: readonly Case[] = [a16, a17, a18, a19, a20, a21, a34];
