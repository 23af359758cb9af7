import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScanDocument } from "../../src/domain/documents.ts";
import { start, tuneup } from "./cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-receiving-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const example = (name: string): string => fileURLToPath(new URL(`../../examples/send-traces/${name}`, import.meta.url));

/** Whether this machine's Python has the OpenTelemetry SDK: `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`. */
const hasPythonSdk = ((): boolean => {
  try {
    execFileSync("python3", ["-c", "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.http.trace_exporter"], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
})();

/** Runs a sender with nothing but the two variables that every SDK understands. */
function send(program: string, script: string, variables: Readonly<Record<string, string>>): Promise<number | null> {
  const child = spawn(program, [script], {
    env: { PATH: process.env["PATH"] ?? "", ...variables },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
}

/** Starts `tuneup receive` on a free port; resolves once it says where. */
async function receive(
  cwd: string,
): Promise<{ readonly url: string; readonly stop: () => Promise<{ readonly code: number | null; readonly err: string }> }> {
  const listening = Promise.withResolvers<string>();
  const { child, ended } = start(["receive", "--port", "0"], {
    cwd,
    watch: (text) => {
      const url = /"receiving traces","url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) listening.resolve(url);
    },
  });
  void ended.then(({ err }) => listening.reject(new Error(err)));
  return {
    url: await listening.promise,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

describe("from an SDK that knows only an address and a token to labelled sessions", () => {
  let cwd = "";
  let variables: Readonly<Record<string, string>> = {};
  let receiver: Awaited<ReturnType<typeof receive>>;
  beforeAll(async () => {
    cwd = mkdtempSync(join(root, "r"));
    const { out } = await tuneup(["project", "create", "support", "--json"], { cwd });
    const { token } = JSON.parse(out) as { token: string };
    receiver = await receive(cwd);
    variables = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token}` };
  });

  const outcomesOf = async (prefix: string): Promise<readonly (readonly [string, string])[]> => {
    const { out } = await tuneup(["scan", "--project", "support", "--json"], { cwd });
    const { outcomes } = JSON.parse(out) as ScanDocument;
    return outcomes.flatMap((one) => (one.sessionId.startsWith(prefix) ? [[one.sessionId, one.result] as const] : []));
  };

  test("the JavaScript example runs as it is", async () => {
    expect(await send(process.execPath, example("agent.mjs"), variables)).toBe(0);
    expect(await outcomesOf("js-")).toEqual([
      ["js-1", "succeeded"],
      ["js-2", "failed"],
    ]);
  });

  test.skipIf(!hasPythonSdk)("the Python example runs as it is (where python3 has opentelemetry-sdk)", async () => {
    expect(await send("python3", example("agent.py"), variables)).toBe(0);
    expect(await outcomesOf("py-")).toEqual([
      ["py-1", "succeeded"],
      ["py-2", "failed"],
    ]);
  });

  test("the receiver ends when it is told to, and what it received is counted", async () => {
    const { code, err } = await receiver.stop();
    expect(code).toBe(0);
    expect(err).toContain("no longer receiving traces");
    expect(err).not.toContain("tup_");
    const { out } = await tuneup(["project", "list", "--json"], { cwd });
    expect((JSON.parse(out) as { spans: number }[])[0]?.spans).toBeGreaterThanOrEqual(10);
  });
});
