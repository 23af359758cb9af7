import nock from "nock";
import { afterEach, describe, expect, test } from "vitest";
import { MemoryTraceStore } from "../../src/adapters/memory-trace-store/memory-trace-store.ts";
import { readTracesFrom } from "../../src/compose/stores/trace-readers.ts";
import { type OperatorSettings, parseOperatorFile } from "../../src/config/operator-file.ts";
import { projectId } from "../../src/domain/ids.ts";

afterEach(() => nock.cleanAll());

const operator = (yaml: string): OperatorSettings => parseOperatorFile("tuneup.operator.yml", yaml);
const open = (yaml: string, variables: Readonly<Record<string, string>> = {}): ReturnType<typeof readTracesFrom> =>
  readTracesFrom({ operator: operator(yaml), own: new MemoryTraceStore(), redacted: (store) => store, variables });

describe("where traces are read from", () => {
  test("from Tuneup's own store, unless the operator file names another", async () => {
    const { reader, remote } = open("project: support");
    expect(remote(projectId("support"))).toBeUndefined();
    expect(await reader.clusters(projectId("support"))).toEqual([]);
  });

  test("from the store that the repository's entry names; other projects see nothing of it", () => {
    const { remote } = open(
      "repositories: { acme/agent: { project: support, traces: { kind: langfuse, url: 'https://a.example' } }, acme/other: { project: other } }",
      { LANGFUSE_KEYS: "pk:sk" },
    );
    expect(remote(projectId("support"))?.name).toBe("Langfuse at https://a.example");
    expect(remote(projectId("other"))).toBeUndefined();
  });

  test("with the key from the named variable, sent as Langfuse wants it", async () => {
    const { remote } = open("traces: { kind: langfuse, url: 'https://a.example', keyEnv: MY_KEYS }", { MY_KEYS: "pk:sk" });
    nock("https://a.example", { reqheaders: { authorization: `Basic ${Buffer.from("pk:sk").toString("base64")}` } })
      .get("/api/public/v2/observations")
      .query(true)
      .reply(200, { data: [], meta: {} });
    await expect(remote(projectId("default"))?.check()).resolves.toBeUndefined();
  });

  test("a missing key is named before anything is asked", () => {
    expect(() => open("traces: { kind: langfuse, url: 'https://a.example' }").remote(projectId("default"))).toThrow(
      /LANGFUSE_KEYS is not set/,
    );
  });

  test("an address with a password in it is refused without being repeated", () => {
    const { remote } = open("traces: { kind: langfuse, url: 'https://user:hunter2@a.example' }", { LANGFUSE_KEYS: "pk:sk" });
    expect(() => remote(projectId("default"))).toThrow(/^(?!.*hunter2).*without a name and password/);
  });
});
