import type { DatabaseSync } from "node:sqlite";
import { zstdDecompressSync } from "node:zlib";
import type { Json } from "../../domain/ids.ts";
import { projectId } from "../../domain/ids.ts";
import type { LogRecord, Span } from "../../domain/span.ts";
import { tally } from "./day-tallies.ts";
import { SessionBodies } from "./session-bodies.ts";
import { noteTraceOfLogs, readSession, SessionRows } from "./session-rows.ts";
import { Statements } from "./statements.ts";

/** How the first schema kept a span: without its long values, and where each of them lay. */
interface FormerSpan {
  readonly span: Span;
  readonly references: readonly {
    readonly event?: number;
    readonly key: string;
    readonly kind: "text" | "json" | "list" | "list-text";
    readonly of: readonly string[];
  }[];
}

/** Rewrites what the first schemas held, one row a span, as blocks of sessions, and drops their tables. Inside the migration's transaction. */
export function convertSpans(database: DatabaseSync): void {
  const statements = new Statements(database);
  const sessions = statements.sql("SELECT project, session FROM spans UNION SELECT project, session FROM logs").all();
  const spansOf = statements.sql("SELECT document FROM spans WHERE project = ? AND session = ? ORDER BY started_at, id");
  const logsOf = statements.sql("SELECT document FROM logs WHERE project = ? AND session = ? ORDER BY at, id");
  const bodies = new SessionBodies(statements);
  for (const { project, session } of sessions) {
    const rows = new SessionRows(statements, bodies, projectId(String(project)));
    rows.addToSession(String(session), {
      spans: spansOf.all(String(project), String(session)).map((row) => formerSpan(statements, text(row["document"]))),
      logs: logsOf.all(String(project), String(session)).map((row) => JSON.parse(text(row["document"])) as LogRecord),
    });
    rows.write();
    bodies.trim();
  }
  statements.forget();
  for (const table of ["body_uses", "bodies", "spans", "traces", "logs"]) database.exec(`DROP TABLE ${table}`);
}

/** Counts what an older store holds. Inside the migration's transaction. */
export function tallyAll(database: DatabaseSync): void {
  const statements = new Statements(database);
  // What an even older store held was counted when it was converted.
  database.exec("DELETE FROM day_tallies");
  for (const { id, project } of statements.sql("SELECT id, project FROM sessions").all())
    tally(statements, String(project), readSession(statements, Number(id)).spans, 1);
  statements.forget();
}

/** Notes of what an older store holds which sessions have log records of which trace. Inside the migration's transaction. */
export function noteTracesOfLogs(database: DatabaseSync): void {
  const statements = new Statements(database);
  const keep = statements.sql("INSERT OR IGNORE INTO trace_ids (project, trace) VALUES (?, ?)");
  const find = statements.sql("SELECT id FROM trace_ids WHERE project = ? AND trace = ?");
  for (const { id, project } of statements.sql("SELECT id, project FROM sessions WHERE id IN (SELECT session FROM log_ids)").all()) {
    const traces = new Set(readSession(statements, Number(id)).logs.flatMap(({ traceId }) => traceId ?? []));
    for (const trace of traces) {
      const bytes = Buffer.from(trace, "hex");
      keep.run(String(project), bytes);
      noteTraceOfLogs(statements, Number(find.get(String(project), bytes)?.["id"]), Number(id));
    }
  }
  statements.forget();
}

function text(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) throw new Error("a stored span is no bytes");
  return zstdDecompressSync(bytes, { maxOutputLength: 256 * 1024 * 1024 }).toString("utf8");
}

function formerSpan(statements: Statements, document: string): Span {
  const { references, span } = JSON.parse(document) as FormerSpan;
  const body = (digest: string): string => {
    const row = statements.sql("SELECT content FROM bodies WHERE digest = ?").get(Buffer.from(digest, "hex"));
    if (row === undefined) throw new Error(`body ${digest} is missing`);
    return text(row["content"]);
  };
  const attributes: Record<string, Json> = { ...span.attributes };
  const events = span.events.map((event) => ({ ...event, attributes: { ...event.attributes } as Record<string, Json> }));
  let { resource } = span;
  for (const { event, key, kind, of } of references) {
    const texts = of.map(body);
    const value: Json =
      kind === "text"
        ? (texts[0] ?? "")
        : kind === "list-text"
          ? `[${texts.join(",")}]`
          : kind === "list"
            ? texts.map((one) => JSON.parse(one) as Json)
            : (JSON.parse(texts[0] ?? "null") as Json);
    if (event === undefined) attributes[key] = value;
    else if (event === -1) resource = value as Span["resource"];
    else (events[event]?.attributes ?? {})[key] = value;
  }
  return { ...span, attributes, events, resource };
}
