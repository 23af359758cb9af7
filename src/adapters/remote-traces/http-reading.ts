import { TuneupError } from "../../domain/errors.ts";
import { type Failure, isRetryableStatus, retryAfter, type RetryTools, withRetries } from "../../domain/retry.ts";

/** How a store is spoken to. */
export interface HttpReadingOptions {
  /** The store's name without its address: "Langfuse". */
  readonly store: string;
  readonly url: string;
  /** Sent with every request, to the store's own origin only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retry: RetryTools;
  /** At most so many requests a second; as fast as it goes when absent. */
  readonly perSecond?: number;
  /** Name of the variable that should hold the key; for the remedy. */
  readonly keyName: string;
  readonly signal?: AbortSignal;
}

/** Reading over HTTP: JSON in, JSON out, and nothing that is not the store's own answer. */
export interface HttpReading {
  readonly name: string;
  get(path: string, query?: Query): Promise<unknown>;
  /** For queries that a store takes in a body, as JSON or, given a text, as that text; never changes anything there. */
  post(path: string, body: unknown, query?: Query): Promise<unknown>;
}

type QueryValue = string | number | boolean | undefined;
export type Query = Readonly<Record<string, QueryValue | readonly string[]>>;

const limits = { tries: 5, firstDelayMilliseconds: 500, longestDelayMilliseconds: 60_000 };
const timeoutMilliseconds = 60_000;
const largestBytes = 128 * 1024 * 1024;
const mostRedirects = 3;

interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: Query;
  readonly body?: string;
  readonly isText?: boolean;
}

/** An answer other than success: tells the retry rules what it means. */
class Answered extends TuneupError {
  readonly failure: Failure;
  constructor(message: string, remedy: string, failure: Failure, fields: Readonly<Record<string, string | number>>) {
    super("trace-store-unavailable", message, { remedy, retryable: failure.retry, fields });
    this.failure = failure;
  }
}

/**
 * Reads a store over HTTP. Waits as the store asks (`retry-after`) and tries again within bounds; follows redirects within the store's origin only;
 * refuses answers above 128 MiB. Errors name the store, path and status, never a key, a query or what was answered.
 */
export function httpReading(options: HttpReadingOptions): HttpReading {
  const base = baseOf(options);
  const name = `${options.store} at ${base.origin}${base.pathname.replace(/\/$/, "")}`;
  const waitTurn = pacer(options);
  const signal = options.signal ?? new AbortController().signal;
  const ask = (call: Call): Promise<unknown> =>
    withRetries(
      async () => {
        await waitTurn(signal);
        return await once({ options, base, name, signal }, call);
      },
      (error) => (error instanceof Answered ? error.failure : { retry: false }),
      { limits, tools: options.retry, signal },
    );
  return {
    name,
    get: (path, query = {}) => ask({ method: "GET", path, query }),
    post: (path, body, query = {}) =>
      ask({ method: "POST", path, query, body: typeof body === "string" ? body : JSON.stringify(body), isText: typeof body === "string" }),
  };
}

function baseOf({ store, url }: HttpReadingOptions): URL {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base !== undefined && /^https?:$/.test(base.protocol) && base.username === "" && base.password === "") return base;
  throw new TuneupError("config-invalid", `The address of ${store} is not an http or https address without a name and password in it.`, {
    remedy: "Correct `traces.url`; the key goes into the variable that `traces.keyEnv` names.",
  });
}

/** Lets the next request begin when its turn has come. */
function pacer({ perSecond, retry }: HttpReadingOptions): (signal: AbortSignal) => Promise<void> {
  let free = 0;
  return async (signal) => {
    if (perSecond === undefined) return;
    const now = retry.now();
    const begin = Math.max(now, free);
    free = begin + 1000 / perSecond;
    if (begin > now) await retry.sleep(begin - now, signal);
  };
}

