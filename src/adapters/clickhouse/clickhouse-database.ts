import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { TuneupError } from "../../domain/errors.ts";
import { type RetryTools, withRetries } from "../../domain/retry.ts";
import { clickhouseError, isPassing } from "./clickhouse-errors.ts";

/** Where a ClickHouse server is. */
export interface ClickhouseAddress {
  /** Its HTTP interface, without name and password. */
  readonly url: string;
  readonly database: string;
  /** Name of the variable that should hold the key; for the remedy. */
  readonly keyName: string;
}

export type Parameters = Readonly<Record<string, string | number | readonly string[]>>;
export type Row = Readonly<Record<string, unknown>>;

/**
 * Nothing that is asked here runs without an end, an insert is answered when it is written (async inserts would be acknowledged from memory), and
 * one insert is one block. 64-bit numbers come as text.
 */
const settings = {
  async_insert: 0,
  wait_end_of_query: 1,
  max_execution_time: 120,
  date_time_input_format: "best_effort",
  input_format_parallel_parsing: 0,
  max_insert_block_size: "10000000",
  output_format_json_quote_64bit_integers: 1,
  lightweight_deletes_sync: "2",
  mutations_sync: "2",
} as const;

const limits = { tries: 3, firstDelayMilliseconds: 200, longestDelayMilliseconds: 2_000 };

/** A connection to a server; `key` is `user:password`, or a password alone for the user `default`. Nothing is asked yet. Throws `config-invalid`. */
export function connectClickhouse({ url, database, keyName }: ClickhouseAddress, key: string | undefined): ClickHouseClient {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol) || address.username !== "" || address.password !== "")
    throw new TuneupError(
      "config-invalid",
      "The address of ClickHouse is not an http or https address without a name and password in it.",
      {
        remedy: `Correct \`store.url\` in the operator file; user and password go into ${keyName}, as user:password.`,
      },
    );
  const colon = key?.indexOf(":") ?? -1;
  return createClient({
    url,
    database,
    application: "tuneup",
    request_timeout: 150_000,
    max_open_connections: 8,
    // Long lists of ids go into the body: proxies bound an address to a few kilobytes.
    use_multipart_params_auto: true,
    compression: { request: true, response: true },
    log: { level: ClickHouseLogLevel.OFF },
    ...(key === undefined || key === ""
      ? {}
      : colon < 0
        ? { password: key }
        : { username: key.slice(0, colon), password: key.slice(colon + 1) }),
  });
}

/**
 * Asks and tells a ClickHouse server. What fails for a moment is tried three times: every statement here may be sent twice. Errors name the server,
 * what was asked and ClickHouse's own code, never a value, a key or the server's words, which may quote a session.
 */
export class ClickhouseDatabase {
  readonly name: string;
  readonly #client: ClickHouseClient;
  readonly #address: ClickhouseAddress;
  readonly #retry: RetryTools;

  constructor(client: ClickHouseClient, address: ClickhouseAddress, retry: RetryTools) {
    this.#client = client;
    this.#address = address;
    this.#retry = retry;
    this.name = `ClickHouse at ${URL.canParse(address.url) ? new URL(address.url).origin : address.url}`;
  }

  /** The rows of a query; parameters go beside it, never into it. */
  ask(what: string, query: string, parameters: Parameters = {}): Promise<readonly Row[]> {
    return this.#send(what, async () => {
      const answer = await this.#client.query({ query, query_params: parameters, format: "JSONEachRow", clickhouse_settings: settings });
      return await answer.json<Row>();
    });
  }

  /** Adds rows in one block: all or nothing, on disk when it resolves. */
  async insert(table: string, values: readonly Row[]): Promise<void> {
    if (values.length === 0) return;
    await this.#send(`an insert into ${table}`, () =>
      this.#client.insert({ table, values, format: "JSONEachRow", clickhouse_settings: settings }),
    );
  }

  /** A statement without rows; done, deletions included, when it resolves. */
  async tell(what: string, query: string, parameters: Parameters = {}): Promise<void> {
    await this.#send(what, () => this.#client.command({ query, query_params: parameters, clickhouse_settings: settings }));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #send<T>(what: string, send: () => Promise<T>): Promise<T> {
    try {
      return await withRetries(send, (error) => ({ retry: isPassing(error) }), {
        limits,
        tools: this.#retry,
        signal: new AbortController().signal,
      });
    } catch (error) {
      throw clickhouseError(error, { what, server: this.name, address: this.#address });
    }
  }
}
