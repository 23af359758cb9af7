import { createServer, type Server } from "node:net";
import { inspect } from "node:util";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PostgresDatabase, type PostgresOptions } from "../../../src/adapters/sql-ledger/postgres-database.ts";
import { SqlLedger } from "../../../src/adapters/sql-ledger/sql-ledger.ts";
import { TuneupError } from "../../../src/domain/errors.ts";
import { type PostgresServer, startPostgres } from "../../doubles/postgres-server.ts";

let server: PostgresServer;
const opened: PostgresDatabase[] = [];
beforeAll(async () => {
  server = await startPostgres();
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});
afterAll(() => server.close());

async function open(url: string, options: Partial<PostgresOptions> = {}): Promise<PostgresDatabase> {
  const database = await PostgresDatabase.open({ url, clock: () => Date.now(), ...options });
  opened.push(database);
  return database;
}

/** What somebody is told, all of it: message, remedy, fields, causes and stack. */
async function told(work: Promise<unknown>): Promise<{ readonly error: TuneupError; readonly everything: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TuneupError)) throw new Error(`not told: ${inspect(error)}`);
  return { error, everything: `${inspect(error, { depth: 10, showHidden: true })} ${error.remedy}` };
}

describe("a database that goes away", () => {
  test("and comes back within seconds is waited for: reads and writes go on by themselves", async () => {
    const ledger = new SqlLedger((await open(await server.freshDatabase())).tables);
    await ledger.put("key", "before");
    await server.stop("immediate");
    const [found, put] = [ledger.get("key"), ledger.put("other", "meanwhile")];
    await server.start();
    expect([await found, await put]).toEqual(["before", undefined]);
    expect(await ledger.get("other")).toBe("meanwhile");
  });

  test("does not make this machine's clock look as if it were off", async () => {
    let ahead = 0;
    const database = await open(await server.freshDatabase(), { clock: () => Date.now() + ahead });
    await server.stop("immediate");
    // The machine sleeps while the database is away, and its clock is set when it wakes.
    ahead = -60_000;
    const facts = database.facts();
    ahead = 0;
    await server.start();
    expect(Math.abs((await facts).clockAhead)).toBeLessThan(5000);
  });

  test("and stays away is reported with its address and what helps, and without the password", async () => {
    const ledger = new SqlLedger((await open(await server.freshDatabase(), { patienceMilliseconds: 300 })).tables);
    await server.stop("fast");
    const { error, everything } = await told(ledger.put("key", "value"));
    await server.start();
    expect(error).toMatchObject({ code: "database-unavailable", retryable: true });
    expect(error.message).toMatch(/^The database 127\.0\.0\.1:\d+\/tuneup_\d+ cannot be used: /);
    expect(error.remedy).toContain("tuneup doctor");
    expect(everything).not.toContain(server.password);
    expect(await ledger.get("key")).toBeUndefined();
  });

  test("whose administrator ends every connection is written to once", async () => {
    const url = await server.freshDatabase();
    const ledger = new SqlLedger((await open(url)).tables);
    await ledger.put("key", "value");
    const admin = postgres(url, { max: 1 });
    await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await admin.end();
    expect(await ledger.delivery("one").catch((error: unknown) => error)).toSatisfy(
      (said: unknown) => said === "new" || (said instanceof TuneupError && said.retryable),
    );
    expect(["new", "seen"]).toContain(await ledger.delivery("one"));
    expect(await ledger.delivery("one")).toBe("seen");
  });

  test("and a proxy before it that hangs up at once do not keep anybody waiting for ever", async () => {
    let calls = 0;
    const proxy: Server = createServer((socket) => {
      calls += 1;
      socket.destroy();
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { error } = await told(open(`postgres://u:p@127.0.0.1:${port}/x`, { patienceMilliseconds: 300, silentMilliseconds: 1500 }));
    proxy.close();
    expect(error).toMatchObject({ code: "database-unavailable", retryable: true });
    // It is asked a few times a second, not as often as the processor can.
    expect(calls).toBeLessThan(100);
  });
});

describe("a database that cannot be used", () => {
  test.each([
    ["a wrong password", (url: URL) => (url.password = "wr0ng-password"), /refuses the password/],
    ["a name that is not there", (url: URL) => (url.pathname = "/nowhere"), /no such database/],
  ])("because of %s says so at once", async (_what, change, words) => {
    const url = new URL(await server.freshDatabase());
    change(url);
    const { error, everything } = await told(open(url.href));
    expect(error.message).toMatch(words);
    expect(error.retryable).toBe(false);
    expect(everything).not.toContain("wr0ng-password");
    expect(everything).not.toContain(server.password);
  });

  test("because the address is none is told without the address", async () => {
    const { error, everything } = await told(open("mysql://ada:s3cret@host/x"));
    expect(error.code).toBe("config-invalid");
    expect(everything).not.toContain("s3cret");
  });

  test("because clocks disagree says by how much", async () => {
    const { error } = await told(open(await server.freshDatabase(), { clock: () => Date.now() + 60_000 }));
    expect(error.message).toMatch(/clock is 60 s ahead of that of the database/);
  });

  test("because a statement waits too long says that, and the next one goes on", async () => {
    const url = await server.freshDatabase();
    const ledger = new SqlLedger((await open(url, { statementMilliseconds: 300, patienceMilliseconds: 0 })).tables);
    const other = postgres(url, { max: 1, onnotice: () => undefined });
    const holding = await other.reserve();
    await holding`BEGIN`;
    await holding`LOCK TABLE tuneup.documents`;
    const { error } = await told(ledger.put("key", "value"));
    await holding`ROLLBACK`;
    holding.release();
    await other.end();
    expect(error.message).toMatch(/took too long|held a lock for too long/);
    await ledger.put("key", "value");
    expect(await ledger.get("key")).toBe("value");
  });
});
