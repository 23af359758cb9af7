import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import nock from "nock";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { backUpTraces, openOwnStore, type OwnStoreSettings } from "../../src/compose/stores/own-store.ts";
import { type OperatorSettings, parseOperatorFile } from "../../src/config/operator-file.ts";
import { projectId, sessionId } from "../../src/domain/ids.ts";

const data = mkdtempSync(join(tmpdir(), "tuneup-own-store-"));
afterAll(() => rmSync(data, { recursive: true, force: true }));
afterEach(() => nock.cleanAll());

const operator = (yaml: string): OperatorSettings => parseOperatorFile("tuneup.operator.yml", yaml);
const settings = (yaml: string, variables: OwnStoreSettings["variables"] = {}): OwnStoreSettings => ({
  data,
  operator: operator(yaml),
  variables,
});
const url = "http://clickhouse.example:8123";

describe("where received sessions are kept", () => {
  test("in a file of the data folder, unless the operator file names a server", async () => {
    const store = openOwnStore(settings("project: support"));
    expect(await store.session(projectId("support"), sessionId("none"))).toBeUndefined();
    await store.close();
  });

  test("in the ClickHouse that `store` names, which is asked for nothing before it is used", async () => {
    const store = openOwnStore(settings(`store: { kind: clickhouse, url: '${url}', database: tuneup }`, { CLICKHOUSE_KEY: "writer:word" }));
    const asked = nock(url)
      .post(/database=tuneup/)
      .reply(200, '{"version":"22.3.1.1"}\n');
    await expect(store.session(projectId("support"), sessionId("s"))).rejects.toThrow(/version 22\.3\.1\.1, which is too old/);
    expect(asked.isDone()).toBe(true);
    await store.close();
  });

  test("a key that the operator named and nobody set is an error before anything is asked", () => {
    expect(() => openOwnStore(settings(`store: { kind: clickhouse, url: '${url}', keyEnv: MY_KEY }`))).toThrow(/MY_KEY is not set/);
  });

  test("a database that is no name, and an unknown kind, are problems of the operator file", () => {
    expect(() => operator(`store: { kind: clickhouse, url: '${url}', database: 'x; DROP' }`)).toThrow(/letters, digits and underscores/);
    expect(() => operator("store: { kind: postgres, url: 'http://x.example' }")).toThrow(/store\.kind/);
  });

  test("a server is not backed up into a file: its own way is named", async () => {
    await expect(
      backUpTraces(settings(`store: { kind: clickhouse, url: '${url}', database: tuneup }`), join(data, "copy")),
    ).rejects.toMatchObject({
      code: "usage",
      remedy: expect.stringContaining("BACKUP DATABASE tuneup") as string,
    });
  });
});
