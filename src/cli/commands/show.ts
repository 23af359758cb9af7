import { buildCommand } from "@stricli/core";
import type { House } from "../../compose.ts";
import type { FailureCluster } from "../../domain/cluster.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type ProjectId, sessionId } from "../../domain/ids.ts";
import type { Outcome } from "../../domain/outcome.ts";
import { modelCalls, type Session, toolCalls } from "../../domain/session.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";
import { assemble } from "../../stages/assemble.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, withHouse } from "../flags.ts";
import { findCluster, lastScan } from "../scan-project.ts";
import { plural, printable } from "../table.ts";

function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "not scanned yet";
  if (outcome.result === "unclear") return `unclear: ${outcome.why}`;
  if (outcome.result === "succeeded") return `succeeded (${outcome.decidedBy})`;
  return `failed (${outcome.decidedBy}): ${outcome.summary}`;
}

/** A session as a person reads it: facts, then the conversation. */
export function describeSession(session: Session, outcome: Outcome | undefined): string {
  const [model] = modelCalls(session);
  const facts = [
    `session   ${session.id}`,
    `started   ${session.startedAt}`,
    `outcome   ${describeOutcome(outcome)}`,
    `model     ${model === undefined ? "not recorded" : `${model.model} (${model.provider})`}`,
    `calls     ${plural(modelCalls(session).length, "model call")}, ${plural(toolCalls(session).length, "tool call")}, ${plural(toolCalls(session).filter((call) => call.error !== undefined).length, "tool error")}`,
    `missing   ${session.missing.length === 0 ? "nothing" : session.missing.join(", ")}`,
  ];
  return `${printable(facts.join("\n"))}\n\n${printable(transcriptText(session.messages, { maxCharacters: 200_000 }))}\n`;
}

/** A cluster as a person reads it: facts, typical sessions, all members. */
export function describeCluster(cluster: FailureCluster): string {
  return printable(
    [
      `cluster   ${cluster.id}`,
      `title     ${cluster.title}`,
      `cause     ${cluster.nature === "cause" ? cluster.cause : cluster.nature}`,
      `sessions  ${cluster.members.length} of ${cluster.sessionsInWindow}, ${plural(cluster.users, "user")}`,
      `seen      ${cluster.from} to ${cluster.to}`,
      "",
      cluster.description,
      "",
      "typical sessions (tuneup show <id>):",
      ...cluster.exemplars.map((id) => `  ${id}`),
      "",
      "all sessions:",
      ...cluster.members.map((id) => `  ${id}`),
      "",
    ].join("\n"),
  );
}

async function showSession(
  house: House,
  project: ProjectId,
  id: string,
): Promise<{ readonly session: Session; readonly outcome: Outcome | undefined } | undefined> {
  const trace = await house.traces.reader.session(project, sessionId(id));
  if (trace === undefined) return undefined;
  const [session] = assemble([trace]).sessions;
  if (session === undefined)
    throw new TuneupError("file-malformed", `The spans of session ${id} hold no conversation.`, {
      remedy: "`tuneup scan` lists what was not understood.",
    });
  const outcome = (await lastScan(house, project))?.outcomes.find((one) => one.sessionId === session.id);
  return { session, outcome };
}

const unknownId = (id: string, project: ProjectId, clusters: number): TuneupError =>
  new TuneupError("usage", `Project "${project}" has no session and no cluster "${id}".`, {
    remedy:
      clusters === 0
        ? "`tuneup scan` finds the clusters; or name another --project or --data."
        : "`tuneup clusters` lists the clusters, `tuneup show <cluster>` its sessions.",
  });

export const showCommand = buildCommand<CommonFlags, [string], CliContext>({
  docs: {
    brief: "Show one session or one cluster",
    fullDescription:
      "Prints a session's facts and conversation, or a cluster with its sessions. Cluster ids may be shortened.\n\n  tuneup show c-4f1d\n  tuneup show 3f9a-session-17 --json",
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Session id, cluster id or cluster title", placeholder: "id", parse: String }] },
    flags: { ...commonFlags },
  },
  async func(flags, id) {
    await withHouse(this, flags, async (house, project) => {
      const shown = await showSession(house, project, id);
      if (shown !== undefined) {
        this.process.stdout.write(flags.json === true ? `${JSON.stringify(shown)}\n` : describeSession(shown.session, shown.outcome));
        return;
      }
      const clusters = (await lastScan(house, project))?.clusters ?? [];
      if (!clusters.some((one) => one.id.startsWith(id) || one.title === id)) throw unknownId(id, project, clusters.length);
      const cluster = findCluster(clusters, id);
      this.process.stdout.write(flags.json === true ? `${JSON.stringify(cluster)}\n` : describeCluster(cluster));
    });
  },
});
