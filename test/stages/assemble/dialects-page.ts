import { captureOptions } from "../../../src/stages/assemble/capture-options.ts";
import { dialects } from "../../../src/stages/assemble/dialects.ts";
import type { SessionSummary } from "./session-summary.ts";

/** What the recordings gave, by file. */
export type Recorded = Readonly<
  Record<string, { readonly sessions: readonly SessionSummary[]; readonly notUnderstood: readonly string[] }>
>;

const share = (holds: readonly boolean[]): string =>
  holds.length === 0 ? "–" : holds.every(Boolean) ? "yes" : holds.some(Boolean) ? "some" : "no";

type Fact = readonly [title: string, of: (session: SessionSummary) => boolean | undefined];

/** `undefined`: the session says nothing about it. */
const facts: readonly Fact[] = [
  ["system prompt", (session) => session.instructions.length > 0],
  ["conversation", (session) => !session.missing.includes("messages")],
  ["tool definitions", (session) => (session.toolCalls.length === 0 ? undefined : session.tools.length > 0)],
  ["tool results", (session) => (session.toolCalls.length === 0 ? undefined : !session.missing.includes("tool-output"))],
  ["model", (session) => !session.missing.includes("model")],
  ["settings", (session) => Object.keys(session.parameters).length > 0],
  ["tokens", (session) => session.usage.input > 0],
  ["user", (session) => session.user],
];

function row(name: string, sessions: readonly SessionSummary[]): string {
  const cells = facts.map(([, of]) => share(sessions.flatMap((session) => of(session) ?? [])));
  return `| ${[name, String(sessions.length), ...cells].join(" | ")} |`;
}

const optionRows = (name: string): readonly string[] => {
  const options = captureOptions[name];
  if (options === undefined) return [];
  const byText = new Map<string, string[]>();
  for (const [part, option] of Object.entries(options)) byText.set(option, [...(byText.get(option) ?? []), part]);
  return [...byText].map(([option, parts]) => `| ${name} | ${parts.join(", ")} | ${option} |`);
};

/** `docs/dialects.md`, from what the recordings gave. */
export function dialectsPage(recorded: Recorded, command: string): string {
  const sessions = Object.values(recorded).flatMap((one) => one.sessions);
  const of = (name: string): readonly SessionSummary[] => sessions.filter((session) => session.dialects[0] === name);
  const known = dialects.filter(({ name }) => of(name).length > 0);
  const unseen = dialects.filter(({ name }) => of(name).length === 0).map(({ name }) => name);
  const silent = Object.entries(recorded).filter(([, one]) => one.sessions.length === 0);
  return `${[
    "# Dialects",
    "",
    "How agents' traces are written, and what Tuneup reads out of them. [traces.md](traces.md) says how to send them.",
    `This page is made by a test from recorded payloads: \`${command}\` writes it anew.`,
    "",
    "## What the recordings give",
    "",
    `${sessions.length} sessions of ${Object.keys(recorded).length} recorded payloads. "some": some of the sessions. "–": none of them calls a tool. What a session gives depends on how the recorded`,
    'agent was set up as much as on the dialect: "no" in the user column mostly means that the sample\'s author set none.',
    "",
    `| dialect | sessions | ${facts.map(([title]) => title).join(" | ")} |`,
    `| --- | --- | ${facts.map(() => "---").join(" | ")} |`,
    ...known.map(({ name }) => row(name, of(name))),
    "",
    `Read as well, from documentation and hand-made spans, without a recording: ${unseen.join(", ")}.`,
    "",
    "A span's dialect is told by its instrumentation scope, else by its attributes, span by span: one trace often mixes several. A session stands in the row of the dialect that gave most of it.",
    "",
    "## What gives no session",
    "",
    ...silent.map(
      ([file, one]) =>
        `- \`${file}\`: ${one.notUnderstood.length === 0 ? "nothing in it is about a conversation" : one.notUnderstood.join("; ")}`,
    ),
    "",
    "Spans of unknown kinds stay in the trace store as they came; `tuneup doctor` and `tuneup scan` count them by dialect.",
    "",
    "## What turns a missing part on",
    "",
    "| dialect | part | option |",
    "| --- | --- | --- |",
    ...dialects.flatMap(({ name }) => optionRows(name)),
    "",
    "`tuneup doctor` says which of these your own traces need.",
  ].join("\n")}\n`;
}
