import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { anEvidence } from "../builders/evidence-builder.ts";
import { tuneupIn } from "./cli-in-process.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tuneup-verify-"));
  mkdirSync(join(folder, ".tuneup", "evidence"), { recursive: true });
  writeFileSync(join(folder, ".tuneup", "evidence", "0123456789ab.json"), JSON.stringify(anEvidence()));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("evidence is found in the data folder by the name that a pull request gives it", async () => {
  expect(await tuneupIn(folder, ["verify", "0123456789ab.json"])).toMatchObject({ code: 0, err: "" });
  mkdirSync(join(folder, "elsewhere"));
  const data = join(folder, ".tuneup");
  expect(await tuneupIn(join(folder, "elsewhere"), ["verify", "0123456789ab.json", "--data", data])).toMatchObject({ code: 0, err: "" });
});

test("a path is taken as it is written", async () => {
  expect((await tuneupIn(folder, ["verify", "elsewhere/0123456789ab.json"])).code).not.toBe(0);
});
