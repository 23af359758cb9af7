import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { Environment } from "../config/environment.ts";
import { parseOperatorFile } from "../config/operator-file.ts";
import { TuneupError } from "../domain/errors.ts";
import type { Scenario } from "../simulator/scenario.ts";
import { readScenario } from "../simulator/scenario-file.ts";
import { recordSessions } from "../simulator/record-sessions.ts";
import { type SimulatedModelServer, startSimulatedModelServer } from "../simulator/model-server.ts";

/** Where the parts of one demo lie; everything below one folder, made afresh each time. */
export interface DemoPlaces {
  readonly folder: string;
  /** The sample agent's git repository, with one commit. */
  readonly repository: string;
  /** The recorded sessions, OTLP JSON lines. */
  readonly traces: string;
  readonly data: string;
  readonly operatorFile: string;
}

/** A demo that is set up: the sample agent's repository, its recorded sessions, and a running simulated model. */
export interface Demo {
  readonly scenario: Scenario;
  readonly places: DemoPlaces;
  /** The trace project that the scenario's operator file names. */
  readonly project: string;
  readonly server: SimulatedModelServer;
  readonly sessions: number;
  /** The environment of a job that talks to the simulated model and to nothing else. */
  readonly environment: Environment;
}

export interface DemoOptions {
  readonly scenarioFile: string;
  readonly folder: string;
  readonly seed: number;
  readonly environment: Environment;
}

/** Sets a scenario up as a real job's surroundings: files on disk, a git repository, traces, a model behind HTTP. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const scenario = readScenario(options.scenarioFile);
  const places = placesBelow(options.folder);
  clear(options.folder);
  writeRepository(scenario, places.repository, options.environment.path);
  const lines = [...recordSessions(scenario, { seed: options.seed })];
  writeFileSync(places.traces, `${lines.join("\n")}\n`);
  writeFileSync(places.operatorFile, scenario.operatorFile);
  const server = await startSimulatedModelServer({ scenario, seed: options.seed });
  const { path, home, noColor } = options.environment;
  const environment: Environment = {
    anthropicApiKey: "simulated",
    anthropicBaseUrl: server.url,
    openaiApiKey: "simulated",
    openaiBaseUrl: `${server.url}/v1`,
    app: {},
    path,
    noColor,
    ...(home === undefined ? {} : { home }),
  };
  const project = parseOperatorFile(places.operatorFile, scenario.operatorFile).project ?? "default";
  return { scenario, places, project, server, sessions: lines.length, environment };
}

const placesBelow = (folder: string): DemoPlaces => ({
  folder,
  repository: join(folder, "support-agent"),
  traces: join(folder, "sessions.jsonl"),
  data: join(folder, "data"),
  operatorFile: join(folder, "tuneup.operator.yml"),
});

const mark = ".tuneup-demo";

/** Empties a folder that an earlier demo made; refuses any other that holds something. */
function clear(folder: string): void {
  if (existsSync(folder) && !existsSync(join(folder, mark))) {
    throw new TuneupError("usage", `${folder} is there already and no demo made it.`, {
      remedy: "Choose another folder with --folder.",
      fields: { folder },
    });
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, mark), "");
}

/** Commits the sample agent's files under a fixed identity and date: the same scenario has the same commit everywhere. */
function writeRepository(scenario: Scenario, folder: string, path: string): void {
  for (const [name, text] of Object.entries(scenario.files)) {
    const file = resolve(folder, name);
    if (!file.startsWith(resolve(folder) + sep))
      throw new TuneupError("config-invalid", `The scenario names a file outside its repository: ${name}.`, {
        remedy: "Use relative paths.",
      });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const identity = { NAME: "Sample Team", EMAIL: "team@example.com", DATE: "2026-01-05T09:00:00Z" };
  const environment = {
    PATH: path,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    ...Object.fromEntries(
      ["AUTHOR", "COMMITTER"].flatMap((who) => Object.entries(identity).map(([what, value]) => [`GIT_${who}_${what}`, value])),
    ),
  };
  const git = (...args: string[]): void =>
    void execFileSync("git", ["-C", folder, ...args], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--no-verify", "--message", "Add the support agent");
}
