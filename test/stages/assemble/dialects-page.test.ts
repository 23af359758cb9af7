import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dialectsPage, type Recorded } from "./dialects-page.ts";

const command = "npx vitest run --project fast test/stages/assemble/dialects-page.test.ts -u";
const recorded = (): Recorded =>
  JSON.parse(readFileSync(new URL("../../fixtures/dialects/expected-sessions.json", import.meta.url), "utf8")) as Recorded;

test("docs/dialects.md says what the recorded payloads give", async () => {
  await expect(dialectsPage(recorded(), command), `docs/dialects.md is stale; run: ${command}`).toMatchFileSnapshot(
    "../../../docs/dialects.md",
  );
});

test("the page follows the recordings: a part that goes missing shows", () => {
  const before = recorded();
  const broken = Object.fromEntries(
    Object.entries(before).map(([file, one]) => [
      file,
      { ...one, sessions: one.sessions.map((session) => ({ ...session, instructions: [] })) },
    ]),
  );
  expect(dialectsPage(broken, command)).not.toBe(dialectsPage(before, command));
  expect(dialectsPage(broken, command)).toMatch(/\| Strands Agents \| \d+ \| no \|/);
});
