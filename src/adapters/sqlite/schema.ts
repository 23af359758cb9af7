import type { DatabaseSync } from "node:sqlite";

/** Each entry runs once, in order, inside one transaction; never edit one that has been released. */
const migrations: readonly string[] = [
  `CREATE TABLE spans (
     id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL,
     started_at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, trace, span)
   );
   CREATE INDEX spans_by_session ON spans (project, session, started_at);
   CREATE TABLE traces (project TEXT NOT NULL, trace TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (project, trace)) WITHOUT ROWID;
   CREATE TABLE bodies (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, content BLOB NOT NULL);
   CREATE TABLE body_uses (body INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY (body, span)) WITHOUT ROWID;
   CREATE INDEX body_uses_by_span ON body_uses (span);
   CREATE TABLE feedback (project TEXT NOT NULL, trace TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, trace, document)) WITHOUT ROWID;
   CREATE TABLE clusters (project TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (project, id)) WITHOUT ROWID;`,
  `CREATE TABLE logs (
     id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, trace TEXT NOT NULL, digest BLOB NOT NULL,
     at TEXT NOT NULL, document BLOB NOT NULL, UNIQUE (project, digest)
   );
   CREATE INDEX logs_by_session ON logs (project, session, at);`,
];

/** Brings the database to the current schema. Several processes may start at once. */
export function migrate(database: DatabaseSync): void {
  database.exec("CREATE TABLE IF NOT EXISTS trace_migrations (version INTEGER PRIMARY KEY)");
  for (const [version, sql] of migrations.entries()) {
    // IMMEDIATE takes the write lock before looking, so that two first starts do not both migrate.
    database.exec("BEGIN IMMEDIATE");
    try {
      if (database.prepare("SELECT 1 FROM trace_migrations WHERE version = ?").get(version) === undefined) {
        database.exec(sql);
        database.prepare("INSERT INTO trace_migrations (version) VALUES (?)").run(version);
      }
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}
