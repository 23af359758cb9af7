import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readClusterFile } from "./adapters/cluster-file/cluster-file.ts";
import { commandEvaluator } from "./adapters/command-evaluator/command-evaluator.ts";
import { gitWorkspace } from "./adapters/git-workspace/git-workspace.ts";
import type { GithubOptions } from "./adapters/github-forge/github-client.ts";
import { githubForge } from "./adapters/github-forge/github-forge.ts";
import { githubSetup } from "./adapters/github-forge/github-setup.ts";
import { githubReader } from "./adapters/github-forge/github-reader.ts";
import { localForge } from "./adapters/local-forge/local-forge.ts";
import { openaiAgentsFileFormat } from "./adapters/openai-agents-traces/openai-agents-file-format.ts";
import { otlpFileFormat } from "./adapters/otlp/otlp-file-format.ts";
import { parsePriceFile } from "./adapters/price-file/price-file.ts";
import { readPromptFile } from "./adapters/prompt-files/prompt-files.ts";
import { makeRedactor } from "./adapters/redaction/batch-redactor.ts";
import { redactionKeys } from "./adapters/redaction/redaction-key.ts";
import { secretScanner } from "./adapters/secretlint-scanner/secret-ranges.ts";
import { findSecrets } from "./adapters/secretlint-scanner/secretlint-scanner.ts";
import { transcriptFileFormat } from "./adapters/transcript/transcript-file-format.ts";
import { configureModels, type ConfiguredModels } from "./compose/models.ts";
import { redactingStore, redactorByProject } from "./compose/redacting-store.ts";
import { realRetryTools, systemNow } from "./compose/runtime.ts";
import { openState, type State, type StatePlace } from "./compose/state.ts";
import { type OwnStore, openOwnStore } from "./compose/stores/own-store.ts";
import { type ReadingFrom, readTracesFrom } from "./compose/stores/trace-readers.ts";
import type { Environment } from "./config/environment.ts";
import { type OperatorSettings, parseOperatorFile } from "./config/operator-file.ts";
import type { FailureCluster } from "./domain/cluster.ts";
import { TuneupError } from "./domain/errors.ts";
import { type ProjectId, projectId, type RepositoryId } from "./domain/ids.ts";
import { githubPages } from "./domain/github-address.ts";
import type { ModelPrice } from "./domain/replaying/price.ts";
import type { PromptTemplate } from "./domain/text/prompt-template.ts";
import type { ForgeReader, ForgeWriter, SetupWriter } from "./ports/forge.ts";
import type { Evaluator } from "./ports/evaluator.ts";
import type { Ledger } from "./ports/ledger.ts";
import type { TraceFileFormat } from "./ports/trace-file.ts";
import type { Erased, RetentionLimits, TraceStore } from "./ports/trace-store.ts";
import type { Telemetry } from "./ports/runtime.ts";
import type { Workspace } from "./ports/workspace.ts";
import type { RateWindow, WriteGuard, WritePace } from "./ports/outgoing.ts";
import { outgoingGuard } from "./stages/publish.ts";
import type { LookRules } from "./stages/publish/last-look.ts";

/** Where everything of one installation lives. */
export interface Places extends StatePlace {
  readonly cwd: string;
  readonly operatorFile?: string;
}

export interface HouseSettings {
  readonly environment: Environment;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly places: Places;
  /** Sees every call of a model. */
  readonly telemetry?: Telemetry;
}

/** The opened parts of one installation. */
export interface House {
  readonly data: string;
  /** What is remembered besides traces; the ledger is open already. */
  readonly state: State;
  /** Tuneup's own store: what is received and ingested. */
  readonly store: TraceStore;
  /** Where sessions are read from: the own store, or the one that the operator file names for the project. */
  readonly traces: ReadingFrom;
  readonly ledger: Ledger;
  readonly operator: OperatorSettings;
  readonly models: ConfiguredModels;
  readonly evaluator?: Evaluator;
  readonly prompts: Prompts;
  close(): Promise<void>;
}

export interface Prompts {
  readonly label: PromptTemplate;
  readonly draft: PromptTemplate;
  readonly judge: PromptTemplate;
  readonly safeguards: PromptTemplate;
  readonly pairwise: PromptTemplate;
  readonly tool: PromptTemplate;
  readonly user: PromptTemplate;
}

