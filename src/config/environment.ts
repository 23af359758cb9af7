import { telemetryVariables } from "./telemetry-settings.ts";

/** What the environment says, read once at the start. Every name here is documented in docs/operations.md. */
export interface Environment {
  readonly anthropicApiKey?: string;
  readonly anthropicBaseUrl?: string;
  readonly openaiApiKey?: string;
  readonly openaiBaseUrl?: string;
  /** Folder for the trace store, the ledger and evidence. */
  readonly dataFolder?: string;
  /** Address of the PostgreSQL database for ledger and jobs, with its credentials; SQLite files where absent. */
  readonly databaseUrl?: string;
  readonly operatorFile?: string;
  readonly githubToken?: string;
  readonly githubApiUrl?: string;
  readonly app: {
    readonly id?: string;
    readonly privateKey?: string;
    readonly webhookSecret?: string;
    /** The secret before the last rotation, still accepted. */
    readonly previousWebhookSecret?: string;
  };
  readonly port?: string;
  /** Where `tuneup serve` answers `GET /metrics`; nowhere when absent. */
  readonly metricsPort?: string;
  /** Where traces are received. */
  readonly otlpPort?: string;
  readonly otlpHost?: string;
  readonly host?: string;
  /** The plain environment of child processes that run tools: where programs are found, and nothing else. */
  readonly path: string;
  readonly home?: string;
  readonly noColor: boolean;
}

const names = {
  anthropicApiKey: "ANTHROPIC_API_KEY",
  anthropicBaseUrl: "ANTHROPIC_BASE_URL",
  openaiApiKey: "OPENAI_API_KEY",
  openaiBaseUrl: "OPENAI_BASE_URL",
  dataFolder: "TUNEUP_DATA",
  databaseUrl: "TUNEUP_DATABASE_URL",
  operatorFile: "TUNEUP_OPERATOR_FILE",
  githubToken: "GITHUB_TOKEN",
  githubApiUrl: "GITHUB_API_URL",
  port: "PORT",
  metricsPort: "METRICS_PORT",
  otlpPort: "OTLP_PORT",
  otlpHost: "OTLP_HOST",
  host: "HOST",
  home: "HOME",
} as const;

const appNames = {
  id: "APP_ID",
  privateKey: "PRIVATE_KEY",
  webhookSecret: "WEBHOOK_SECRET",
  previousWebhookSecret: "WEBHOOK_SECRET_PREVIOUS",
} as const;

/** The variables that let their holder write to a repository or act as the App. A process that reads transcripts is started without them. */
export const forgeSecrets: readonly string[] = [names.githubToken, "GH_TOKEN", ...Object.values(appNames)];

export type Variables = Readonly<Record<string, string | undefined>>;

function pick<T extends Readonly<Record<string, string>>>(variables: Variables, table: T): { readonly [K in keyof T]?: string } {
  const found = Object.entries(table).flatMap(([key, name]) => {
    const value = variables[name]?.trim();
    return value === undefined || value === "" ? [] : [[key, value] as const];
  });
  return Object.fromEntries(found) as { readonly [K in keyof T]?: string };
}

/** Reads what Tuneup knows of the given variables; empty ones count as absent. */
export function readEnvironment(variables: Variables): Environment {
  const token = variables["GITHUB_TOKEN"] ?? variables["GH_TOKEN"];
  return {
    ...pick(variables, names),
    ...(token === undefined || token.trim() === "" ? {} : { githubToken: token.trim() }),
    app: pick(variables, appNames),
    path: variables["PATH"] ?? "",
    noColor: variables["NO_COLOR"] !== undefined && variables["NO_COLOR"] !== "",
  };
}

/** The variables of this process as they are now, for keys that the operator file names. */
export const processVariables = (): Variables => ({ ...process.env });

/** Whether these variables let their holder write to a forge. */
export const holdsForgeSecrets = (variables: Variables): boolean => forgeSecrets.some((name) => (variables[name] ?? "") !== "");

/** The variables of this process without anything that could write to a forge. */
export function withoutForgeSecrets(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined || forgeSecrets.includes(name) ? [] : [[name, value]])),
  );
}

/** The variables of the publishing process: the forge's secrets, the ledger's database and where programs are, nothing of the models or the traces. */
export function onlyForgeSecrets(): Record<string, string> {
  const kept = new Set([
    names.databaseUrl,
    // What PostgreSQL's own programs and drivers read for what the address leaves out.
    "PGUSER",
    "PGPASSWORD",
    "PGHOST",
    "PGPORT",
    names.githubToken,
    "GH_TOKEN",
    "GITHUB_API_URL",
    "PATH",
    "HOME",
    "NO_COLOR",
    "SYSTEMROOT",
    "TMPDIR",
    "TEMP",
    "NODE_EXTRA_CA_CERTS",
    "NODE_COMPILE_CACHE",
    "HTTPS_PROXY",
    ...telemetryVariables,
  ]);
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && kept.has(name) ? [[name, value]] : [])),
  );
}
