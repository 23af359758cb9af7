import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { type House, openForgeReader } from "../../compose.ts";
import { handOver, readInOwnProcess } from "../../compose/reading.ts";
import { repositoryWishes } from "../../compose/repository-wishes.ts";
import { holdsForgeSecrets } from "../../config/environment.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { ProjectId } from "../../domain/ids.ts";
import { textMessage } from "../../domain/message.ts";
import type { ModelClient } from "../../ports/model-client.ts";
import { type Check, describeChecks } from "../checks.ts";
import { appDoctor, hasAppCredentials } from "../doctor/app-doctor.ts";
import type { CliContext } from "../context.ts";
import { exitCode } from "../exit-code.ts";
import { type CommonFlags, commonFlags, flag, placesOf, withHouse } from "../flags.ts";
import { program } from "../program.ts";
import { receiverChecks } from "../receiving/receiver-check.ts";
import { openCheckout, repositoryOf } from "../run-job.ts";
import { assembleProject } from "../read-sessions.ts";
import { databaseChecks } from "../service/database-check.ts";
import { plural } from "../table.ts";
import { traceChecks } from "../trace-checks.ts";

interface Flags extends CommonFlags {
  readonly repo?: string;
  readonly github?: string;
  readonly live?: boolean;
  readonly handOver?: string;
}

/** Turns what a check throws into its result: a doctor that falls ill helps nobody. */
async function looked(name: string, look: () => Promise<Omit<Check, "name">>): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    if (error instanceof TuneupError) return { name, state: "problem", text: error.message, remedy: error.remedy };
    return { name, state: "problem", text: error instanceof Error ? error.message : String(error) };
  }
}

/** Everything that can be looked at without a forge token; with `live`, one small call for each model role. */
async function readerChecks(context: CliContext, house: House, project: ProjectId, flags: Flags): Promise<readonly Check[]> {
  const repository = await looked("repository", async () => {
    await using checkout = await openCheckout(context, {
      repo: flags.repo ?? ".",
      revision: "HEAD",
      ...(flags.github === undefined ? {} : { github: flags.github }),
    });
    const { ignoredPaths, repository: wishes } = await repositoryWishes(checkout);
    const kept = ignoredPaths.length === 0 ? "" : `, ${ignoredPaths.length} kept from edits`;
    const asked = wishes.pullRequests === undefined ? "" : `, pull requests: ${wishes.pullRequests}`;
    return {
      state: "ok",
      text: `${resolve(context.cwd, flags.repo ?? ".")} at ${checkout.commit.slice(0, 12)}, ${plural((await checkout.entries()).length, "file")}${kept}${asked}`,
    };
  });
  const { drafter, judge, missing } = house.models;
  const models: Check[] = [
    drafter === undefined
      ? { name: "drafter", state: "problem", text: "no model", remedy: missing ?? "Name one in tuneup.operator.yml." }
      : { name: "drafter", state: "ok", text: drafter.model },
    judge === undefined
      ? {
          name: "judge",
          state: "note",
          text: judgeText(house),
          ...(canJudge(house) ? {} : { remedy: "Write `rules` or an `evaluator` into tuneup.operator.yml, or name a judge model." }),
        }
      : { name: "judge", state: "ok", text: judge.model },
  ];
  const live = flags.live === true ? await liveModels(context, house) : [];
  const receiving = await receiverChecks(context, { state: house.state, operator: house.operator, project, live: flags.live === true });
  return [repository, ...(await sessionChecks(house, project, flags)), ...receiving, ...models, ...live];
}

/** What the traces hold and lack. A store elsewhere is asked only with `live`. */
async function sessionChecks(house: House, project: ProjectId, flags: Flags): Promise<readonly Check[]> {
  const remote = await lookedUp(() => house.traces.remote(project));
  if ("problem" in remote) return [remote.problem];
  const { found } = remote;
  if (found === undefined) {
    const read = await lookedUp(async () => traceChecks(await assembleProject(house, project), project));
    return [...ownStoreChecks(house), ...("problem" in read ? [read.problem] : read.found)];
  }
  const place = `read in place from ${found.name}, ${plural(found.days, "day")} back`;
  const limits = found.limits.map((text): Check => ({ name: "trace store", state: "note", text }));
  if (flags.live !== true)
    return [
      { name: "trace store", state: "note", text: place, remedy: "tuneup doctor --live asks it and says what its sessions lack." },
      ...limits,
    ];
  const reached = await looked("trace store", async () => {
    await found.check();
    return { state: "ok", text: place };
  });
  if (reached.state === "problem") return [reached, ...limits];
  const read = await lookedUp(async () => traceChecks(await assembleProject(house, project), project));
  return [reached, ...limits, ...("problem" in read ? [read.problem] : read.found)];
}

/** Where sessions are kept, where that is not the data folder. */
function ownStoreChecks({ operator: { store } }: House): readonly Check[] {
  if (store === undefined) return [];
  return [
    {
      name: "trace store",
      state: "note",
      text: `the database "${store.database ?? "default"}" of ClickHouse at ${new URL(store.url).origin}`,
    },
  ];
}

async function lookedUp<T>(look: () => T | Promise<T>): Promise<{ readonly found: T } | { readonly problem: Check }> {
  try {
    return { found: await look() };
  } catch (error) {
    return {
      problem: await looked("trace store", () => {
        throw error;
      }),
    };
  }
}

const canJudge = (house: House): boolean => (house.operator.rules?.length ?? 0) > 0 || house.evaluator !== undefined;
const judgeText = (house: House): string =>
  canJudge(house)
    ? `${plural(house.operator.rules?.length ?? 0, "rule")}${house.evaluator === undefined ? "" : " and your evaluator"} judge, no model`
    : "nothing judges a replay but the failure's own mark (errors, loops)";