export const traceFileFormats: readonly TraceFileFormat[] = [otlpFileFormat, transcriptFileFormat, openaiAgentsFileFormat];
export const scanSecrets = findSecrets;

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** Tuneup's own version, as its package says it. */
export const version = (JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string }).version;

/** A file that ships with Tuneup: a prompt, an example, the manifest. */
export const shippedFile = (...parts: readonly string[]): string => join(packageFolder, ...parts);

export function readPrompts(): Prompts {
  const read = (name: string): PromptTemplate => readPromptFile(shippedFile("prompts", `${name}.md`));
  return {
    label: read("label"),
    draft: read("draft"),
    judge: read("judge"),
    safeguards: read("safeguards"),
    pairwise: read("pairwise"),
    tool: read("tool"),
    user: read("user"),
  };
}

/** The dated prices that ship with Tuneup. */
export function readPrices(): ReadonlyMap<string, ModelPrice> {
  const path = shippedFile("prices", "models.yaml");
  return parsePriceFile(path, readFileSync(path, "utf8")).models;
}

const defaultOperatorFile = "tuneup.operator.yml";

/** The operator's settings: the named file, else `tuneup.operator.yml` in the current folder, else defaults. */
export function readOperator(places: Places, environment: Environment): OperatorSettings {
  const named = places.operatorFile ?? environment.operatorFile;
  const path = resolve(places.cwd, named ?? defaultOperatorFile);
  if (!existsSync(path)) {
    if (named === undefined) return {};
    throw new TuneupError("config-invalid", `There is no operator file at ${path}.`, {
      remedy: "Check --operator or TUNEUP_OPERATOR_FILE; docs/operator-file.md shows one.",
      fields: { path },
    });
  }
  return parseOperatorFile(path, readFileSync(path, "utf8"));
}

/** Tuneup's own store as everything writes to it: what comes in is redacted first, unless the operator said otherwise. Nothing is asked yet. */
export function openTraceStore(
  data: string,
  operator: Pick<OperatorSettings, "redaction" | "store"> = {},
  variables: Readonly<Record<string, string | undefined>> = {},
): TraceStore {
  return redactedAs(data, operator.redaction)(openOwnStore({ data, operator, variables }));
}

/** The same store for a process that receives: the embedded one is written in a thread of its own. */
export function openReceivingStore(
  data: string,
  operator: Pick<OperatorSettings, "redaction" | "store">,
  variables: Readonly<Record<string, string | undefined>>,
): TraceStore {
  return redactedAs(data, operator.redaction)(openOwnStore({ data, operator, variables, isThreaded: true }));
}

/** Wraps stores as the operator wants sessions redacted: with the installation's own key, so that equal values stay equal. */
function redactedAs(data: string, redaction: OperatorSettings["redaction"]): (store: TraceStore) => TraceStore {
  if (redaction === "off") return (store) => store;
  const keyOf = redactionKeys(join(data, "redaction.key"));
  const { projects = {}, ...general } = redaction ?? {};
  const redactor = redactorByProject(
    makeRedactor({ scanner: secretScanner, keyOf, settings: general }),
    new Map(
      Object.entries(projects).map(([name, settings]) => [
        projectId(name),
        settings === "off" ? "off" : makeRedactor({ scanner: secretScanner, keyOf, settings }),
      ]),
    ),
  );
  return (store) => redactingStore(store, redactor);
}

/** Removes the sessions of all projects that are older than these limits; `dryRun` only counts them, and the signal ends it early. */
export async function expireTraces(
  settings: Parameters<typeof openOwnStore>[0],
  limits: RetentionLimits,
  options: Parameters<OwnStore["expire"]>[1],
): Promise<Erased> {
  const store = openOwnStore(settings);
  try {
    return await store.expire(limits, options);
  } finally {
    await store.close();
  }
}

