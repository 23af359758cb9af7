import type { State } from "../../compose/state.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import type { ProjectId } from "../../domain/ids.ts";
import type { Check } from "../checks.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../table.ts";
import { otlpPlace } from "./receiver-process.ts";
import { redactionChecks } from "./redaction-projects.ts";

const patience = 2000;

interface Asked {
  readonly state: State;
  readonly operator: OperatorSettings;
  readonly project: ProjectId;
  readonly live: boolean;
}

/**
 * Whether the project receives traces, whether projects with redaction settings of their own are known, and, asked live, whether a receiver answers
 * where senders find it by default.
 */
export async function receiverChecks(context: CliContext, { live, operator, project, state }: Asked): Promise<readonly Check[]> {
  const projects = state.projects();
  const known = await projects.list(context.now()).finally(() => void projects.close());
  const redaction = redactionChecks(operator, [...known.map(({ name }) => name), project]);
  const found = known.find(({ name }) => name === project);
  if (found === undefined) {
    const others = known.length === 0 ? "" : `; known: ${known.map(({ name }) => name).join(", ")}`;
    return [
      ...redaction,
      {
        name: "receiving",
        state: "note",
        text: `no sender has a token for project "${project}"${others}`,
        remedy: `Only if your agent shall send its traces: tuneup project create ${project}; docs/send-traces.md.`,
      },
    ];
  }
  const last = found.lastReceivedAt === undefined ? "nothing yet" : `last at ${found.lastReceivedAt}`;
  const text = `project "${project}": ${last}, ${plural(found.spans, "span")} and ${plural(found.logRecords, "log record")} in all`;
  const received: Check = { name: "receiving", state: found.lastReceivedAt === undefined ? "note" : "ok", text };
  return [...redaction, received, ...(live ? [await answering(otlpPlace(context, {}))] : [])];
}

async function answering({ host, port }: { readonly host: string; readonly port: number }): Promise<Check> {
  // Whoever listens on all addresses is asked on this machine's own.
  const url = `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host}:${port}`;
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(patience) });
    if (response.ok) return { name: "receiver (live)", state: "ok", text: `answers at ${url}` };
    return {
      name: "receiver (live)",
      state: "problem",
      text: `${url} answers ${response.status}`,
      remedy: "Another program may have the port: OTLP_PORT.",
    };
  } catch {
    return {
      name: "receiver (live)",
      state: "problem",
      text: `nothing answers at ${url}`,
      remedy: "Start `tuneup receive` or `tuneup serve`; or set OTLP_PORT and OTLP_HOST as they have them.",
    };
  }
}
