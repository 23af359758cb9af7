import { buildCommand, buildRouteMap } from "@stricli/core";
import { openTraceStore, readOperator } from "../../compose.ts";
import { newProjectToken, withProjects } from "../../compose/projects.ts";
import { forgetConversations } from "../../compose/stores/kept-transcripts.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type Instant, later, type ProjectId, projectId } from "../../domain/ids.ts";
import { hashOfToken, type ProjectToken } from "../../domain/receiving/project-token.ts";
import type { ProjectDirectory, TraceProject } from "../../ports/project-directory.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, parseWhole, placesOf } from "../flags.ts";
import { plural, printable, table } from "../table.ts";
import { showCommand } from "./project-show.ts";

type Flags = Pick<CommonFlags, "data" | "json">;

const flags = { data: commonFlags.data, json: commonFlags.json } as const;
const nameOfProject = {
  kind: "tuple",
  parameters: [{ brief: "Name of the trace project", placeholder: "name", parse: String }],
} as const;

const hour = 3_600_000;
const defaultGraceHours = 24;

function newName(text: string): ProjectId {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return projectId(text);
  throw new TuneupError("usage", `"${printable(text.slice(0, 100))}" cannot be the name of a trace project.`, {
    remedy: "Use letters, digits, dots, hyphens and underscores; at most 100, the first one a letter or digit.",
  });
}

async function unknownProject(projects: ProjectDirectory, name: string, at: Instant): Promise<TuneupError> {
  const known = (await projects.list(at)).map((project) => project.name).join(", ");
  return new TuneupError(
    "usage",
    `There is no trace project "${printable(name)}" that receives traces. Known: ${known === "" ? "none" : known}.`,
    { remedy: "`tuneup project create <name>` makes one and shows its token." },
  );
}

/** A new token with what a sender needs; the only time that it can be seen. */
function describeToken(token: ProjectToken, { environment }: CliContext): string {
  return [
    "Its token, shown this once (only a hash of it is kept):",
    "",
    `  ${token}`,
    "",
    "What every OpenTelemetry SDK understands (more in docs/send-traces.md):",
    "",
    `  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${environment.otlpPort ?? "4318"}`,
    `  OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20${token}`,
    "",
  ].join("\n");
}

const createCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Make a trace project and the token that senders show",
    fullDescription: [
      "Makes a trace project that receives OTLP traces, and its bearer token. The token is shown once; whoever holds it can add traces to this",
      "project, and nothing else. Which repository may see the traces is bound in tuneup.operator.yml (`repositories`).",
      "",
      "  tuneup project create support",
    ].join("\n"),
  },
  parameters: { positional: nameOfProject, flags },
  async func(given, text) {
    const name = newName(text);
    const token = newProjectToken();
    const result = await withProjects(placesOf(this, given), (projects) => projects.create(name, hashOfToken(token), this.now()));
    if (result === "exists") {
      throw new TuneupError("usage", `There is a trace project "${name}" already.`, {
        remedy: `\`tuneup project rotate ${name}\` makes another token for it.`,
      });
    }
    this.process.stdout.write(
      given.json === true ? `${JSON.stringify({ project: name, token })}\n` : `Trace project "${name}" made. ${describeToken(token, this)}`,
    );
  },
});

interface RotateFlags extends Flags {
  readonly graceHours?: number;
  readonly now?: boolean;
}

const rotateCommand = buildCommand<RotateFlags, [string], CliContext>({
  docs: {
    brief: "Make a new token; the old one goes on for a while, or ends at once",
    fullDescription: [
      "Makes a new token for a trace project. The old tokens stay valid for a grace time, so that senders can be changed one by one; --now ends",
      "them at once, for a token that got into wrong hands. Running receivers obey without a restart.",
      "",
      "  tuneup project rotate support",
      "  tuneup project rotate support --grace-hours 168",
      "  tuneup project rotate support --now",
    ].join("\n"),
  },
  parameters: {
    positional: nameOfProject,
    flags: {
      ...flags,
      graceHours: {
        kind: "parsed",
        parse: parseWhole,
        optional: true,
        brief: `How long the old tokens stay valid (default: ${defaultGraceHours})`,
        placeholder: "hours",
      },
      now: flag.toggle("End the old tokens at once"),
    },
  },
  async func(given, name) {
    const at = this.now();
    const hours = given.now === true ? 0 : (given.graceHours ?? defaultGraceHours);
    if (hours > 24 * 366) throw new TuneupError("usage", "A grace time is at most a year.", { remedy: "Give --grace-hours below 8784." });
    const oldUntil = later(at, hours * hour);
    const token = newProjectToken();
    await withProjects(placesOf(this, given), async (projects) => {
      if ((await projects.rotate(projectId(name), hashOfToken(token), { at, oldUntil })) === "absent")
        throw await unknownProject(projects, name, at);
    });
    const old = hours === 0 ? "The old tokens have ended." : `The old tokens end at ${oldUntil}.`;
    this.process.stdout.write(
      given.json === true
        ? `${JSON.stringify({ project: name, token, oldTokensUntil: oldUntil })}\n`
        : `New token for trace project "${name}". ${old}\n${describeToken(token, this)}`,
    );
  },
});

