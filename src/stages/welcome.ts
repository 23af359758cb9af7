import { firstRepositoryFile, repositoryFilePath, type SetupProposal, type Survey, type SurveyPlace } from "../domain/publishing/setup.ts";
import { safeCode, safeInline } from "../domain/text/safe-text.ts";

/** What the file on the set-up branch asks for, as it was read; `problems` are sentences of ours. */
export type WishedSetup =
  | { readonly state: "read"; readonly pullRequests: "ready" | "draft" | "report-only"; readonly ignored: number }
  | { readonly state: "invalid"; readonly problems: readonly string[] };

const mostRows = 12;

/**
 * In: what Tuneup sees of a repository, and what its configuration on the set-up branch asks for. Out: the pull request that adds the
 * configuration: what was found, what would happen now, how to decline. Names of failures appear defused; no conversation is quoted.
 */
export function welcome(survey: Survey, wished: WishedSetup = { state: "read", pullRequests: "ready", ignored: 0 }): SetupProposal {
  return {
    kind: "setup",
    repository: survey.repository,
    commit: survey.commit,
    text: firstRepositoryFile,
    title: "Set up Tuneup",
    body: [opening, foundSection(survey), failureSection(survey), nowSection(survey, wished), closing].join("\n\n"),
  };
}

const opening = [
  "Tuneup improves this repository's agent from its own recorded failures. It proves every edit on recorded sessions before it asks for a review, and a person merges.",
  "",
  `**Merging this adds ${safeCode(repositoryFilePath)} and turns it on. Until then it writes nothing else here.**`,
].join("\n");

const mostSubjects = 8;

/** Places of one kind in one file are one row: an agent may have a hundred tools. */
function rowsOf(places: readonly SurveyPlace[]): readonly string[] {
  const groups = Map.groupBy(places, ({ path, what }) => `${what} ${path}`);
  return [...groups.values()].map((group) => {
    const [one] = group;
    if (one === undefined) throw new Error("a group has a place");
    const subjects = group.flatMap(({ subject }) => (subject === undefined ? [] : [safeCode(subject, 60)]));
    const more = subjects.length > mostSubjects ? ` and ${subjects.length - mostSubjects} more` : "";
    const of = subjects.length === 0 ? "" : `: ${subjects.slice(0, mostSubjects).join(" ")}${more}`;
    const count = subjects.length > 1 ? `${subjects.length} ${one.what}s` : one.what;
    const lines = group.flatMap((place) => (place.lines === undefined ? [] : [place.lines]));
    const [first, last] = [Math.min(...lines.map((line) => line.first)), Math.max(...lines.map((line) => line.last))];
    const where = lines.length === 0 ? one.path : `${one.path}:${first}${first === last ? "" : `-${last}`}`;
    return `| ${safeInline(count, 80)}${of} | ${safeCode(where)} |`;
  });
}

function tableOf(title: string, places: readonly SurveyPlace[]): string {
  const rows = rowsOf(places);
  const more = rows.length > mostRows ? [`| and ${rows.length - mostRows} more | |`] : [];
  return [`| ${title} | where |`, "|---|---|", ...rows.slice(0, mostRows), ...more].join("\n");
}

function foundSection({ files, located, notLocated }: Survey): string {
  const parts = ["### What was found"];
  if (located.length > 0) parts.push(tableOf("recorded sessions prove", located));
  else if (notLocated !== undefined) parts.push(`The recorded prompt was not found here: ${safeInline(notLocated, 300)}.`);
  if (files.length > 0) parts.push(tableOf("by its name, perhaps", files));
  if (located.length + files.length === 0 && notLocated === undefined)
    parts.push("No prompt, tool or agent file that is known by its name.");
  return parts.join("\n\n");
}

function failureSection({ traces }: Survey): string {
  const title = "### What fails";
  if (traces === undefined)
    return `${title}\n\nNot known yet: the operator of this Tuneup has not bound a trace project to this repository.`;
  if (traces.sessions === 0) return `${title}\n\nNot known yet: the trace project of this repository holds no session.`;
  const summary = `${traces.sessions} recorded sessions, ${traces.failed} known to have failed${traces.unclear > 0 ? `, ${traces.unclear} unclear` : ""}.`;
  if (traces.clusters.length === 0) return `${title}\n\n${summary}`;
  const rows = traces.clusters.map(
    ({ id, members, nature, title: name }) =>
      `| ${safeInline(name, 100)} | ${members} | ${nature === "cause" ? safeCode(`/tuneup run ${id}`) : "no cause that an edit could mend shows"} |`,
  );
  return [title, summary, ["| failure | sessions | start with |", "|---|--:|---|", ...rows].join("\n")].join("\n\n");
}

const becomes: Readonly<Record<"ready" | "draft" | "report-only", string>> = {
  ready: "a pull request that is ready for review; a draft where a person must look at more than the figures",
  draft: "a draft pull request",
  "report-only": "a report in the comment that asked for it; nothing is written",
};

function nowSection({ located, traces }: Survey, wished: WishedSetup): string {
  const title = "### What it would do now";
  if (wished.state === "invalid") {
    const problems = wished.problems.slice(0, 20).map((problem) => `- ${safeInline(problem, 300)}`);
    return [title, `Nothing: ${safeCode(repositoryFilePath)} on this branch is not in order.`, problems.join("\n")].join("\n\n");
  }
  const first = traces?.clusters.find((cluster) => cluster.nature === "cause");
  const start =
    first === undefined || located.length === 0
      ? `With a comment ${safeCode("/tuneup run")} on any issue or pull request it would look again and say what is missing.`
      : `A comment ${safeCode("/tuneup run")} on any issue or pull request starts with the failure seen in ${first.members} sessions, which is the largest with a visible cause.`;
  const ignored =
    wished.ignored === 0 ? "" : ` ${wished.ignored === 1 ? "One pattern keeps" : `${wished.ignored} patterns keep`} files from edits.`;
  return [
    title,
    start,
    `A proven edit becomes ${becomes[wished.pullRequests]}.${ignored} Change the file on this branch and this page follows.`,
  ].join("\n\n");
}

const closing = [
  `Not wanted? Close this pull request, and Tuneup does nothing here. Open it again, or add ${safeCode(repositoryFilePath)}, to change your mind.`,
  "",
  "<sub>Recorded sessions stay with the operator of this Tuneup and with the model providers they chose.</sub>",
].join("\n");
