import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { TuneupError } from "../../domain/errors.ts";
import { postgresSchema } from "./postgres-schema.ts";

/** A pool of connections. */
export type Pool = ReturnType<typeof postgres>;

export interface PoolOptions {
  /** Most connections that this process holds at once. */
  readonly connections: number;
  /** A statement that takes longer is ended by the database. */
  readonly statementMilliseconds: number;
  /** Column names in camel case, as the job queue's library reads them. */
  readonly camelCase?: boolean;
}

const connectMilliseconds = 5000;
/** Between two tries of one pool to reach a database that is away: often enough to be back soon, rare enough to burden nobody. */
const pauseMilliseconds = 250;

/** The address without who connects and how: what logs and errors may say of it. */
export function describeAddress(url: string): string {
  const { host, pathname } = parsed(url);
  return `${host === "" ? "localhost" : host}${pathname}`;
}

/** Throws `config-invalid`, without the value, for a text that is no address of a PostgreSQL database. */
export function parsed(url: string): URL {
  // Several hosts, for failover, are more than URL understands; they stay one name here.
  const found = URL.parse(url) ?? URL.parse(url.replace(/@[^/@]*(?=\/|$)/, (hosts) => hosts.replaceAll(/[:,]/g, "-")));
  if (found !== null && /^postgres(?:ql)?:$/.test(found.protocol) && found.pathname.length > 1) return found;
  throw new TuneupError("config-invalid", "TUNEUP_DATABASE_URL is not the address of a PostgreSQL database.", {
    remedy:
      "It reads postgres://user:password@host:5432/database; characters such as @ and / in a password are written as %40 and %2F. Unset, everything is kept in SQLite files.",
  });
}

/** Opens nothing yet: connections are made when they are needed, and again when they were lost. */
export function makePool(url: string, { camelCase, connections, statementMilliseconds }: PoolOptions): Pool {
  parsed(url);
  const options: Parameters<typeof postgres>[1] & { readonly socket: unknown } = {
    max: connections,
    connect_timeout: connectMilliseconds / 1000,
    // A process that has nothing to do leaves room for others.
    idle_timeout: 60,
    backoff: () => pauseMilliseconds / 1000,
    onnotice: () => undefined,
    connection: {
      application_name: "tuneup",
      search_path: postgresSchema,
      statement_timeout: statementMilliseconds,
      lock_timeout: statementMilliseconds,
      client_min_messages: "warning",
    },
    socket: patientSocket(),
    ...(camelCase === true ? { transform: { column: { from: postgres.toCamel } } } : {}),
  };
  return postgres(url, options);
}

interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false | undefined;
}

/**
 * Makes the connections of a pool. The library's own way tries again without any pause when whoever listens hangs up at once, as a proxy does whose
 * database is away. Of several hosts each try begins with the next one.
 */
function patientSocket(): (target: Target) => Promise<Socket> {
  let turn = 0;
  let last = -Infinity;
  return async ({ host, path, port }) => {
    const early = last + pauseMilliseconds - performance.now();
    if (turn > 0 && early > 0) await pause(early);
    last = performance.now();
    let problem: unknown;
    for (let tried = 0; tried < host.length; tried += 1) {
      const index = turn % host.length;
      turn += 1;
      try {
        return await reach(
          typeof path === "string" && path !== "" ? { path } : { host: host[index] ?? "localhost", port: port[index] ?? 5432 },
        );
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  };
}

function reach(place: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...place, noDelay: true });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(connectMilliseconds, () => fail(Object.assign(new Error("no answer"), { code: "CONNECT_TIMEOUT" })));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", fail);
      // The library names the host of its own sockets so, and checks a certificate against it.
      resolve("host" in place ? Object.assign(socket, { host: place.host, port: place.port }) : socket);
    });
  });
}
