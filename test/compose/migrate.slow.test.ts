import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { moveState } from "../../src/compose/state/move-state.ts";
import { filesOf, openState } from "../../src/compose/state.ts";
import { instant, projectId } from "../../src/domain/ids.ts";
import { makeProjectToken, hashOfToken } from "../../src/domain/receiving/project-token.ts";
import { type PostgresServer, startPostgres } from "../doubles/postgres-server.ts";

const root = mkdtempSync(join(tmpdir(), "tuneup-migrate-"));
const at = instant("2026-01-20T00:00:00.000Z");
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** A data folder in which a service has worked. */
async function used(name: string, documents = 1200): Promise<string> {
  const data = join(root, name);
  const state = filesOf(data);
  const [ledger, records, projects] = [state.ledger(), state.records(), state.projects()];
  for (let index = 0; index < documents; index += 1) await ledger.put(`kept/${index}`, { index, text: "half a pair \ud800, a NUL \u0000" });
  await ledger.delivery("guid-1");
  await ledger.spend(projectId("support"), "judge", { inputTokens: 10, outputTokens: 2, dollars: 0.5 }, at);
  await ledger.spend(projectId("support"), "judge", { inputTokens: 10, outputTokens: 2, dollars: 0.5 }, at);
  for (const action of ["command", "publish"])
    await records.audit.record({ at, action, actor: "ada", repository: "acme/agent", details: {} });
  await projects.create(projectId("support"), hashOfToken(makeProjectToken(new Uint8Array(32))), at);
  for (const part of [records, projects, ledger]) await part.close();
  return data;
}

describe("what an installation remembers in files", () => {
  test("stands in the database after a copy, once, also when the first try broke off", async () => {
    const data = await used("whole");
    const database = await server.freshDatabase();
    const stopped = moveState({ data, database }, (table) => {
      if (table === "spending") throw new Error("pulled the plug");
    });
    await expect(stopped).rejects.toThrow("pulled the plug");
    const copied = await moveState({ data, database }, () => undefined);
    expect(copied).toEqual({
      deliveries: 1,
      documents: 1200,
      proposals: 0,
      spending: 2,
      inbox: 0,
      audit: 2,
      projects: 1,
      project_tokens: 1,
    });
    const state = await openState({ data: root, database });
    const [ledger, records, projects] = [state.ledger(), state.records(), state.projects()];
    expect(await ledger.get("kept/1199")).toEqual({ index: 1199, text: "half a pair \ud800, a NUL \u0000" });
    expect((await ledger.keys("kept/")).length).toBe(1200);
    expect(await ledger.delivery("guid-1")).toBe("seen");
    expect(await ledger.spent(projectId("support"), at)).toMatchObject({ inputTokens: 20, dollars: 1 });
    expect((await records.audit.entries(10)).map((entry) => entry.action).toSorted()).toEqual(["command", "publish"]);
    expect((await projects.list(at)).map((project) => project.name)).toEqual(["support"]);
    for (const part of [records, projects, ledger, state]) await part.close();
  });

  test("is never mixed with another installation's, nor left while jobs are under way", async () => {
    const database = await server.freshDatabase();
    await moveState({ data: await used("first", 1), database }, () => undefined);
    const second = await used("second", 1);
    await expect(moveState({ data: second, database }, () => undefined)).rejects.toThrow(/holds a finished copy already/);
    const other = await server.freshDatabase();
    const state = await openState({ data: root, database: other });
    const ledger = state.ledger();
    await ledger.put("mine", 1);
    await ledger.close();
    await state.close();
    await expect(moveState({ data: second, database: other }, () => undefined)).rejects.toThrow(/in use by another installation/);
    const files = filesOf(second);
    const kept = files.ledger();
    const queue = await files.jobs(kept);
    await queue.add({ name: "run", key: "k", payload: {} });
    await queue.stop();
    await kept.close();
    await expect(moveState({ data: second, database: await server.freshDatabase() }, () => undefined)).rejects.toThrow(
      /One job is not finished/,
    );
    await expect(moveState({ data: join(root, "nothing"), database }, () => undefined)).rejects.toThrow(/There is no ledger/);
  });
});
