import { existsSync } from "node:fs";
import { join } from "node:path";
import { copyTables } from "../../adapters/sql-ledger/copy-tables.ts";
import { PostgresDatabase } from "../../adapters/sql-ledger/postgres-database.ts";
import { SqlLedger } from "../../adapters/sql-ledger/sql-ledger.ts";
import { TuneupError } from "../../domain/errors.ts";
import { systemNow } from "../runtime.ts";
import { fileTables, filesOf } from "../state.ts";

const markKey = "moved-here";

/**
 * Copies what an installation remembers from the files of a data folder into its empty database, or goes on with a copy that broke off. Sessions stay in
 * their store, and so do the files. Throws `config-invalid` where there is nothing to copy, jobs are not finished, or the database holds something else.
 */
export async function moveState(
  place: { readonly data: string; readonly database: string },
  tell: (table: string, rows: number) => void,
): Promise<Readonly<Record<string, number>>> {
  if (!existsSync(join(place.data, "ledger.db")))
    throw refused(`There is no ledger in ${place.data}.`, "Name the data folder that `tuneup serve` used: --data.");
  await using opened = new AsyncDisposableStack();
  const close = <T extends { close(): Promise<void> }>(part: T): Promise<void> => part.close();
  await refuseUnfinished(place.data);
  const from = fileTables(place.data);
  opened.adopt(from.ledger, close);
  opened.adopt(from.projects, close);
  const database = opened.adopt(await PostgresDatabase.open({ url: place.database, clock: () => Date.parse(systemNow()) }), close);
  const target = new SqlLedger(database.tables);
  const mark = await target.get(markKey);
  if (mark === "done")
    throw refused(`${database.address} holds a finished copy already.`, "Start `tuneup serve` with TUNEUP_DATABASE_URL.");
  if (mark === undefined) {
    const held = await database.tables.first(
      "SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM audit) + (SELECT count(*) FROM projects) AS rows",
    );
    if (Number(held?.["rows"]) > 0)
      throw refused(`${database.address} is in use by another installation.`, "Make an empty database, and name that one.");
    await target.put(markKey, "under way");
  }
  const copied = await copyTables(from, database.tables, tell);
  await target.put(markKey, "done");
  return copied;
}

/** Jobs have steps under way that only their own files know. */
async function refuseUnfinished(data: string): Promise<void> {
  const files = filesOf(data);
  await using opened = new AsyncDisposableStack();
  const ledger = opened.adopt(files.ledger(), (one) => one.close());
  const jobs = await files.jobs(ledger);
  opened.adopt(jobs, (one) => one.stop());
  const { running, waiting } = await jobs.counts();
  const left = running + waiting;
  if (left > 0)
    throw refused(
      left === 1 ? "One job is not finished." : `${left} jobs are not finished.`,
      "Start `tuneup serve` once more without TUNEUP_DATABASE_URL and let it finish them (`tuneup jobs list`), or give what they were asked for again later.",
    );
}

const refused = (message: string, remedy: string): TuneupError => new TuneupError("config-invalid", message, { remedy });