function describeProjects(projects: readonly TraceProject[]): string {
  if (projects.length === 0) return "no trace projects that receive traces; `tuneup project create <name>` makes one\n";
  const rows = projects.map((project) => [
    project.name,
    project.createdAt,
    project.lastReceivedAt ?? "never",
    String(project.spans),
    String(project.logRecords),
    project.tokens.map((token) => (token.until === undefined ? "valid" : `until ${token.until}`)).join(", ") || "none",
  ]);
  return `${table([["project", "created", "last received", "spans", "log records", "tokens"], ...rows])}\n`;
}

const listCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "List the trace projects that receive traces",
    fullDescription: [
      "Lists trace projects with when they were made, when something last came in, how much they received (sent twice counts twice), and which",
      "tokens are valid. Traces read from files with `tuneup ingest` do not show here.",
      "",
      "  tuneup project list --json",
    ].join("\n"),
  },
  parameters: { flags },
  async func(given) {
    const projects = await withProjects(placesOf(this, given), (directory) => directory.list(this.now()));
    this.process.stdout.write(given.json === true ? `${JSON.stringify(projects)}\n` : describeProjects(projects));
  },
});

interface EraseFlags extends Flags {
  readonly operator?: string;
  readonly yes?: boolean;
}

const eraseCommand = buildCommand<EraseFlags, [string], CliContext>({
  docs: {
    brief: "Remove a trace project: its tokens and all of its traces",
    fullDescription: [
      "Ends the project's tokens, then removes all of its sessions from the trace store, whether they were received or read from files. There is",
      "no way back, so it wants --yes. The conversations of all replays go from the ledger too; scans and evidence, which hold none, stay.",
      "",
      "  tuneup project erase support --yes",
    ].join("\n"),
  },
  parameters: {
    positional: nameOfProject,
    flags: { ...flags, operator: commonFlags.operator, yes: flag.toggle("Yes, remove everything of this project") },
  },
  async func(given, text) {
    const name = projectId(text);
    if (given.yes !== true) {
      throw new TuneupError("usage", `This removes the tokens and all traces of "${printable(text)}" for good. Nothing was removed yet.`, {
        remedy: "Say --yes if that is what you want.",
      });
    }
    const places = placesOf(this, given);
    // The operator file says which store it is: wrong, it must stop this before anything is removed.
    const store = openTraceStore(places.data, readOperator(places, this.environment), this.variables);
    try {
      // Tokens first: nothing new comes in while the traces go.
      const tokens = await withProjects(places, (projects) => projects.remove(name));
      const { sessions } = await store.erase(name, { everything: true });
      await forgetConversations(places);
      this.process.stdout.write(
        given.json === true
          ? `${JSON.stringify({ project: name, sessions, tokens })}\n`
          : `Removed ${plural(sessions, "session")}${tokens === "removed" ? " and the tokens" : ""} of "${printable(text)}".\n`,
      );
    } finally {
      await store.close();
    }
  },
});

export const projectCommands = buildRouteMap<string, CliContext>({
  routes: { create: createCommand, rotate: rotateCommand, list: listCommand, show: showCommand, erase: eraseCommand },
  docs: {
    brief: "Make, list, look at and remove trace projects, and their tokens",
    fullDescription: [
      "A trace project is the operator's name for one agent's traces. Senders show its token; Tuneup keeps only a hash of it.",
      "",
      "  tuneup project create support     shows the token, once",
      "  tuneup receive                    receives OTLP on port 4318; `tuneup serve` does so beside the GitHub App",
      "  tuneup project list",
      "  tuneup project show support       a month at a glance",
    ].join("\n"),
  },
});