interface Wire {
  readonly options: HttpReadingOptions;
  readonly base: URL;
  readonly name: string;
  readonly signal: AbortSignal;
}

function addressOf(base: URL, { path, query }: Call): URL {
  const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base.origin);
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(one));
  }
  return url;
}

async function once(wire: Wire, call: Call): Promise<unknown> {
  let url = addressOf(wire.base, call);
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(wire, call, url);
    if (response.status < 300 || response.status >= 400) return await contentOf(wire, call, response);
    await response.body?.cancel();
    url = redirected(wire, call, response, redirects);
  }
}

async function send({ name, options, signal }: Wire, { body, isText, method, path }: Call, url: URL): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": isText === true ? "text/plain; charset=utf-8" : "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMilliseconds)]),
    });
  } catch {
    // The cause may quote the address with its query; its kind is all that helps.
    throw new Answered(
      `${name} cannot be reached (${method} ${path}).`,
      "Check `traces.url`, the network and the store itself, then run the same again.",
      { retry: true },
      { store: name, path },
    );
  }
}

function redirected({ base, name }: Wire, { method, path }: Call, response: Response, before: number): URL {
  const target = response.headers.get("location");
  const url = target !== null && URL.canParse(target, response.url || base.href) ? new URL(target, response.url || base.href) : undefined;
  const keepsMethod = method === "GET" || response.status === 307 || response.status === 308;
  if (url !== undefined && url.origin === base.origin && keepsMethod && before < mostRedirects) return url;
  throw new Answered(
    `${name} sends ${method} ${path} on to another address, which is not followed: the key is for ${base.origin} only.`,
    "Write the store's own address into `traces.url`.",
    { retry: false },
    { store: name, path, status: response.status },
  );
}

async function contentOf(wire: Wire, call: Call, response: Response): Promise<unknown> {
  const { name, options } = wire;
  if (!response.ok) {
    await response.body?.cancel();
    const { status } = response;
    const wished = retryAfter((header) => response.headers.get(header), options.retry.now());
    throw new Answered(
      `${name} answered ${status} to ${call.method} ${call.path}.`,
      remedyFor(status, options.keyName),
      isRetryableStatus(status) ? { retry: true, ...(wished === undefined ? {} : { afterMilliseconds: wished }) } : { retry: false },
      { store: name, path: call.path, status },
    );
  }
  const text = await bounded(wire, call, response);
  try {
    const content: unknown = JSON.parse(text);
    return content;
  } catch {
    // The engine's message quotes the text, which may be a session. A cut answer may come whole the next time.
    throw new Answered(
      `${name} answered ${call.method} ${call.path} with something that is not whole JSON.`,
      "Check that `traces.url` is the address of the store's API, not of a page or a proxy before it.",
      { retry: true },
      { store: name, path: call.path },
    );
  }
}

function remedyFor(status: number, keyName: string): string {
  if (status === 401 || status === 403) return `Check the key in ${keyName} and that it may read this project.`;
  if (status === 404) return "Check `traces.url` and `traces.project`, and that the store's version has this API (docs/trace-stores.md).";
  if (status === 429) return "Lower `traces.requestsPerSecond`, then run the same again.";
  return status >= 500 ? "Try again later." : "Check `traces` in the operator file against docs/trace-stores.md.";
}

async function bounded({ name }: Wire, { method, path }: Call, response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      bytes += part.byteLength;
      if (bytes > largestBytes) break;
      parts.push(part);
    }
  } catch {
    throw new Answered(`${name} broke off its answer to ${method} ${path}.`, "Run the same again.", { retry: true }, { store: name, path });
  }
  if (bytes <= largestBytes) return Buffer.concat(parts).toString("utf8");
  throw new Answered(
    `${name} answered ${method} ${path} with more than ${largestBytes / 1024 / 1024} MiB.`,
    "Lower `traces.pageSize`.",
    { retry: false },
    { store: name, path },
  );
}
