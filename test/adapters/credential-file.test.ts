import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCredentialFile, writeCredentialFile } from "../../src/adapters/credential-file/credential-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tuneup-credentials-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const credentials = { id: "7", slug: "tuneup-acme", privateKey: "k".repeat(200), webhookSecret: "s".repeat(40) };

describe("the App's credentials on disk", () => {
  test("come back as they were kept, and only their owner may read them", () => {
    const path = join(folder, "data/github-app.json");
    writeCredentialFile(path, credentials);
    expect(readCredentialFile(path)).toEqual(credentials);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("are never overwritten", () => {
    const path = join(folder, "github-app.json");
    writeCredentialFile(path, credentials);
    expect(() => writeCredentialFile(path, { ...credentials, id: "8" })).toThrow(/there are some already/);
    expect(readCredentialFile(path)?.id).toBe("7");
  });

  test("are refused when others may read them or the file is damaged, without showing what is in it", () => {
    const path = join(folder, "github-app.json");
    writeCredentialFile(path, credentials);
    chmodSync(path, 0o644);
    expect(() => readCredentialFile(path)).toThrow(/can be read by others/);
    const damaged = join(folder, "damaged.json");
    writeFileSync(damaged, '{"id": "7", "privateKey": "very secret"', { mode: 0o600 });
    expect(() => readCredentialFile(damaged)).toThrow(/are damaged\.$/);
  });

  test("are absent where there is no file", () => {
    expect(readCredentialFile(join(folder, "none.json"))).toBeUndefined();
  });
});
