import { TuneupError } from "../../domain/errors.ts";
import type { ClickhouseDatabase } from "./clickhouse-database.ts";

const map = "Map(LowCardinality(String), String)";
/** A conversation is sent again with every call: rows of a session lie together, and a wide window lets zstd see the repetition. */
const wide = "CODEC(ZSTD(3, 23))";
const onDisk = "fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 60";

/** What Tuneup adds to the Collector's columns; its exporter names the columns that it writes, so that these keep their defaults. */
const ownColumns = [
  "TuneupProject LowCardinality(String) DEFAULT ''",
  "TuneupSession String DEFAULT '' CODEC(ZSTD(1))",
  "TuneupNotes Array(String) DEFAULT [] CODEC(ZSTD(1))",
  "TuneupAddedAt Int64 DEFAULT toUnixTimestamp64Micro(now64(6)) CODEC(Delta(8), ZSTD(1))",
  "TuneupPlace UInt32 DEFAULT 0 CODEC(Delta(4), ZSTD(1))",
];

/**
 * Each entry runs once, in order. Every statement may run twice, for several processes may start at once; never edit one that has been released.
 * The tables are those of the Collector's exporter (opentelemetry-collector-contrib, exporter/clickhouseexporter/internal/sqltemplates); where it made
 * them before, they are taken as they are and get Tuneup's columns.
 */
const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS otel_traces (
       Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)), ParentSpanId String CODEC(ZSTD(1)),
       TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
       ResourceAttributes ${map} CODEC(ZSTD(1)), ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)), SpanAttributes ${map} ${wide},
       Duration UInt64 CODEC(T64, ZSTD(1)), StatusCode LowCardinality(String), StatusMessage String CODEC(ZSTD(1)),
       Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}) ${wide},
       Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${map}) CODEC(ZSTD(1)),
       ${ownColumns.join(", ")}
     ) ENGINE = MergeTree ORDER BY (TuneupProject, TuneupSession, TraceId, Timestamp)
     SETTINGS index_granularity = 512, max_compress_block_size = 8388608, ${onDisk}`,
    `CREATE TABLE IF NOT EXISTS otel_logs (
       Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TimestampTime DateTime DEFAULT toDateTime(Timestamp), TraceId String CODEC(ZSTD(1)),
       SpanId String CODEC(ZSTD(1)), TraceFlags UInt8, SeverityText LowCardinality(String), SeverityNumber UInt8, ServiceName LowCardinality(String),
       Body String ${wide}, ResourceSchemaUrl LowCardinality(String), ResourceAttributes ${map} CODEC(ZSTD(1)), ScopeSchemaUrl LowCardinality(String),
       ScopeName String CODEC(ZSTD(1)), ScopeVersion LowCardinality(String), ScopeAttributes ${map} CODEC(ZSTD(1)), LogAttributes ${map} ${wide},
       EventName String DEFAULT '' CODEC(ZSTD(1)), ${ownColumns.join(", ")}
     ) ENGINE = MergeTree ORDER BY (TuneupProject, TuneupSession, TraceId, Timestamp)
     SETTINGS index_granularity = 512, max_compress_block_size = 8388608, ${onDisk}`,
    ...["otel_traces", "otel_logs"].map(
      (table) =>
        `ALTER TABLE ${table} ${ownColumns.map((column) => `ADD COLUMN IF NOT EXISTS ${column}`).join(", ")}, MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1`,
    ),
    "ALTER TABLE otel_logs ADD COLUMN IF NOT EXISTS EventName String DEFAULT '' CODEC(ZSTD(1))",
    // Age: of two rows of the same item the one that was added first stays.
    `CREATE TABLE IF NOT EXISTS tuneup_index (
       Project LowCardinality(String), Trace UUID, Kind Enum8('span' = 1, 'log' = 2, 'feedback' = 3), Id String CODEC(ZSTD(1)), Session String CODEC(ZSTD(1)),
       StartedAt DateTime64(3), EndedAt DateTime64(3), User String CODEC(ZSTD(1)), Outcome LowCardinality(String), Tool LowCardinality(String), ToolFailed UInt8,
       Model LowCardinality(String), InputTokens UInt32 CODEC(T64, ZSTD(1)), OutputTokens UInt32 CODEC(T64, ZSTD(1)), Document String CODEC(ZSTD(1)),
       AddedAt Int64 CODEC(Delta(8), ZSTD(1)), Place UInt32 CODEC(Delta(4), ZSTD(1)), Age Int64 MATERIALIZED -AddedAt,
       INDEX by_session Session TYPE bloom_filter(0.01) GRANULARITY 1, INDEX by_user User TYPE bloom_filter(0.01) GRANULARITY 1
     ) ENGINE = ReplacingMergeTree(Age) ORDER BY (Project, Trace, Kind, Id) SETTINGS ${onDisk}`,
    `CREATE TABLE IF NOT EXISTS tuneup_erasures (
       Id UUID, Project String, Sessions Array(String), Traces Array(UUID), Orphaned Array(UUID), Everything UInt8, At Int64
     ) ENGINE = MergeTree ORDER BY Id SETTINGS ${onDisk}`,
  ],
  // An insert whose answer was lost is sent again, and rows that stand there twice count twice until the table is merged.
  ["ALTER TABLE tuneup_index MODIFY SETTING non_replicated_deduplication_window = 1000"],
];

/** The oldest version whose statements are all documented as used here: deletes that wait, zstd windows, settings per statement. */
const oldest: readonly [number, number] = [24, 8];

/** Looks at the server's version and brings the database to the present schema. Throws what the operator should read. */
export async function migrateClickhouse(database: ClickhouseDatabase): Promise<void> {
  const [first] = await database.ask("its version", "SELECT version() AS version");
  const version = String(first?.["version"]);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new TuneupError("config-invalid", `${database.name} is version ${version}, which is too old to be the trace store.`, {
      remedy: `Use ClickHouse ${oldest.join(".")} or newer, or leave out \`store\` for the embedded store.`,
      fields: { version },
    });
  }
  await database.tell(
    "the table of migrations",
    "CREATE TABLE IF NOT EXISTS tuneup_migrations (Version UInt32, At DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY Version",
  );
  const [row] = await database.ask("the migrations", "SELECT max(Version) AS done FROM tuneup_migrations");
  const done = Number(row?.["done"] ?? 0);
  if (done > migrations.length) {
    throw new TuneupError("config-invalid", `The trace store in ${database.name} was written by a newer Tuneup (schema ${done}).`, {
      remedy: "Update Tuneup, or name another database in `store.database`.",
      fields: { schema: done },
    });
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < done) continue;
    for (const statement of statements) await database.tell("a migration", statement);
    await database.insert("tuneup_migrations", [{ Version: index + 1 }]);
  }
}
