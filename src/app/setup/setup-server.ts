import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { TuneupError } from "../../domain/errors.ts";
import { githubPages } from "../../domain/github-address.ts";
import type { Log } from "../../ports/runtime.ts";
import { longestName, manifestOf } from "./manifest.ts";
import { type Choices, choicesPage, confirmPage, donePage, type Page, problemPage, styleSource } from "./setup-page.ts";

/** An App as GitHub hands it out. */
export interface CreatedApp {
  readonly id: string;
  readonly slug: string;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly page: string;
}

export interface SetupOptions {
  readonly port: number;
  readonly host: string;
  /** Text of `app.yml`. */
  readonly manifest: string;
  readonly apiUrl?: string;
  /** Exchanges GitHub's code for the App's credentials. */
  readonly convert: (code: string) => Promise<CreatedApp>;
  /** Keeps the credentials; must refuse to overwrite. */
  readonly keep: (app: CreatedApp) => void;
  /** Where `keep` puts them, for the last page. */
  readonly credentialFile: string;
  /** At least 32 unguessable characters that fit a URL, new at every call. */
  readonly secret: () => string;
  readonly log: Log;
}

export interface SetupServer {
  /** The address to open, with its one-time token where one is needed. */
  readonly link: string;
  /** Resolves once the credentials are kept; rejects never. */
  readonly done: Promise<CreatedApp>;
  close(): Promise<void>;
}

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
const largestForm = 16 * 1024;
const cookieName = "tuneup-setup";

const choicesSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(longestName)
    .regex(/^[\p{L}\p{N} ._()-]+$/u),
  organization: z
    .string()
    .trim()
    .max(39)
    .regex(/^(?:[A-Za-z\d](?:-?[A-Za-z\d])*)?$/),
  publicUrl: z.string().trim().max(300),
});

/**
 * The setup page: GitHub's manifest flow. Listening on loopback it answers whoever sits at this machine; on any other address only who opens
 * the link from the log, once. The browser that opened it is known by a cookie that other sites cannot use.
 */
export async function startSetupServer(options: SetupOptions): Promise<SetupServer> {
  const setup = new Setup(options);
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000 },
    (request, response) => void setup.answer(request, response),
  );
  await listen(server, options.port, options.host);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    link: setup.link(port),
    done: setup.done,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

class Setup {
  readonly done: Promise<CreatedApp>;
  readonly #options: SetupOptions;
  readonly #isLocal: boolean;
  #finish: (app: CreatedApp) => void = () => undefined;
  /** Opens the page once; spent when empty. */
  #token: string;
  /** What the browser's cookie holds. */
  #browser: string;
  /** Comes back from GitHub with the code; spent when empty. */
  #state = "";
  #isConverting = false;
  /** Names of Apps are unique on the whole of GitHub. */
  readonly #name: string;

