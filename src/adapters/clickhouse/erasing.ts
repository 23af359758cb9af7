import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ProjectId } from "../../domain/ids.ts";
import type { ClickhouseDatabase, Row } from "./clickhouse-database.ts";
import { hexOf, noTrace } from "./index-rows.ts";

/** Which rows go. Traces as UUIDs. */
export interface ErasedSessions {
  readonly sessions: readonly string[];
  /** Traces whose items without a session of their own belong to one of these. */
  readonly traces: readonly string[];
  /** Traces that nobody else has a part in: feedback on them goes. */
  readonly orphaned: readonly string[];
}

const pending = z.object({
  id: z.string(),
  Project: z.string(),
  Sessions: z.array(z.string()),
  traces: z.array(z.string()),
  orphaned: z.array(z.string()),
  Everything: z.number(),
  at: z.string(),
});
type Pending = z.infer<typeof pending>;

/** Traces in one statement: a deletion's parameters travel in its address. */
const tracesTogether = 200;

/**
 * Deletes rows from several tables as one thing: what goes is written down first, then leaves the index, which is what makes it gone, then the tables.
 * After a crash in the middle `finish` does the rest. Rows that were added later stay, whoever finishes.
 */
export class Erasing {
  readonly #database: ClickhouseDatabase;

  constructor(database: ClickhouseDatabase) {
    this.#database = database;
  }

  /** Erases these sessions of one project. */
  async sessions(project: ProjectId, { sessions, traces, orphaned }: ErasedSessions): Promise<void> {
    await this.#begin({ Project: project, Sessions: sessions, Traces: traces, Orphaned: orphaned, Everything: 0 });
  }

  /** Erases all of a project. */
  async everything(project: ProjectId): Promise<void> {
    await this.#begin({ Project: project, Sessions: [], Traces: [], Orphaned: [], Everything: 1 });
  }

  /** Finishes what earlier processes had begun. */
  async finish(): Promise<void> {
    const rows = await this.#database.ask("erasures under way", `SELECT ${pendingColumns} FROM tuneup_erasures`);
    for (const row of rows) await this.#work(pending.parse(row));
  }

  /** Writes the files of the tables anew without the rows that were deleted. Takes as long as writing the parts of the tables that held some. */
  async overwrite(): Promise<void> {
    for (const table of ["tuneup_index", "otel_traces", "otel_logs"])
      await this.#database.tell("overwriting what was erased", `ALTER TABLE ${table} APPLY DELETED MASK`);
  }

  async #begin(row: Row): Promise<void> {
    const [now] = await this.#database.ask("its time", "SELECT toString(toUnixTimestamp64Micro(now64(6))) AS at");
    const id = randomUUID();
    await this.#database.insert("tuneup_erasures", [{ ...row, Id: id, At: now?.["at"] }]);
    const [written] = await this.#database.ask("an erasure", `SELECT ${pendingColumns} FROM tuneup_erasures WHERE Id = {id:UUID}`, { id });
    if (written !== undefined) await this.#work(pending.parse(written));
  }

  async #work(one: Pending): Promise<void> {
    for (const table of tables) await this.#delete(table, one);
    await this.#database.tell("an erasure", "DELETE FROM tuneup_erasures WHERE Id = {id:UUID}", { id: one.id });
  }

  async #delete(table: Table, { Everything, Project, Sessions, at, orphaned, traces }: Pending): Promise<void> {
    const { added, isFeedback, name, project, session, trace, traceType } = table;
    const remove = (condition: string, more: Readonly<Record<string, string | readonly string[]>> = {}): Promise<void> =>
      this.#database.tell(
        "an erasure",
        `DELETE FROM ${name} WHERE ${project} = {project:String} AND ${added} <= {at:Int64} AND ${condition}`,
        {
          project: Project,
          at,
          ...more,
        },
      );
    if (Everything === 1) return remove("1");
    const items = isFeedback === undefined ? "" : `NOT ${isFeedback} AND `;
    await remove(`${items}${session} IN {sessions:Array(String)}`, { sessions: Sessions });
    for (const some of piecesOf(traces)) {
      const ids = traceType === "UUID" ? some : some.map(hexOf);
      await remove(`${items}${session} = '' AND ${trace} IN {traces:Array(${traceType})}`, { traces: ids });
    }
    if (isFeedback === undefined) return undefined;
    for (const some of piecesOf(orphaned)) await remove(`${isFeedback} AND ${trace} IN {traces:Array(UUID)}`, { traces: some });
    return undefined;
  }
}

const pendingColumns =
  "toString(Id) AS id, Project, Sessions, arrayMap(one -> toString(one), Traces) AS traces, arrayMap(one -> toString(one), Orphaned) AS orphaned, Everything, toString(At) AS at";

interface Table {
  readonly name: string;
  readonly project: string;
  readonly session: string;
  readonly trace: string;
  readonly traceType: "UUID" | "String";
  readonly added: string;
  readonly isFeedback?: string;
}

const collector = {
  project: "TuneupProject",
  session: "TuneupSession",
  trace: "TraceId",
  traceType: "String",
  added: "TuneupAddedAt",
} as const;
/** The index first: what is not in it does not exist. */
const tables: readonly Table[] = [
  {
    name: "tuneup_index",
    project: "Project",
    session: "Session",
    trace: "Trace",
    traceType: "UUID",
    added: "AddedAt",
    isFeedback: "(Kind = 'feedback')",
  },
  { name: "otel_traces", ...collector },
  { name: "otel_logs", ...collector },
];

function* piecesOf(traces: readonly string[]): Iterable<readonly string[]> {
  const given = traces.filter((trace) => trace !== noTrace);
  for (let from = 0; from < given.length; from += tracesTogether) yield given.slice(from, from + tracesTogether);
}
