import { relative, resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { openHouse, projectOf, shippedFile } from "../../compose.ts";
import { type Demo, openDemo } from "../../compose/demo.ts";
import type { CliContext } from "../context.ts";
import { flag, parseWhole } from "../flags.ts";
import { describeResult, type Look } from "../report.ts";
import { printable } from "../table.ts";
import { publishReport, readAndProve, type RunFlags, type RunReport } from "./run.ts";

interface Flags {
  readonly scenario?: string;
  readonly seed?: number;
  readonly folder?: string;
  readonly json?: boolean;
}

const shippedScenario = (name: string): string => shippedFile("examples", "scenarios", `${name}.yaml`);

/** A scenario by path, or by the name of one that ships with Tuneup. */
function scenarioFile(context: CliContext, name: string | undefined): string {
  if (name === undefined) return shippedScenario("missing-step");
  return /^[a-z0-9-]+$/.test(name) ? shippedScenario(name) : resolve(context.cwd, name);
}

/** The whole job on the sample agent, through the same code as `run`: only the model is simulated. */
async function play(context: CliContext, demo: Demo, seed: number): Promise<RunReport> {
  const { data, operatorFile, repository, traces } = demo.places;
  const inside: CliContext = { ...context, cwd: demo.places.folder, environment: demo.environment, variables: {} };
  const flags: RunFlags = { traces: [traces], repo: repository, data, operator: operatorFile, seed };
  const house = await openHouse({ environment: demo.environment, variables: {}, places: { cwd: demo.places.folder, data, operatorFile } });
  try {
    const project = projectOf(undefined, house.operator);
    return await publishReport(inside, await readAndProve(inside, house, project, flags), flags);
  } finally {
    await house.close();
  }
}

/** The flags that lead another command to what the demo left: its data, and the trace project that its operator file names. */
const flagsOf = (context: CliContext, demo: Demo): string => ` --data ${relative(context.cwd, demo.places.data)} --project ${demo.project}`;

const lookOf = (context: CliContext, demo: Demo): Look => ({
  command: "npm run tuneup --",
  flags: flagsOf(context, demo),
  data: ` --data ${relative(context.cwd, demo.places.data)}`,
  from: (path) => relative(context.cwd, path),
});

const others: readonly (readonly [name: string, what: string])[] = [
  ["not-in-the-prompt", "where no edit helps: Tuneup says so"],
  ["harmful-edits", "where every edit breaks something"],
];

/** What a newcomer does next, with paths as they can be typed from where they are. */
function afterwards(context: CliContext, demo: Demo, report: RunReport, scenario: string | undefined): string {
  const from = (path: string): string => relative(context.cwd, path) || ".";
  const { repository } = demo.places;
  const rows = ["Everything lies in " + from(demo.places.folder) + ". Next:"];
  if (report.finding.end === "published") {
    rows.push(
      `  git -C ${from(repository)} show ${report.finding.pull.branch}      the commit`,
      `  less ${from(report.finding.pull.url)}      the pull request's page`,
    );
  }
  rows.push(
    `  npm run tuneup -- clusters${flagsOf(context, demo)}      what failed, and how often`,
    ...others.filter(([name]) => name !== scenario).map(([name, what]) => `  npm run demo -- --scenario ${name}      ${what}`),
    `  npm run tuneup -- run --traces sessions.jsonl --repo .      the same on your own agent`,
  );
  return `${rows.join("\n")}\n`;
}

export const demoCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "The whole job on a sample agent: no key, no network",
    fullDescription: [
      "Records sessions of a sample support agent on a simulated model, then runs the main job on them: failures, clusters, the prompt's place,",
      "drafted edits, replays before and after, verdict, pull request. The code is that of `tuneup run`; only the model is simulated, so the figures",
      "show how Tuneup works and say nothing about real models. docs/simulator.md describes scenario files.",
      "",
      "  tuneup demo",
      "  tuneup demo --scenario not-in-the-prompt",
      "  tuneup demo --scenario my-scenario.yaml --seed 7",
    ].join("\n"),
  },
  parameters: {
    flags: {
      scenario: flag.text("A shipped scenario (missing-step, not-in-the-prompt, harmful-edits) or a scenario file", "name-or-file"),
      seed: {
        kind: "parsed",
        parse: parseWhole,
        optional: true,
        brief: "Seed of the simulation and of the test (default: 1)",
        placeholder: "n",
      },
      folder: flag.text("Where everything is written, made afresh (default: .tuneup/demo)", "folder"),
      json: flag.toggle("Print the result as one JSON document on stdout"),
    },
  },
  async func(flags) {
    const seed = flags.seed ?? 1;
    const folder = resolve(this.cwd, flags.folder ?? ".tuneup/demo");
    const demo = await openDemo({ scenarioFile: scenarioFile(this, flags.scenario), folder, seed, environment: this.environment });
    try {
      this.process.stderr.write(
        printable(
          `${demo.scenario.title}\nThe model is simulated: a local server that plays agent, drafter and judge. No key, no network.\n\n`,
        ),
      );
      const report = await play(this, demo, seed);
      if (flags.json === true) this.process.stdout.write(`${JSON.stringify(report)}\n`);
      else this.process.stdout.write(`\n${describeResult(report, lookOf(this, demo))}\n${afterwards(this, demo, report, flags.scenario)}`);
    } finally {
      await demo.server.close();
    }
  },
});
