import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version that is compared with. */
export const promptfooVersion = "0.123.1";

/** A Chat Completions server that answers at once. */
export async function instantServer(): Promise<{ readonly url: string; readonly requests: () => number; close(): void }> {
  let requests = 0;
  const body = JSON.stringify({
    id: "c",
    object: "chat.completion",
    model: "gpt-x",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "The answer is 42." } }],
    usage: { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 },
  });
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      requests += 1;
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: () => requests,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Seconds of CPU, user and system, that a command and its children took; `undefined` when it fails. */
function cpuSeconds(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number | undefined> {
  const script = `TIMEFORMAT='cpu %U %S'; time "$@" >/dev/null 2>&1`;
  return new Promise((resolve) => {
    execFile("bash", ["-c", script, "bench", ...command], { ...options, timeout: 120_000, encoding: "utf8" }, (error, _stdout, stderr) => {
      const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
      const failed = error !== null && !(error.code === 100);
      resolve(failed || user === undefined || system === undefined ? undefined : Number(user) + Number(system));
    });
  });
}

/** CPU milliseconds for one more call: the difference between a long and a short run, so that starting up does not count. */
async function perCall(run: (count: number) => Promise<number | undefined>, few: number, many: number): Promise<number | undefined> {
  const short = await run(few);
  const long = await run(many);
  return short === undefined || long === undefined ? undefined : ((long - short) / (many - few)) * 1000;
}

const child = fileURLToPath(new URL("cpu-child.ts", import.meta.url));

/** Ours: Rehearsal, scheduler and the real OpenAI adapter. */
export const ourCpu = (url: string, few: number, many: number): Promise<number | undefined> =>
  perCall((count) => cpuSeconds([process.execPath, child, url, String(count)], { cwd: dirname(child), env: process.env }), few, many);

/** Installs promptfoo into a temporary folder, kept between runs; says why not where it cannot be. */
export async function installPromptfoo(timeout: number): Promise<{ readonly bin: string } | { readonly why: string }> {
  const folder = join(tmpdir(), "tuneup-bench-promptfoo");
  const bin = join(folder, "node_modules", "promptfoo", "dist", "src", "entrypoint.js");
  const older = join(folder, "node_modules", "promptfoo", "dist", "src", "main.js");
  const found = (): string | undefined => [bin, older].find((path) => existsSync(path) && existsSync(join(folder, "complete")));
  const known = found();
  if (known !== undefined) return { bin: known };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  const npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--omit=dev", `promptfoo@${promptfooVersion}`];
  const why = await new Promise<string | undefined>((resolve) => {
    execFile("npm", npm, { cwd: folder, timeout }, (error) =>
      resolve(
        error === null
          ? undefined
          : error.killed === true
            ? `the installation took longer than ${timeout / 1000} s`
            : "npm could not install it",
      ),
    );
  });
  if (why !== undefined) return { why };
  writeFileSync(join(folder, "complete"), promptfooVersion);
  const installed = found();
  return installed === undefined ? { why: "its entry point was not found" } : { bin: installed };
}

/** promptfoo: as many tests as calls against the same server, the same words, one assertion each, eight at once, no cache. */
export async function promptfooCpu(bin: string, url: string, few: number, many: number): Promise<number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "tuneup-bench-pf-"));
  try {
    const env = {
      ...process.env,
      OPENAI_API_KEY: "none",
      PROMPTFOO_CONFIG_DIR: folder,
      PROMPTFOO_DISABLE_TELEMETRY: "1",
      PROMPTFOO_DISABLE_UPDATE: "1",
      PROMPTFOO_CACHE_ENABLED: "false",
    };
    return await perCall(
      (count) => {
        const config = join(folder, `config-${count}.json`);
        writeFileSync(config, JSON.stringify(configFor(url, count)));
        const flags = ["eval", "-c", config, "--no-cache", "--no-table", "--no-write", "--no-progress-bar", "-j", "8"];
        return cpuSeconds([process.execPath, bin, ...flags], { cwd: folder, env });
      },
      few,
      many,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const configFor = (url: string, count: number): object => ({
  prompts: [
    [
      { role: "system", content: "You answer questions about a shop." },
      { role: "user", content: "What is the answer to question {{number}}?" },
    ],
  ].map((prompt) => JSON.stringify(prompt)),
  providers: [{ id: "openai:chat:gpt-x", config: { apiBaseUrl: url } }],
  tests: Array.from({ length: count }, (_, index) => ({ vars: { number: String(index) }, assert: [{ type: "contains", value: "42" }] })),
});
