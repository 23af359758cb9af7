import { type Application, buildApplication, buildRouteMap, text_en } from "@stricli/core";
import { version } from "../compose.ts";
import { ReaderEnded } from "../compose/reading.ts";
import { TuneupError } from "../domain/errors.ts";
import { auditCommand } from "./commands/audit.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { draftCommand } from "./commands/draft.ts";
import { ingestCommand } from "./commands/ingest.ts";
import { jobsCommand } from "./commands/jobs.ts";
import { locateCommand } from "./commands/locate.ts";
import { projectCommands } from "./receiving/project.ts";
import { proposeCommand } from "./commands/propose.ts";
import { publishCommand } from "./commands/publish.ts";
import { receiveCommand } from "./receiving/receive.ts";
import { replayCommand } from "./commands/replay.ts";
import { reportCommand } from "./commands/report.ts";
import { runCommand } from "./commands/run.ts";
import { clustersCommand, scanCommand } from "./commands/scan.ts";
import { serveCommand } from "./commands/serve.ts";
import { showCommand } from "./commands/show.ts";
import { surveyCommand } from "./commands/survey.ts";
import { backupCommand } from "./store/backup.ts";
import { migrateCommand } from "./store/migrate.ts";
import { eraseCommand } from "./store/erase.ts";
import { retentionCommand } from "./store/retention.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { CliContext } from "./context.ts";
import { exitCode, exitCodeOf } from "./exit-code.ts";
import { printable } from "./table.ts";

/** An error as a user reads it: what failed, then what helps. A bug of ours shows its stack, for the report. */
export function describeError(error: unknown): string {
  // The reading process has shown its own message.
  if (error instanceof ReaderEnded) return "";
  if (error instanceof TuneupError) return printable(`${error.message}\n→ ${error.remedy}`);
  if (error instanceof Error)
    return printable(`${error.stack ?? error.message}\n→ This is a bug in Tuneup: please report it with the lines above.`);
  return printable(String(error));
}

const routes = buildRouteMap<string, CliContext>({
  routes: {
    demo: demoCommand,
    run: runCommand,
    ingest: ingestCommand,
    scan: scanCommand,
    clusters: clustersCommand,
    show: showCommand,
    locate: locateCommand,
    survey: surveyCommand,
    draft: draftCommand,
    replay: replayCommand,
    verify: verifyCommand,
    report: reportCommand,
    propose: proposeCommand,
    publish: publishCommand,
    doctor: doctorCommand,
    project: projectCommands,
    receive: receiveCommand,
    erase: eraseCommand,
    backup: backupCommand,
    migrate: migrateCommand,
    retention: retentionCommand,
    serve: serveCommand,
    jobs: jobsCommand,
    audit: auditCommand,
  },
  docs: {
    brief: "Improves an LLM agent from its own failures, and proves the edit on its own sessions first",
    fullDescription: [
      "Reads labelled failures from your agent's traces, finds the prompt in your repository, drafts a small edit, replays held-out sessions",
      "before and after, and opens a pull request only when the test says it improves.",
      "",
      "  tuneup demo                                      the whole job on a sample agent: no key, no network",
      "  tuneup run --traces sessions.jsonl --repo .      the whole job on your own agent",
      "",
      "The stages run alone too, each from the document that the one before it wrote:",
      "  ingest → scan → locate → draft → replay → propose → publish",
      "Exit codes and environment variables: docs/operations.md.",
    ].join("\n"),
  },
});

/** The command line: results on stdout, talk on stderr, exit codes as in exit-code.ts. */
export const app: Application<CliContext> = buildApplication(routes, {
  name: "tuneup",
  versionInfo: { currentVersion: version },
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true },
  determineExitCode: (error) =>
    error instanceof ReaderEnded ? error.exitCode : error instanceof TuneupError ? exitCodeOf(error.code) : exitCode.unexpected,
  localization: {
    loadText: () => ({
      ...text_en,
      exceptionWhileRunningCommand: describeError,
      exceptionWhileParsingArguments: (error) => (error instanceof Error ? error.message : String(error)),
      commandErrorResult: (error) => describeError(error),
    }),
  },
});
