import { buildCommand } from "@stricli/core";
import type { House } from "../../compose.ts";
import { handOver } from "../../compose/reading.ts";
import type { ProjectId } from "../../domain/ids.ts";
import type { Survey, SurveyPlace } from "../../domain/publishing/setup.ts";
import { eligible } from "../../pipeline.ts";
import { locateIn } from "../../compose/locating.ts";
import { survey } from "../../stages/survey.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, withHouse } from "../flags.ts";
import { openCheckout } from "../run-job.ts";
import { scanProject } from "../scan-project.ts";
import { plural, printable, table } from "../table.ts";

interface Flags extends CommonFlags {
  readonly repo?: string;
  readonly revision?: string;
  readonly github?: string;
  readonly withoutTraces?: boolean;
  readonly handOver?: string;
}

/** What Tuneup sees of an agent, as a person reads it. */
function describeSurvey({ files, located, notLocated, traces }: Survey): string {
  const rows = (places: readonly SurveyPlace[]): string =>
    table(
      places.map(({ lines, path, subject, what }) => [
        subject === undefined ? what : `${what} ${subject}`,
        lines === undefined ? path : `${path}:${lines.first}-${lines.last}`,
      ]),
    );
  const parts = [
    ...(located.length === 0 ? [] : ["recorded sessions prove:", rows(located), ""]),
    ...(notLocated === undefined ? [] : [`the recorded prompt was not found: ${notLocated}`, ""]),
    ...(files.length === 0 ? [] : ["by its name, perhaps:", rows(files), ""]),
    traces === undefined
      ? "traces: not looked at"
      : `traces of ${traces.project}: ${plural(traces.sessions, "session")}, ${traces.failed} failed, ${traces.unclear} unclear`,
    ...(traces?.clusters ?? []).map((cluster) => `  ${cluster.id}  ${plural(cluster.members, "session")}  ${cluster.title}`),
    "",
  ];
  return parts.join("\n").split("\n").map(printable).join("\n");
}

async function surveyProject(context: CliContext, house: House, project: ProjectId, flags: Flags): Promise<Survey> {
  await using checkout = await openCheckout(context, {
    repo: flags.repo ?? ".",
    revision: flags.revision ?? "HEAD",
    ...(flags.github === undefined ? {} : { github: flags.github }),
  });
  if (flags.withoutTraces === true) return survey({ checkout });
  const { document, sessions } = await scanProject(context, house, project);
  const { clusters, failed, unclear } = document;
  const scan = { project, sessions: document.sessions, failed, unclear, clusters };
  if (sessions.length === 0) return survey({ checkout, scan });
  const [largest] = eligible(clusters);
  const members = new Set(largest?.members);
  const located = await locateIn(largest === undefined ? sessions : sessions.filter((one) => members.has(one.id)), checkout);
  return survey({ checkout, located, scan });
}

export const surveyCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "What Tuneup sees of an agent: its files, its traces, its failures",
    fullDescription: [
      "Reads a commit of the agent's repository and its recorded sessions, and says what it would work with: the places that sessions prove to be",
      "prompt, tools and configuration, files that look like it by their names, and the largest failures. Asks no model, changes nothing.",
      "The GitHub App shows the same when it is installed on a repository.",
      "",
      "  tuneup survey --repo .",
    ].join("\n"),
  },
  parameters: {
    flags: {
      ...commonFlags,
      repo: flag.text("The agent's git repository (default: the current folder)", "folder"),
      revision: flag.text("Commit or branch (default: HEAD)", "revision"),
      github: { ...flag.text("The repository's name on GitHub", "owner/name"), hidden: true },
      withoutTraces: flag.toggle("Look at the repository alone"),
      handOver: { ...flag.text("Write the survey to this file: for the process that publishes", "file"), hidden: true },
    },
  },
  async func(flags) {
    const work = (): Promise<Survey> => withHouse(this, flags, (house, project) => surveyProject(this, house, project, flags));
    if (flags.handOver !== undefined) return handOver(flags.handOver, work);
    const made = await work();
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(made)}\n` : describeSurvey(made));
  },
});