/** Opens store, ledger and models. Nothing is asked of any network but of the ledger's database, where there is one. */
export async function openHouse(settings: HouseSettings): Promise<House> {
  const operator = readOperator(settings.places, settings.environment);
  const { data } = settings.places;
  // What fails on the way leaves nothing open.
  await using opened = new AsyncDisposableStack();
  const close = <T extends { close(): Promise<void> }>(part: T): Promise<void> => part.close();
  const state = opened.adopt(await openState(settings.places), close);
  const ledger = opened.adopt(state.ledger(), close);
  const store = opened.adopt(openTraceStore(data, operator, settings.variables), close);
  const traces = readTracesFrom({
    operator,
    own: store,
    redacted: redactedAs(data, operator.redaction),
    variables: settings.variables,
  });
  opened.adopt(traces.reader, close);
  const house = {
    data,
    state,
    store,
    traces,
    ledger,
    operator,
    models: configureModels(settings.environment, operator, settings.variables, {
      retry: realRetryTools,
      prices: readPrices(),
      ...(settings.telemetry === undefined ? {} : { telemetry: settings.telemetry }),
    }),
    prompts: readPrompts(),
    ...(operator.evaluator === undefined
      ? {}
      : {
          evaluator: commandEvaluator({
            command: operator.evaluator.command,
            cwd: settings.places.cwd,
            path: settings.environment.path,
            timeoutSeconds: operator.evaluator.timeoutSeconds ?? 60,
          }),
        }),
  };
  const parts = opened.move();
  return { ...house, close: () => parts.disposeAsync() };
}

export function openWorkspace(path: string, repository: RepositoryId): Workspace {
  return gitWorkspace({ path, repository });
}

/** The name a local repository goes by where no forge has given it one. */
export const localRepository = (path: string): RepositoryId => ({
  owner: "local",
  name: basename(resolve(path)).replace(/[^A-Za-z0-9._-]/g, "-") || "repository",
});

/** Labelled clusters from a JSON file. */
export function readClusters(path: string, project: ProjectId): readonly FailureCluster[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new TuneupError("file-unreadable", `The cluster file ${path} cannot be read.`, {
      remedy: "Check the path.",
      fields: { path },
      cause,
    });
  }
  return readClusterFile(path, text, project);
}

export const projectOf = (flag: string | undefined, operator: OperatorSettings): ProjectId =>
  projectId(flag ?? operator.project ?? "default");

/** What stands before every request to GitHub in the publishing process. */
export interface PublishingKeepers {
  /** Stand before every request that writes to GitHub, after the last look. */
  readonly guards: readonly WriteGuard[];
  readonly window: RateWindow;
  readonly pace?: WritePace;
  readonly telemetry?: Telemetry;
}

/** The one place where something that can write to a repository is made; only the publishing process calls it. */
export function openForgeWriter(
  target: {
    readonly forge: "local" | "github";
    readonly repo: string;
    readonly data: string;
    readonly environment: Environment;
    readonly operator: OperatorSettings;
  },
  keepers: PublishingKeepers,
): ForgeWriter {
  if (target.forge === "local")
    return localForge({ path: target.repo, data: target.data, programs: target.environment.path, now: systemNow });
  return githubForge(githubOptions(target.environment, target.operator, keepers));
}

/** Likewise for the pull request that sets Tuneup up, which there is on GitHub only. */
export const openSetupWriter = (environment: Environment, operator: OperatorSettings, keepers: PublishingKeepers): SetupWriter =>
  githubSetup(githubOptions(environment, operator, keepers));

function githubOptions(environment: Environment, operator: OperatorSettings, keepers: PublishingKeepers): GithubOptions {
  const { githubToken, githubApiUrl } = environment;
  if (githubToken === undefined) {
    throw new TuneupError("forge-refused", "There is no GitHub token.", {
      remedy:
        "Set GITHUB_TOKEN to a token that may write contents and pull requests of the repository, or leave out --github for a local branch.",
    });
  }
  return {
    token: githubToken,
    retry: realRetryTools,
    ...keepers,
    guards: [outgoingGuard({ scanSecrets, rules: lookRules(environment, operator) }), ...keepers.guards],
    ...(githubApiUrl === undefined ? {} : { baseUrl: githubApiUrl }),
  };
}

/** Where links on our pages may lead: to the forge itself, and to the hosts that the operator names. */
export const lookRules = ({ githubApiUrl }: Environment, { linkHosts = [] }: Pick<OperatorSettings, "linkHosts">): LookRules => ({
  allowedHosts: linkHosts,
  forgeHost: new URL(githubPages(githubApiUrl)).hostname,
});

/** Asks GitHub with the environment's token; reads no session and writes nothing. */
export function openForgeReader(environment: Environment): ForgeReader {
  const { githubToken, githubApiUrl } = environment;
  if (githubToken === undefined) throw new TuneupError("forge-refused", "There is no GitHub token.", { remedy: "Set GITHUB_TOKEN." });
  return githubReader({ token: githubToken, retry: realRetryTools, ...(githubApiUrl === undefined ? {} : { baseUrl: githubApiUrl }) });
}
