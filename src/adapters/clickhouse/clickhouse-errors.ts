import { ClickHouseError } from "@clickhouse/client";
import { TuneupError } from "../../domain/errors.ts";
import type { ProjectId } from "../../domain/ids.ts";
import type { ClickhouseAddress } from "./clickhouse-database.ts";

/** ClickHouse's codes (src/Common/ErrorCodes.cpp) for what passes: too many queries, parts or connections, memory, time, network, no room at the moment. */
const passing: ReadonlySet<string> = new Set([
  "3",
  "74",
  "159",
  "164",
  "202",
  "203",
  "209",
  "210",
  "225",
  "241",
  "242",
  "243",
  "252",
  "319",
  "425",
  "999",
]);

const remedies: Readonly<Record<string, (address: ClickhouseAddress) => string>> = {
  "81": ({ database }) => `Make it with CREATE DATABASE ${database}, or name another in \`store.database\`.`,
  "115": () => "Its version does not know a setting that Tuneup sends; use ClickHouse 24.8 or newer.",
  "193": ({ keyName }) => `Check user and password in ${keyName} (user:password).`,
  "194": ({ keyName }) => `Set ${keyName} to user:password.`,
  "241": () => "It has no memory left for it; give it more, or send smaller batches.",
  "242": () => "Its table takes no writes at the moment; look at its replicas and its disk.",
  "243": () => "Its disk is full.",
  "252": () => "It has more parts than it can merge; send larger batches, or give it a faster disk. Senders wait and send again.",
  "497": () => "Its user needs SELECT, INSERT, ALTER and CREATE TABLE on the database; docs/store.md has the grants.",
  "516": ({ keyName }) => `Check user and password in ${keyName} (user:password).`,
};

const codeOf = (error: unknown): string | undefined => {
  if (error instanceof ClickHouseError) return error.code;
  // The client of another copy of the package, as an embedded engine brings it.
  return error instanceof Error && error.name !== "TuneupError" && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
};

/** Whether trying the same again may succeed: the network failed, or the server says so. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined ? isTimeout(error) : /^\d+$/.test(code) ? passing.has(code) : true;
}

const isTimeout = (error: unknown): boolean => error instanceof Error && /^(?:Timeout error|socket hang up)/i.test(error.message);

/** What a failed statement means for the operator. */
export function clickhouseError(
  error: unknown,
  { what, server, address }: { readonly what: string; readonly server: string; readonly address: ClickhouseAddress },
): TuneupError {
  if (error instanceof TuneupError) return error;
  const code = codeOf(error);
  const fields = { server, database: address.database, ...(code === undefined ? {} : { code }) };
  if (code !== undefined && /^\d+$/.test(code)) {
    const type = error instanceof Error && "type" in error && typeof error.type === "string" ? ` (${error.type})` : "";
    return new TuneupError("trace-store-unavailable", `${server} refused ${what}: code ${code}${type}.`, {
      remedy: remedies[code]?.(address) ?? "ClickHouse's own log says more; what was written before is kept.",
      retryable: passing.has(code),
      fields,
    });
  }
  const cause = code ?? (isTimeout(error) ? "no answer in time" : "no answer");
  return new TuneupError("trace-store-unavailable", `${server} cannot be reached for ${what}: ${cause}.`, {
    remedy: "Check `store.url` in the operator file, the network and the server; what was written before is kept.",
    retryable: true,
    fields,
  });
}

/** The index names rows that its tables have lost: nobody can say what was in them. */
export const withoutBodies = (project: ProjectId, missing: number): TuneupError =>
  new TuneupError(
    "trace-store-corrupt",
    `The index of the trace store in ClickHouse has ${missing} spans or log records of project ${project} that its tables do not have.`,
    {
      remedy:
        "Look whether something else removes rows of otel_traces and otel_logs, such as a TTL of the Collector's; restore a backup, or erase the sessions and ingest them again.",
      fields: { project, missing },
    },
  );
