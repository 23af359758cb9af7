import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openTraceStore } from "../../src/compose.ts";
import { parseOperatorFile } from "../../src/config/operator-file.ts";
import { projectId, sessionId } from "../../src/domain/ids.ts";
import { aSpan } from "../adapters/redaction/redactor-builder.ts";

const data = mkdtempSync(join(tmpdir(), "tuneup-redacting-"));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const operator = parseOperatorFile(
  "tuneup.operator.yml",
  `redaction:
  patterns: [{ kind: CUSTOMER_ID, pattern: 'C-[0-9]{6}' }]
  projects:
    billing: { keep: [billing@acme.example] }
    synthetic: off
`,
);

test("a trace project may have redaction settings of its own, or none; the others have the general ones", async () => {
  const store = openTraceStore(data, operator);
  const said = async (name: string): Promise<unknown> => {
    const project = projectId(name);
    await store.add(project, { spans: [aSpan({ "session.id": "s", text: "C-123456 billing@acme.example ada@mail.example" })] });
    return (await store.session(project, sessionId("s")))?.spans[0]?.attributes["text"];
  };
  const tag = "[a-z2-7]{10}>";
  expect(await said("support")).toMatch(new RegExp(`^<CUSTOMER_ID_${tag} <EMAIL_${tag} <EMAIL_${tag}$`));
  expect(await said("billing")).toMatch(new RegExp(`^C-123456 billing@acme\\.example <EMAIL_${tag}$`));
  expect(await said("synthetic")).toBe("C-123456 billing@acme.example ada@mail.example");
  await store.close();
});
