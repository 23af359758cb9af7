import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MemoryLedger } from "../../src/adapters/memory-ledger/memory-ledger.ts";
import { filesOf, type ServiceRecords } from "../../src/compose/state.ts";
import { makeProbot, type MadeProbot } from "../../src/app/make-probot.ts";
import { redeliverFailed } from "../../src/app/upkeep/redeliver.ts";
import { instant, type Instant } from "../../src/domain/ids.ts";
import { mintToken } from "../../src/compose/app-service.ts";
import { commentPayload, withApp } from "../attacks/app-rig.ts";
import { type Case, Findings, settled } from "../attacks/case.ts";
import { newBranches, publishTo, rawProposal, withWorld } from "../attacks/publishing-rig.ts";
import type { GithubWorld } from "../world/github.ts";
import { hastyPublish } from "./hasty.ts";

const path = "prompts/system.md";
const before = "- Say goodbye.";
const files = { [path]: `# Agent\n\n${before}\n` };
const change = { path, before, after: `${before}\n- List what was done.` };
const start = instant("2026-01-20T12:00:00.000Z");
const run = promisify(execFile);
const machineNow = (): Instant => instant(new Date().toISOString());

/** Runs some work with records in a folder of its own. */
async function withRecords<T>(work: (records: ServiceRecords, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tuneup-fault-"));
  const records = filesOf(folder).records();
  try {
    return await work(records, folder);
  } finally {
    await records.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const probotOf = (world: GithubWorld): Promise<MadeProbot> =>
  makeProbot({ id: "7", privateKey: world.app.privateKey, webhookSecret: world.app.webhookSecret, apiUrl: world.url }, () => undefined, []);

const f04: Case = {
  id: "F04",
  title: "a worker stalls past its lease, and a second one takes over",
  guard: "the fence: only who holds the lease may end the work",
  run: (guard) =>
    withRecords(async ({ inbox, leases }) => {
      const findings = new Findings();
      const later = instant("2026-01-20T12:05:00.000Z");
      await inbox.receive({ id: "one", event: "issue_comment", body: "{}" }, start);
      const first = await inbox.claim(start, 120_000);
      const lease = await leases.acquire("upkeep", "first", start, 120_000);
      const second = await inbox.claim(later, 120_000);
      const taken = await leases.acquire("upkeep", "second", later, 120_000);
      findings.must(second !== undefined && taken !== undefined, "nobody takes over");
      if (first === undefined || lease === undefined) return ["the first worker got nothing"];
      const mayEnd = guard === "on" ? await inbox.finish(first) : true;
      const mayWrite = guard === "on" ? await leases.holds(lease, later) : true;
      findings.must(!mayEnd, "the stalled worker ended the other's work");
      findings.must(!mayWrite, "the stalled worker may still write");
      findings.must(second === undefined || (await inbox.finish(second)), "the second worker cannot end its work");
      return findings.all;
    }),
};

const f05: Case = {
  id: "F05",
  title: "the database is down when a webhook comes",
  guard: "keeping a delivery before it is answered",
  run: (guard) => {
    let down = true;
    const kept: string[] = [];
    return withApp(
      async (rig) => {
        const findings = new Findings();
        const guid = randomUUID();
        const payload = commentPayload(rig, "/tuneup run");
        const status = await rig.deliver("issue_comment", payload, { guid });
        findings.must(status === 503, `the delivery was answered with ${status}`);
        findings.must((await fetch(`${rig.server.url}/healthz`)).ok, "the service is gone");
        down = false;
        // GitHub's list shows it as failed only when it was not answered with success.
        if (status >= 300) await rig.deliver("issue_comment", payload, { guid });
        findings.must(kept.length === 1, "the delivery is lost");
        return findings.all;
      },
      async (delivery) => {
        if (!down) kept.push(delivery.id);
        else if (guard === "on") throw new Error("the disk is full");
      },
    );
  },
};

const f06: Case = {
  id: "F06",
  title: "the service is down for two hours while thirty commands come",
  guard: "asking GitHub for what never arrived",
  run: (guard) =>
    withRecords((records) => {
      return withApp(
        async (rig) => {
          const findings = new Findings();
          const { privateKey, webhookSecret } = rig.world.app;
          const made = await makeProbot({ id: "7", privateKey, webhookSecret, apiUrl: rig.world.url }, () => undefined, []);
          rig.world.webhooks.reachable = false;
          for (let number = 0; number < 30; number += 1) rig.world.comment(rig.issue, "ada", "/tuneup run");
          rig.world.webhooks.reachable = true;
          const documents = new MemoryLedger();
          const sweep = async (): Promise<number> => {
            const asked = await redeliverFailed({
              app: await made.probot.auth(),
              inbox: records.inbox,
              documents,
              now: machineNow(),
              mayWrite: async () => true,
            });
            await rig.world.webhooks.idle();
            return asked;
          };
          if (guard === "on") for (let round = 0; round < 3; round += 1) await sweep();
          findings.must((await records.inbox.counts()).waiting === 30, `${(await records.inbox.counts()).waiting} of 30 arrived`);
          findings.must(guard === "off" || (await sweep()) === 0, "what has arrived is asked for again");
          return findings.all;
        },
        async (delivery) => void (await records.inbox.receive(delivery, start)),
      );
    }),
};

const f08: Case = {
  id: "F08",
  title: "a token ends in the middle of a run",
  guard: "a new token for every step",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      const made = await probotOf(world);
      const place = { installation: 99, repository: "support-agent" };
      const mint = async (): Promise<string> => mintToken(await made.probot.auth(), place, "write");
      const first = await mint();
      world.accounts.tokens.delete(first);
      const token = guard === "on" ? await mint() : first;
      const { githubForge } = await import("../../src/adapters/github-forge/github-forge.ts");
      const { quickRetry } = await import("../attacks/publishing-rig.ts");
      const done = await settled(githubForge({ token, baseUrl: world.url, retry: quickRetry }).publish(rawProposal(world, change)));
      findings.must("value" in done && world.pulls.length === 1, "the run ends with the token");
      findings.must(
        !JSON.stringify([done, "error" in done ? String(done.error) : ""]).includes(token.slice(0, 60)),
        "the token stands in an error",
      );
      return findings.all;
    }),
};

const f17: Case = {
  id: "F17",
  title: "a page that is too long, a label that is refused, a ruleset on our branches",
  guard: "the cap of the page",
  async run(guard) {
    const findings = new Findings();
    const { proposalOf } = await import("./long-page.ts");
    await withWorld(files, async (world) => {
      const proposal = await proposalOf(world, 200_000, guard);
      world.fail(/POST .*\/labels$/, { when: "before", status: 403, message: "Resource not accessible by integration" });
      const done = await settled(publishTo(world, proposal, "off"));
      findings.must("value" in done && world.pulls.length === 1, "no pull request is opened");
      const body = world.pulls[0]?.body ?? "";
      findings.must(body.length <= 65_536 && body.includes("a human merges"), "what controls the page was cut");
    });
    await withWorld(files, async (world) => {
      world.repository(world.owner, world.name)?.data.rules.push({ prefix: "tuneup/", refuses: "creation", except: [] });
      const done = await publishTo(world, rawProposal(world, change), "on");
      findings.must(
        "error" in done && /ruleset|protection|not allowed/i.test(JSON.stringify(done.error) + String(done.error)),
        "a ruleset is not named",
      );
      findings.must(world.pulls.length === 0, "something was made");
    });
    return findings.all;
  },
};

const f20: Case = {
  id: "F20",
  title: "the ledger is yesterday's: it knows nothing of a pull request that is there",
  guard: "looking at GitHub, which is the truth",
  run: (guard) =>
    withWorld(files, async (world) => {
      const findings = new Findings();
      const proposal = rawProposal(world, change);
      await publishTo(world, proposal, "on");
      // Each publication starts with an empty ledger.
      if (guard === "on") await publishTo(world, proposal, "on");
      else await hastyPublish(world, proposal);
      findings.must(world.pulls.length === 1, `there are ${world.pulls.length} pull requests`);
      findings.must(newBranches(world).length === 1, `there are ${newBranches(world).length} branches`);
      world.closePull(1);
      const again = guard === "on" ? await publishTo(world, proposal, "on") : undefined;
      findings.must(
        guard === "off" || (again !== undefined && "value" in again && again.value.result === "left-alone"),
        "what a person closed is opened again",
      );
      return findings.all;
    }),
};

const instance = (records: string): string => `
import { filesOf } from ${JSON.stringify(records)};
const [folder, name] = process.argv.slice(2);
const own = filesOf(folder).records();
const at = "2026-01-20T12:00:00.000Z";
const received = await own.inbox.receive({ id: "one", event: "issue_comment", body: "{}" }, at);
const lease = await own.leases.acquire("upkeep", name, at, 60000);
const claim = await own.inbox.claim(at, 60000);
process.stdout.write(JSON.stringify({ received, leads: lease !== undefined, works: claim !== undefined }));
await own.close();
`;

const f22: Case = {
  id: "F22",
  title: "three services start at once on an empty database",
  guard: "one database for all of them",
  async run(guard) {
    const folder = mkdtempSync(join(tmpdir(), "tuneup-fault-"));
    try {
      const findings = new Findings();
      const program = join(folder, "instance.mts");
      writeFileSync(program, instance(new URL("../../src/compose/state.ts", import.meta.url).href));
      const ends = await Promise.all(
        ["a", "b", "c"].map((name) => settled(run(process.execPath, [program, guard === "on" ? folder : join(folder, name), name]))),
      );
      const said = ends.flatMap((end) =>
        "value" in end ? [JSON.parse(end.value.stdout) as { received: string; leads: boolean; works: boolean }] : [],
      );
      findings.must(said.length === 3, "a service could not start");
      findings.must(said.filter((one) => one.received === "new").length === 1, "one delivery was new to several");
      findings.must(said.filter((one) => one.leads).length === 1, "there is not one leader");
      findings.must(said.filter((one) => one.works).length === 1, "one delivery was worked on by several");
      return findings.all;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

export const serviceFaults: readonly Case[] = [f04, f05, f06, f08, f17, f20, f22];
