import { existsSync } from "node:fs";
import { join } from "node:path";
import { OpenworkflowJobQueue } from "../adapters/openworkflow-job-queue/openworkflow-job-queue.ts";
import { openDatabase } from "../adapters/sqlite/open-database.ts";
import { type DatabaseFacts, PostgresDatabase } from "../adapters/sql-ledger/postgres-database.ts";
import { postgresSchema } from "../adapters/sql-ledger/postgres-schema.ts";
import { type ServiceRecords, serviceRecords } from "../adapters/sql-ledger/service-records.ts";
import { SqlLedger } from "../adapters/sql-ledger/sql-ledger.ts";
import { SqlProjectDirectory } from "../adapters/sql-ledger/sql-project-directory.ts";
import { sqliteLedger, sqliteProjects, sqliteRecords, type SqliteSchema } from "../adapters/sql-ledger/sqlite-schema.ts";
import { SqliteTables } from "../adapters/sql-ledger/sqlite-tables.ts";
import type { Tables } from "../adapters/sql-ledger/tables.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { JobRecords } from "../ports/job-records.ts";
import type { Ledger } from "../ports/ledger.ts";
import type { ProjectDirectory } from "../ports/project-directory.ts";
import { LanedJobQueue } from "./state/laned-job-queue.ts";
import { systemNow } from "./runtime.ts";

export type { ServiceRecords } from "../adapters/sql-ledger/service-records.ts";
export type { DatabaseFacts } from "../adapters/sql-ledger/postgres-database.ts";

/** Where the state of an installation is kept: the files of a data folder, or a database that several machines share. */
export interface StatePlace {
  /** Data folder. */
  readonly data: string;
  /** Address of a PostgreSQL database, with its credentials. */
  readonly database?: string;
}

/** What an installation remembers. Each part is opened when it is asked for; whoever asked closes it, and `close` ends what they share. */
export interface State {
  ledger(): Ledger;
  /** Deliveries, leases and the audit log. */
  records(): ServiceRecords;
  /** The trace projects and the tokens that open them. */
  projects(): ProjectDirectory;
  /** The App's jobs, which are remembered in the ledger. */
  jobs(ledger: Ledger): Promise<JobQueue & JobRecords>;
  /** What a doctor asks of a database; absent where everything is in files. */
  readonly facts?: () => Promise<DatabaseFacts>;
  close(): Promise<void>;
}

/**
 * Opens the state of an installation. Throws `database-unavailable` or `config-invalid` when there is a database that cannot be used; files are opened
 * later, part by part.
 */
export const openState = async (place: StatePlace): Promise<State> =>
  place.database === undefined ? filesOf(place.data) : openPostgres(place.database);

/** Every part of the state, for a service that needs all of them. The queue is stopped by who started it; `close` closes the rest. */
export async function openAll(place: StatePlace): Promise<{
  readonly ledger: Ledger;
  readonly records: ServiceRecords;
  readonly projects: ProjectDirectory;
  readonly jobs: JobQueue & JobRecords;
  close(): Promise<void>;
}> {
  // What fails on the way leaves nothing open.
  await using opened = new AsyncDisposableStack();
  const close = <T extends { close(): Promise<void> }>(part: T): Promise<void> => part.close();
  const state = opened.adopt(await openState(place), close);
  const ledger = opened.adopt(state.ledger(), close);
  const projects = opened.adopt(state.projects(), close);
  const records = opened.adopt(state.records(), close);
  const jobs = await state.jobs(ledger);
  const parts = opened.move();
  return { ledger, records, projects, jobs, close: () => parts.disposeAsync() };
}

/** Whether there is anything to look up: opening a ledger that is not there makes one. */
export const hasLedger = ({ data, database }: StatePlace): boolean => database !== undefined || existsSync(join(data, "ledger.db"));

/** A lock is waited for so long. */
const busyMilliseconds = 5000;

const tablesIn =
  (data: string) =>
  (file: string, schema: SqliteSchema): SqliteTables =>
    SqliteTables.open({ path: join(data, file), schema, open: (path) => openDatabase(path, busyMilliseconds) });

/** The tables of a data folder's files, brought to the present form. */
export function fileTables(data: string): { readonly ledger: Tables; readonly projects: Tables } {
  const tables = tablesIn(data);
  // One file, two schemas: the service's records lie beside the ledger.
  void tables("ledger.db", sqliteRecords).close();
  return { ledger: tables("ledger.db", sqliteLedger), projects: tables("projects.db", sqliteProjects) };
}

/** The state in the SQLite files of a data folder. */
export function filesOf(data: string): State {
  const tables = tablesIn(data);
  return {
    ledger: () => new SqlLedger(tables("ledger.db", sqliteLedger)),
    records: () => serviceRecords(tables("ledger.db", sqliteRecords)),
    projects: () => new SqlProjectDirectory(tables("projects.db", sqliteProjects)),
    jobs: async (ledger) =>
      inLanes((lane, atOnce) => OpenworkflowJobQueue.open(join(data, lane === "long" ? "jobs.db" : "quick-jobs.db"), ledger, atOnce)),
    close: async () => undefined,
  };
}

async function openPostgres(url: string): Promise<State> {
  const database = await PostgresDatabase.open({ url, clock: () => Date.parse(systemNow()) });
  const { tables } = database;
  return {
    ledger: () => new SqlLedger(tables),
    records: () => serviceRecords(database.promptTables, () => database.check()),
    projects: () => new SqlProjectDirectory(tables),
    async jobs(ledger) {
      await database.alone(() => OpenworkflowJobQueue.prepare(url, postgresSchema));
      const pool = database.jobPool();
      return inLanes((lane, atOnce) => OpenworkflowJobQueue.shared({ pool, schema: postgresSchema, lane }, ledger, atOnce));
    },
    facts: () => database.facts(),
    close: () => database.close(),
  };
}

/** Runs, which may take long, have a lane of their own. */
function inLanes(open: (lane: "long" | "quick", atOnce: number) => JobQueue & JobRecords): JobQueue & JobRecords {
  // Many runs may have begun and show so; how many of them read at once is for their turns to say.
  return new LanedJobQueue({ long: open("long", 20), quick: open("quick", 2) }, ["run"]);
}
