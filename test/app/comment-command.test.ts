import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commentCommand } from "../../src/app/commands/comment-command.ts";
import { commandTable, helpText, usageOf, verbs } from "../../src/app/commands/command-table.ts";

describe("a comment", () => {
  test.each([
    ["/tuneup run", { kind: "run" }],
    ["/tuneup run c-4f1d\nmore words", { kind: "run", cluster: "c-4f1d" }],
    ["/Tuneup RUN\tc-4f1d  \r\nmore", { kind: "run", cluster: "c-4f1d" }],
    ["/tuneup", { kind: "help" }],
    ["/tuneup help", { kind: "help" }],
    ["/tuneup retry", { kind: "retry" }],
    ["/tuneup revise say it shorter, and first", { kind: "revise", text: "say it shorter, and first" }],
    ["/tuneup replay 40", { kind: "replay", sessions: 40 }],
    ["/tuneup Smaller", { kind: "smaller" }],
    ["/tuneup ignore", { kind: "ignore", words: "" }],
    ["/tuneup ignore c-4f1d it is meant to be so", { kind: "ignore", words: "c-4f1d it is meant to be so" }],
    ["/tuneup unignore c-4f1d", { kind: "unignore", cluster: "c-4f1d" }],
    ["/tuneup pause", { kind: "pause" }],
  ])("%j is a command", (body, expected) => {
    expect(commentCommand(body)).toEqual(expected);
  });

  test.each([
    ["/tuneup dance", /no command `dance`/],
    ["/tuneup run a b", /a cluster is one word/],
    ["/tuneup run $(reboot)", /a cluster is one word/],
    ["/tuneup run https://evil.example/x", /a cluster is one word/],
    ["/tuneup revise", /say what to change/],
    [`/tuneup revise ${"x".repeat(501)}`, /at most 500/],
    ["/tuneup revise as in www.evil.example", /no links/],
    ["/tuneup replay", /whole number from 1 to 500/],
    ["/tuneup replay 501", /whole number/],
    ["/tuneup replay 1e2", /whole number/],
    ["/tuneup pause please", /nothing follows/],
    [`/tuneup ignore ${"x".repeat(501)}`, /at most 500/],
    ["/tuneup ignore see https://evil.example", /no links/],
    ["/tuneup @org/team#1", /no command `orgteam`/],
  ])("%j is a command written wrongly, and one line says how it is written", (body, why) => {
    const command = commentCommand(body);
    expect(command).toMatchObject({ kind: "unknown", why: expect.stringMatching(why) });
    expect(JSON.stringify(command)).not.toMatch(/\\n|https:|@|\$\(/);
  });

  test.each([
    "tuneup run",
    " /tuneup run",
    "> /tuneup run",
    "`/tuneup run`",
    "```\n/tuneup run\n```",
    "hello\n/tuneup run",
    "/tuneuprun",
    `/tuneup run ${"x".repeat(10_000)}`,
    "",
  ])("%j is none", (body) => {
    expect(commentCommand(body)).toBeUndefined();
  });
});

test("docs/commands.md describes every command, in the words of the help", () => {
  const page = readFileSync(new URL("../../docs/commands.md", import.meta.url), "utf8");
  const headings = [...page.matchAll(/^## `\/tuneup ([a-z]+)[^`]*`$/gm)].map(([line]) => line);
  expect(headings).toEqual(verbs.map((verb) => `## \`${usageOf(commandTable[verb])}\``));
  for (const line of helpText.split("\n")) expect(page).toContain(line);
});

test("the help lists every command once, as it is written", () => {
  const lines = helpText.split("\n");
  expect(lines).toHaveLength(verbs.length);
  for (const [index, verb] of verbs.entries()) expect(lines[index]).toContain(`\`${usageOf(commandTable[verb])}\``);
});