async function liveModels(context: CliContext, house: House): Promise<readonly Check[]> {
  const { drafter, judge, user } = house.models;
  const agent = house.operator.models?.agent;
  const roles: [string, () => ModelClient | undefined][] = [
    ["drafter (live)", () => drafter],
    ["judge (live)", () => judge],
    ["user (live)", () => user],
    ["agent (live)", () => (agent === undefined ? undefined : house.models.agent(agent.provider, agent.model))],
  ];
  const checks: Check[] = [];
  for (const [name, open] of roles) {
    const client = open();
    if (client === undefined) continue;
    checks.push(
      await looked(name, async () => {
        const { usage } = await client.complete(
          { purpose: "doctor", system: "Answer with the word ok.", messages: [textMessage("user", "Are you there?")], maxTokens: 16 },
          context.signal,
        );
        const cost = client.simulated
          ? ", simulated"
          : usage.dollars === undefined
            ? ", of unknown price"
            : `, $${usage.dollars.toFixed(4)}`;
        return { state: "ok", text: `${client.model} answered: ${usage.inputTokens} tokens in, ${usage.outputTokens} out${cost}` };
      }),
    );
  }
  return checks;
}

function machineChecks(context: CliContext): readonly Check[] {
  const git = ((): Check => {
    try {
      return {
        name: "git",
        state: "ok",
        text: execFileSync("git", ["--version"], { encoding: "utf8", env: { PATH: context.environment.path } }).trim(),
      };
    } catch {
      return { name: "git", state: "problem", text: "git was not found", remedy: "Install git and make sure that it is on the PATH." };
    }
  })();
  return [{ name: "node", state: "ok", text: process.version }, git];
}

/** Asks GitHub what the token may do. Reads no session. */
async function forgeChecks(context: CliContext, flags: Flags): Promise<readonly Check[]> {
  const { githubToken } = context.environment;
  if (githubToken === undefined) {
    return [
      {
        name: "forge",
        state: flags.github === undefined ? "note" : "problem",
        text: hasAppCredentials(context, placesOf(context, flags).data)
          ? "no GITHUB_TOKEN: `tuneup run` makes branches in the local repository; the App has tokens of its own"
          : "no GITHUB_TOKEN: pull requests become branches in the local repository",
        ...(flags.github === undefined ? {} : { remedy: "Set GITHUB_TOKEN; docs/github-token.md says which permissions it needs." }),
      },
    ];
  }
  if (flags.live !== true || flags.github === undefined)
    return [{ name: "forge", state: "note", text: "GITHUB_TOKEN is set; --live --github owner/name asks GitHub what it may do" }];
  const repository = repositoryOf({ repo: ".", github: flags.github });
  return [
    await looked("forge (live)", async () => {
      const reader = openForgeReader(context.environment);
      const described = await reader.describe(repository);
      return {
        state: "ok",
        text: `${flags.github} is ${described.visibility}, default branch ${described.defaultBranch} at ${described.head.slice(0, 12)}`,
      };
    }),
  ];
}

async function readSomewhere(context: CliContext, flags: Flags): Promise<readonly Check[]> {
  const { data } = placesOf(context, flags);
  if (!holdsForgeSecrets(context.variables) && !hasAppCredentials(context, data))
    return withHouse(context, flags, (house, project) => readerChecks(context, house, project, flags));
  const named = { data: flags.data, operator: flags.operator, project: flags.project, repo: flags.repo, github: flags.github };
  const command = [
    ...program,
    "doctor",
    ...(flags.live === true ? ["--live"] : []),
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
  ];
  return readInOwnProcess<readonly Check[]>({ data, cwd: context.cwd, command, signal: context.signal });
}

export const doctorCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Check everything that a run needs, and say what is missing",
    fullDescription: [
      "Looks at the machine, the database where there is one, the operator file, the repository, the traces (what they lack for which stage), the models, the forge and the GitHub App:",
      "what it may and hears, its webhook and how deliveries fared, this machine's clock, where it is installed.",
      "Only GitHub is asked, about the App where there is one; with --live also each model role, with one small call and its cost, and GitHub with one",
      "read for each permission. Nothing is written to any repository.",
      "",
      "  tuneup doctor --repo .",
      "  tuneup doctor --live --github acme/support-agent",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      repo: flag.text("The agent's git repository (default: the current folder)", "folder"),
      github: flag.text("Also check this repository on GitHub", "owner/name"),
      live: flag.toggle("Make one small call for each model role and ask GitHub (costs a few tokens)"),
      handOver: { ...flag.text("Write the checks to this file", "file"), hidden: true },
    },
  },
  async func(flags) {
    if (flags.handOver !== undefined) {
      await handOver(flags.handOver, () => withHouse(this, flags, (house, project) => readerChecks(this, house, project, flags)));
      return;
    }
    const { data, operatorFile } = placesOf(this, flags);
    const database = await databaseChecks(placesOf(this, flags));
    // Nothing of what was read can be found without it.
    const reading = database.some(({ state }) => state === "problem") ? [] : await readSomewhere(this, flags);
    const place = { data, cwd: this.cwd, live: flags.live === true };
    const named = {
      ...(operatorFile === undefined ? {} : { operatorFile }),
      ...(flags.github === undefined ? {} : { github: flags.github }),
    };
    const checks = [
      ...machineChecks(this),
      ...database,
      ...reading,
      ...(await forgeChecks(this, flags)),
      ...(await appDoctor(this, { ...place, ...named })),
    ];
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(checks)}\n` : describeChecks(checks));
    if (checks.some((check) => check.state === "problem")) this.process.exitCode = exitCode.configuration;
  },
});
