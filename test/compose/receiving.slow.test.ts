import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { newProjectToken, withProjects } from "../../src/compose/projects.ts";
import { keepReceiving } from "../../src/compose/receiving.ts";
import { silentLog } from "../../src/compose/runtime.ts";
import { instant, projectId } from "../../src/domain/ids.ts";
import { hashOfToken } from "../../src/domain/receiving/project-token.ts";
import { start } from "../end-to-end/cli-process.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-keep-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A stand-in for the receiver that tells when it starts, with the names of its variables, and when its standard input ends. */
const script = join(root, "receiver.mjs");
writeFileSync(
  script,
  `const [url] = process.argv.slice(2);
   const answer = await fetch(url, { method: "POST", body: "started " + Object.keys(process.env).join(" ") });
   if ((await answer.text()) === "die") process.exit(1);
   process.stdin.on("end", async () => { await fetch(url, { method: "POST", body: "ended" }); process.exit(0); });
   process.stdin.resume();`,
);

async function projectFolder(): Promise<string> {
  const data = mkdtempSync(join(root, "d"));
  await withProjects({ data }, (projects) =>
    projects.create(projectId("support"), hashOfToken(newProjectToken()), instant("2026-01-20T00:00:00.000Z")),
  );
  return data;
}

describe("the receiver beside the App", () => {
  test("is started without any forge secret, started again when it dies, and ended with the service", async () => {
    const told: string[] = [];
    const stop = new AbortController();
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        told.push(body);
        response.end(told.length === 1 ? "die" : "live");
        if (told.length === 2) stop.abort();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const deaths: unknown[] = [];
    process.env["GITHUB_TOKEN"] = "not-for-the-receiver";
    try {
      await keepReceiving({
        place: { data: await projectFolder() },
        cwd: root,
        command: [script, url],
        log: { ...silentLog, error: (fields) => void deaths.push(fields) },
        signal: stop.signal,
      });
    } finally {
      delete process.env["GITHUB_TOKEN"];
      server.close();
    }
    expect(told.map((one) => one.split(" ")[0])).toEqual(["started", "started", "ended"]);
    expect(told[0]).toContain("PATH");
    expect(told[0]).not.toContain("GITHUB_TOKEN");
    expect(deaths).toEqual([{ code: 1, startsAgainInSeconds: 1 }]);
  });

  test("dies with the process that started it, however that one ended", async () => {
    const { child, ended } = start(["receive", "--port", "0", "--data", await projectFolder(), "--until-stdin-ends"], { cwd: root });
    // The test's processes have no standard input, which is what is left of a parent that was killed.
    const { code, err } = await ended;
    expect(code).toBe(0);
    expect(err).toMatch(/receiving traces[\s\S]*no longer receiving traces/);
    expect(child.killed).toBe(false);
  });
});
