import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { filesOf } from "../../src/compose/state.ts";
import { projectDirectoryContract } from "./project-directory.ts";

const folder = mkdtempSync(join(tmpdir(), "tuneup-projects-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

projectDirectoryContract("the trace projects in SQLite", async () => {
  const data = join(folder, String((count += 1)));
  return [filesOf(data).projects(), filesOf(data).projects()];
});

test("says which file of trace projects cannot be opened and what helps", () => {
  expect(() => filesOf("/dev/null").projects()).toThrow(/trace projects at \/dev\/null\/projects\.db cannot be opened/);
});
