import type { ClusterId } from "../../domain/ids.ts";
import { boxLine, type Box } from "../../domain/publishing/box.ts";
import type { IgnoredFailure, KnownPull, Pause } from "../../domain/publishing/standing.ts";
import { safeCode, safeInline } from "../../domain/text/safe-text.ts";
import type { LastEnd, RunningJob } from "../../pipeline/standing/runs.ts";

/** A failure that somebody may have a run on. */
export interface ShownFailure {
  readonly id: ClusterId;
  readonly title: string;
  readonly sessions: number;
  readonly users: number;
  readonly last?: LastEnd;
}

/** Everything that the dashboard of one repository shows. */
export interface DashboardState {
  /** Open pull requests of Tuneup's. */
  readonly pulls: readonly KnownPull[];
  readonly running: readonly RunningJob[];
  /** Failures with a visible cause, without those that are proposed or left alone; most users first. */
  readonly failures: readonly ShownFailure[];
  readonly ignored: readonly IgnoredFailure[];
  readonly pauses: readonly Pause[];
  /** What keeps anything from beginning or being opened now, each a sentence of ours. */
  readonly limits: readonly string[];
}

/** Finds the page again; an issue that holds it counts only where the ledger knows its number. */
export const dashboardMark = "<!-- tuneup:dashboard -->";
export const dashboardTitle = "Tuneup dashboard";

const mostListed = 12;

/**
 * The page of the dashboard. Says nothing that changes by itself, so that a page is written only when something did; bounded in length, foreign text
 * defused.
 */
export function dashboardPage(state: DashboardState): string {
  const notPrompt = state.failures.filter((failure) => failure.last?.end === "not-a-prompt-problem");
  const open = state.failures.filter((failure) => !notPrompt.includes(failure));
  const sections = [
    "What Tuneup proposes, does and leaves alone here. Ticking a box is a command: it holds for people who may write to this repository, and the box is empty again once it was seen. Close this issue if you do not want it.",
    section("Open proposals", state.pulls.map(proposal), "None."),
    section("Under way", state.running.map(runningLine), "Nothing."),
    section("Failures that no proposal is about", open.map(failureLine), "None is known. `/tuneup run` looks for them."),
    ...(notPrompt.length === 0 ? [] : [section("Not a prompt problem, as far as was tested", notPrompt.map(failureLine), "")]),
    ...(state.ignored.length === 0 ? [] : [section("Left alone", state.ignored.map(ignoredLine), "")]),
    ...(state.pauses.length === 0 ? [] : [section("Paused", state.pauses.map(pauseLine), "")]),
    section(
      "Limits",
      state.limits.map((one) => `- ${safeInline(one, 300)}`),
      "None is reached.",
    ),
  ];
  return `${sections.join("\n\n")}\n\n${dashboardMark}`;
}

function section(title: string, lines: readonly string[], none: string): string {
  const more = lines.length > mostListed ? [`- and ${lines.length - mostListed} more`] : [];
  return [`### ${title}`, "", ...(lines.length === 0 ? [none] : [...lines.slice(0, mostListed), ...more])].join("\n");
}

/** A line with its box, or without one where it cannot have any. */
const withBox = (box: Box, words: string): string => boxLine(box, words) ?? `- ${words}`;

function proposal(pull: KnownPull): string {
  const { cluster, edited, expiresAt, number, old, queued, stopped, title, url } = pull;
  const remarks = [
    ...(edited === true ? ["edited by a person, updates paused"] : []),
    ...(stopped === true ? ["stop label"] : []),
    ...(queued === true ? ["in the merge queue"] : []),
    ...(old === undefined ? [] : ["evidence is getting old"]),
    ...(expiresAt === undefined || edited === true || stopped === true || queued === true
      ? []
      : [`closes on ${expiresAt.slice(0, 10)} unless somebody says something there`]),
  ];
  // The stand-in's own addresses are no https, and only such may stand on a page.
  const name = url.startsWith("https://") ? `[pull request ${number}](${url})` : `pull request ${number}`;
  const line = `- ${name}: ${safeInline(title, 120)}, ${safeCode(cluster, 64)}${remarks.length === 0 ? "" : ` (${remarks.join(", ")})`}`;
  if (edited === true || stopped === true || queued === true) return line;
  const boxes = [
    withBox({ kind: "rebase", pull: number }, "settle a conflict with the default branch"),
    withBox({ kind: "retry", pull: number }, "try its failure again, with another draft on another split"),
  ];
  return [line, ...boxes.map((box) => `  ${box}`)].join("\n");
}

function runningLine({ at, by, cluster, command }: RunningJob): string {
  const what = cluster === undefined ? "" : ` on ${safeCode(cluster, 64)}`;
  return `- ${safeCode(command, 20)}${what} by ${safeCode(by, 40)}, since ${at.slice(0, 16)}Z`;
}

function failureLine({ id, last, sessions, title, users }: ShownFailure): string {
  const who = users === 0 ? "" : ` of ${users} ${users === 1 ? "user" : "users"}`;
  const size = `${sessions} ${sessions === 1 ? "session" : "sessions"}${who}`;
  const before = last === undefined ? "" : `. Last run, on ${last.at.slice(0, 10)}: ${safeInline(`${last.end}: ${last.why}`, 240)}`;
  return withBox({ kind: "run", cluster: id }, `${safeCode(id, 64)} ${safeInline(title, 120)} (${size})${before}`);
}

function ignoredLine({ at, by, cluster, reason, title }: IgnoredFailure): string {
  const name = title === undefined || title === "" ? "" : ` ${safeInline(title, 100)}`;
  const because = reason === "" ? "" : `: ${safeInline(reason, 160)}`;
  const words = `take up again: ${safeCode(cluster, 64)}${name} (left alone by ${safeCode(by, 40)} on ${at.slice(0, 10)}${because})`;
  return withBox({ kind: "unignore", cluster }, words);
}

const pauseLine = ({ at, by, pull }: Pause): string =>
  withBox(
    { kind: "resume", ...(pull === undefined ? {} : { pull }) },
    `resume ${pull === undefined ? "this repository" : `pull request ${pull}`} (paused by ${safeCode(by, 40)} on ${at.slice(0, 10)})`,
  );
