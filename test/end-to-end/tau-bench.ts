import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

interface Recorded {
  readonly task_id: number;
  readonly trial?: number;
  readonly reward: number;
  readonly traj: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly tool_calls?: unknown;
    readonly tool_call_id?: string;
    readonly name?: string;
  }[];
}

const read = (path: string): unknown =>
  JSON.parse((path.endsWith(".gz") ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString("utf8"));

/** Sessions of tau-bench as transcript lines: what a trace would show, and the outcome; reward, gold actions and task text stay out. */
export function tauTranscripts(path: string, domain: string): readonly string[] {
  return (read(path) as readonly Recorded[]).map((session) =>
    JSON.stringify({
      session_id: `${domain}-${session.task_id}-${session.trial ?? 0}`,
      model: "gpt-4o",
      provider: "openai",
      outcome: session.reward === 1 ? "success" : "failure",
      messages: session.traj.map(({ content, name, role, tool_call_id: id, tool_calls: calls }) => ({
        role,
        content,
        ...(calls === undefined || calls === null ? {} : { tool_calls: calls }),
        ...(id === undefined ? {} : { tool_call_id: id }),
        ...(name === undefined ? {} : { name }),
      })),
    }),
  );
}