  constructor(options: SetupOptions) {
    this.#options = options;
    this.#isLocal = loopback.test(options.host.includes(":") ? `[${options.host}]` : options.host);
    this.#token = options.secret();
    this.#browser = options.secret();
    this.#name = `tuneup-${options
      .secret()
      .replace(/[^a-z\d]/gi, "")
      .slice(-5)
      .toLowerCase()}`;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  link(port: number): string {
    const host = this.#options.host.includes(":") ? `[${this.#options.host}]` : this.#options.host;
    return this.#isLocal ? `http://${host}:${port}/setup` : `http://<this machine>:${port}/setup?token=${this.#token}`;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? "/", "http://localhost");
      await this.#route(`${request.method ?? ""} ${url.pathname}`, url, request, response);
    } catch (error) {
      const known = error instanceof TuneupError;
      this.#options.log.error({ code: known ? error.code : "unexpected" }, "the setup page failed");
      const page = known
        ? problemPage("This did not work", error.message, error.remedy)
        : problemPage("This did not work", "Something unexpected happened.", "The log says more.");
      send(response, known && error.code === "usage" ? 400 : 502, page, this.#policy());
    }
  }

  async #route(route: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (route === "GET /healthz") return void response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    if (!["GET /", "GET /setup", "POST /setup", "GET /setup/callback"].includes(route)) return this.#send(response, 404, notHere);
    // A page of a stranger that points a name of its own at this machine has that name in Host.
    if (this.#isLocal && !loopback.test(request.headers.host ?? "")) return this.#send(response, 403, wrongHost);
    if (route === "GET /") return redirect(response, "/setup");
    if (route === "GET /setup" && this.#opens(url.searchParams.get("token"))) {
      response.setHeader("set-cookie", `${cookieName}=${this.#browser}; Path=/setup; HttpOnly; SameSite=Lax; Max-Age=3600`);
      return redirect(response, "/setup");
    }
    if (!this.#isKnown(request)) {
      if (!this.#isLocal || route !== "GET /setup") return this.#send(response, 403, notOpened);
      response.setHeader("set-cookie", `${cookieName}=${this.#browser}; Path=/setup; HttpOnly; SameSite=Lax; Max-Age=3600`);
    }
    if (route === "POST /setup") return this.#confirm(request, response);
    if (route === "GET /setup/callback") return this.#callback(url, response);
    return this.#send(response, 200, choicesPage(this.#defaults(), { action: "/setup" }));
  }

  #opens(token: string | null): boolean {
    if (this.#isLocal || token === null || !isSame(token, this.#token)) return false;
    this.#token = "";
    return true;
  }

  #isKnown(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(/;\s*/);
    return cookies.some((cookie) => cookie.startsWith(`${cookieName}=`) && isSame(cookie.slice(cookieName.length + 1), this.#browser));
  }

  async #confirm(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = "", origin = "" } = request.headers;
    if (!URL.canParse(origin) || new URL(origin).host !== host) return this.#send(response, 403, wrongHost);
    const form = new URLSearchParams(await bodyOf(request));
    const given = { name: form.get("name") ?? "", organization: form.get("organization") ?? "", publicUrl: form.get("publicUrl") ?? "" };
    const parsed = choicesSchema.safeParse(given);
    const publicUrl = originOf(given.publicUrl);
    if (!parsed.success || publicUrl === undefined)
      return this.#send(response, 422, choicesPage(given, { action: "/setup", problem: problemOf(parsed, publicUrl) }));
    this.#state = this.#options.secret();
    const manifest = manifestOf(this.#options.manifest, { name: parsed.data.name, publicUrl, redirect: `${origin}/setup/callback` });
    const owner = parsed.data.organization === "" ? "/settings" : `/organizations/${parsed.data.organization}/settings`;
    const action = `${githubPages(this.#options.apiUrl)}${owner}/apps/new?state=${this.#state}`;
    return this.#send(response, 200, confirmPage(manifest, { action, back: "/setup" }));
  }

  async #callback(url: URL, response: ServerResponse): Promise<void> {
    const code = url.searchParams.get("code") ?? "";
    if (
      this.#state === "" ||
      this.#isConverting ||
      !isSame(url.searchParams.get("state") ?? "", this.#state) ||
      !/^[\w-]{1,200}$/.test(code)
    )
      return this.#send(response, 400, strayCallback);
    this.#isConverting = true;
    try {
      const app = await this.#options.convert(code);
      this.#state = "";
      this.#options.keep(app);
      this.#options.log.info({ app: app.slug, file: this.#options.credentialFile }, "the App is set up");
      response.once("close", () => this.#finish(app));
      this.#send(response, 200, donePage({ slug: app.slug, page: app.page, credentialFile: this.#options.credentialFile }));
    } finally {
      this.#isConverting = false;
    }
  }

  #defaults(): Choices {
    return { name: this.#name, organization: "", publicUrl: "" };
  }

  #send(response: ServerResponse, status: number, page: Page): void {
    send(response, status, page, this.#policy());
  }

  #policy(): string {
    return `default-src 'none'; style-src ${styleSource}; form-action 'self' ${githubPages(this.#options.apiUrl)}; base-uri 'none'; frame-ancestors 'none'`;
  }
}

const notHere = problemPage("There is nothing here", "This Tuneup is not set up yet.", "Open the link that it printed at its start.");
const notOpened = problemPage(
  "This link is spent, or it is not the one from the log",
  "The setup page opens once, for the browser that used the link.",
  "Restart `tuneup serve` for a new link.",
);
const wrongHost = problemPage(
  "Wrong address",
  "The request did not come from this page.",
  "Open the address that Tuneup printed at its start.",
);
const strayCallback = problemPage(
  "This did not come from the setup page",
  "GitHub's answer does not belong to a form of this page, or it was used already.",
  "Open /setup again.",
);

/** Scheme and host of a public address; `undefined` when it is not HTTPS (HTTP for this machine alone), or has anything more. */
function originOf(text: string): URL | undefined {
  if (!URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  const isPlain = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return isPlain && (url.protocol === "https:" || (url.protocol === "http:" && loopback.test(url.host))) ? url : undefined;
}

function problemOf(parsed: z.ZodSafeParseResult<Choices>, publicUrl: URL | undefined): string {
  if (publicUrl === undefined)
    return "The address must be https:// with a host and nothing behind it, for example https://tuneup.example.com.";
  const field = parsed.error?.issues[0]?.path[0];
  if (field === "organization") return "An organization's name has letters, digits and single hyphens.";
  return `The App's name has 1 to ${longestName} letters, digits, spaces, dots, hyphens or parentheses.`;
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return expected !== "" && left.length === right.length && timingSafeEqual(left, right);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largestForm)
      throw new TuneupError("usage", "The form is larger than any that this page sends.", { remedy: "Open /setup again." });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, page: Page, policy: string): void {
  response
    .writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
    })
    .end(page);
}

const redirect = (response: ServerResponse, location: string): void =>
  void response.writeHead(303, { location, "cache-control": "no-store" }).end();

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new TuneupError("config-invalid", `Port ${port} on ${host} cannot be listened on: ${cause.message}.`, {
          remedy: "Choose another with --port or PORT.",
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}
