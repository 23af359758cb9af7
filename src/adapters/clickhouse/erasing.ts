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

/** Ids in one statement: a deletion's parameters travel in its address. */
const idsTogether = 200;
/** Rows that one sweep removes of a table. */
const mostSwept = 20_000;

/** In microseconds: how long it is remembered that something was erased, for batches that were begun before. Adding one takes far less. */
const remembered = 3_600_000_000;
/** A body that the index does not have may be of a batch that is on its way, but not after a day (microseconds). */
const onItsWay = 86_400_000_000;
/** Stands for an erasure that is done: nothing of it but its project and time. */
const done = 2;

/**
 * Deletes rows from several tables as one thing: what goes is written down first, then leaves the index, which is what makes it gone, then the tables.
 * After a crash in the middle `finish` does the rest. Rows that were added later stay, whoever finishes. Deleted rows are left out at once; overwriting
 * writes the tables' files anew without them, which takes as long as writing the parts that held some.
 */
export class Erasing {
  readonly #database: ClickhouseDatabase;

  constructor(database: ClickhouseDatabase) {
    this.#database = database;
  }

  /** Erases sessions of one project, group by group, and what the tables hold of them without the index knowing. */
  async sessions(project: ProjectId, groups: AsyncIterable<ErasedSessions>, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    const begun: Pending[] = [];
    for await (const { orphaned, sessions, traces } of groups)
      begun.push(await this.#begin({ Project: project, Sessions: sessions, Traces: traces, Orphaned: orphaned, Everything: 0 }));
    await this.#end(begun, overwrite);
  }

  /** Erases all of a project, and overwrites it. */
  async everything(project: ProjectId): Promise<void> {
    await this.#end([await this.#begin({ Project: project, Sessions: [], Traces: [], Orphaned: [], Everything: 1 })], true);
  }

  /** Finishes and overwrites what earlier processes had begun. */
  async finish(): Promise<void> {
    const rows = await this.#database.ask("erasures under way", `SELECT ${pendingColumns} FROM tuneup_erasures WHERE Everything < ${done}`);
    const begun = rows.map((row) => pending.parse(row));
    for (const one of begun) await this.#work(one);
    if (begun.length > 0) await this.#end(begun, true);
    const before = { before: String((await this.#now()) - BigInt(remembered)) };
    const old = `tuneup_erasures WHERE Everything = ${done} AND At < {before:Int64}`;
    const [row] = await this.#database.ask("erasures of before", `SELECT count() AS count FROM ${old}`, before);
    if (Number(row?.["count"]) > 0) await this.#database.tell("forgetting erasures of before", `DELETE FROM ${old}`, before);
  }

  /** Whether anything of the project was erased since then (microseconds by the server's clock): with it may have gone bodies of a batch on its way. */
  async wentOnSince(project: ProjectId, at: string): Promise<boolean> {
    const [row] = await this.#database.ask(
      "erasures meanwhile",
      "SELECT count() AS count FROM tuneup_erasures WHERE Project = {project:String} AND At >= {at:Int64}",
      { project, at },
    );
    return Number(row?.["count"]) > 0;
  }

  /** Takes a batch that was added at that moment out again. */
  async takeBack(project: ProjectId, at: string, traces: readonly string[]): Promise<void> {
    for (const { added, name, project: column, trace, traceType } of tables)
      for (const some of piecesOf(traces)) {
        const ids = traceType === "UUID" ? some : some.map((id) => (id === noTrace ? "" : hexOf(id)));
        await this.#database.tell(
          "taking back a batch",
          `DELETE FROM ${name} WHERE ${column} = {project:String} AND ${added} = {at:Int64} AND ${trace} IN {traces:Array(${traceType})}`,
          { project, at, traces: ids },
        );
      }
  }

  /** Removes bodies of before that time (milliseconds) which the index does not have: of batches that broke off. */
  async sweep(before: number): Promise<void> {
    const added = String((await this.#now()) - BigInt(onItsWay));
    for (const [table, kind] of [
      ["otel_traces", "span"],
      ["otel_logs", "log"],
    ]) {
      const rows = await this.#database.ask(
        "what broke off",
        `SELECT TuneupProject AS project, concat(toString(TuneupAddedAt), ' ', toString(TuneupPlace)) AS id FROM ${table}
         WHERE TuneupProject != '' AND Timestamp < fromUnixTimestamp64Milli({before:Int64}) AND TuneupAddedAt < {added:Int64}
           AND (TuneupProject, TuneupAddedAt, TuneupPlace) NOT IN (
             SELECT Project, AddedAt, Place FROM tuneup_index WHERE Kind = '${kind}' AND StartedAt <= fromUnixTimestamp64Milli({before:Int64}))
         LIMIT ${mostSwept}`,
        { before, added },
      );
      for (const [project, found] of Map.groupBy(rows, (row) => String(row["project"])))
        for (const ids of piecesOf(found.map((row) => String(row["id"]))))
          await this.#database.tell(
            "sweeping what broke off",
            `DELETE FROM ${table} WHERE TuneupProject = {project:String} AND concat(toString(TuneupAddedAt), ' ', toString(TuneupPlace)) IN {ids:Array(String)}`,
            { project, ids },
          );
    }
  }

  async #now(): Promise<bigint> {
    const [row] = await this.#database.ask("its time", "SELECT toString(toUnixTimestamp64Micro(now64(6))) AS at");
    return BigInt(String(row?.["at"]));
  }

  async #begin(row: Row): Promise<Pending> {
    const id = randomUUID();
    await this.#database.insert("tuneup_erasures", [{ ...row, Id: id, At: String(await this.#now()) }]);
    const [written] = await this.#database.ask("an erasure", `SELECT ${pendingColumns} FROM tuneup_erasures WHERE Id = {id:UUID}`, { id });
    const begun = pending.parse(written);
    await this.#work(begun);
    return begun;
  }

  async #work(one: Pending): Promise<void> {
    for (const table of tables) await this.#delete(table, one);
  }

  /** What is done leaves the list last: a crash before leaves the rest, overwriting included, to `finish`. The list names sessions and is overwritten, too. */
  async #end(begun: readonly Pending[], overwrite: boolean): Promise<void> {
    const rewrite = (table: string): Promise<void> =>
      this.#database.tell("overwriting what was erased", `ALTER TABLE ${table} APPLY DELETED MASK`);
    if (overwrite) for (const { name } of tables) await rewrite(name);
    await this.#database.insert(
      "tuneup_erasures",
      begun.map(({ at, Project }) => ({ Id: randomUUID(), Project, Sessions: [], Traces: [], Orphaned: [], Everything: done, At: at })),
    );
    for (const ids of piecesOf(begun.map(({ id }) => id)))
      await this.#database.tell("an erasure", "DELETE FROM tuneup_erasures WHERE Id IN {ids:Array(UUID)}", { ids });
    if (overwrite) await rewrite("tuneup_erasures");
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
    for (const some of piecesOf(traces.filter((one) => one !== noTrace))) {
      const ids = traceType === "UUID" ? some : some.map(hexOf);
      await remove(`${items}${session} = '' AND ${trace} IN {traces:Array(${traceType})}`, { traces: ids });
    }
    if (isFeedback === undefined) return undefined;
    for (const some of piecesOf(orphaned.filter((one) => one !== noTrace)))
      await remove(`${isFeedback} AND ${trace} IN {traces:Array(UUID)}`, { traces: some });
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

function* piecesOf(ids: readonly string[]): Iterable<readonly string[]> {
  for (let from = 0; from < ids.length; from += idsTogether) yield ids.slice(from, from + idsTogether);
}
