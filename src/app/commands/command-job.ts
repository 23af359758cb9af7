import type { ProbotOctokit } from "probot";
import type { Answer, AnswerKind } from "./answer.ts";
import { answer } from "./answer.ts";
import { type CommandRequest, commandRequestSchema, textKey } from "./command-request.ts";
import { helpText } from "./command-table.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { JobHandler } from "../../ports/job-queue.ts";
import { ignore, type PeopleParts, pause, resume, unignore } from "./people-commands.ts";
import { status, type StatusParts } from "./status-command.ts";

export interface CommandJobParts extends PeopleParts, Pick<StatusParts, "limits" | "spent"> {
  /** An authenticated client of the installation; asked anew for every step, so that no token grows old. */
  readonly octokit: (installation: number) => Promise<ProbotOctokit>;
  /** The App's number: only its own comments are edited. */
  readonly app: number;
  /** What the last job here tested, as a page; `undefined` when there was none. */
  readonly explain: (request: CommandRequest) => Promise<string | undefined>;
}

const kinds = {
  explain: "explain",
  ignore: "ignored",
  unignore: "ignored",
  pause: "paused",
  resume: "paused",
  status: "status",
  help: "help",
} as const satisfies Partial<Record<CommandRequest["command"], AnswerKind>>;

type Quick = keyof typeof kinds;
const isQuick = (command: CommandRequest["command"]): command is Quick => command in kinds;

/** The job behind a command that is answered from what is remembered: decide, remember, answer. */
export function commandJob(parts: CommandJobParts): JobHandler {
  return async (job, steps) => {
    const request = commandRequestSchema.parse(job.payload);
    const { command } = request;
    if (!isQuick(command))
      throw new TuneupError("internal", `The command ${command} is no quick one.`, { remedy: "Please report this.", fields: { command } });
    const reply = await steps.run("decide", () => decide(command, request, parts));
    await steps.run("answer", async () =>
      answer(await parts.octokit(request.installation), request, { kind: kinds[command], ...reply }, parts.app),
    );
  };
}

async function decide(command: Quick, request: CommandRequest, parts: CommandJobParts): Promise<Answer> {
  switch (command) {
    case "ignore":
      return ignore(request, parts);
    case "unignore":
      return unignore(request, parts);
    case "pause":
      return pause(request, parts);
    case "resume":
      return resume(request, parts);
    case "status":
      return status(request, parts);
    case "explain": {
      const page = await parts.explain(request);
      return page === undefined ? { done: false, text: "Nothing was tested here yet: `/tuneup run` does." } : { done: true, text: page };
    }
    case "help":
      return help(request, parts);
  }
}

/** The list; for a command that is none, one line about it. */
async function help(request: CommandRequest, { documents }: CommandJobParts): Promise<Answer> {
  if (request.text === undefined) return { done: true, text: helpText };
  const why = await documents.get(textKey(request.text));
  return { done: false, text: typeof why === "string" ? why : "`/tuneup help` lists the commands." };
}
