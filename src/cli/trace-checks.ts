import type { NotUnderstood } from "../domain/documents.ts";
import type { ProjectId } from "../domain/ids.ts";
import { modelCalls, type Session } from "../domain/session.ts";
import type { Assembled } from "../stages/assemble.ts";
import { type Lack, lacksOf } from "../stages/assemble/lacks.ts";
import type { Check } from "./checks.ts";
import { plural } from "./table.ts";

/** What a project's traces hold, what they lack for which step, what turns that on in their dialects, and which spans nobody understands. */
export function traceChecks({ notUnderstood, sessions }: Assembled, project: ProjectId): readonly Check[] {
  if (sessions.length === 0) {
    const empty: Check = {
      name: "traces",
      state: "note",
      text: `no sessions in project "${project}"`,
      remedy: "tuneup ingest <files>, or let your agent send them: docs/send-traces.md. docs/traces.md says what they need.",
    };
    return [empty, ...unread(notUnderstood)];
  }
  return [summary(sessions, project), ...lacksOf(sessions).map((lack) => lackCheck(lack)), ...unread(notUnderstood)];
}

function summary(sessions: readonly Session[], project: ProjectId): Check {
  const models = new Set(sessions.flatMap((session) => modelCalls(session).map((call) => call.model)));
  const dialects = new Set(sessions.flatMap((session) => session.dialects?.slice(0, 1) ?? []));
  const written = dialects.size === 0 ? "" : `, written by ${[...dialects].slice(0, 3).join(", ")}`;
  return {
    name: "traces",
    state: "ok",
    text: `${plural(sessions.length, "session")} in project "${project}"${written}, agent on ${[...models].slice(0, 3).join(", ") || "a model that is not recorded"}`,
  };
}

function lackCheck({ of, part, remedies, sessions, step }: Lack): Check {
  const options = new Map<string, string[]>();
  for (const { dialect, option } of remedies) options.set(option, [...(options.get(option) ?? []), dialect]);
  // One remedy for all dialects needs no names.
  const remedy = [...options].map(([option, names]) => (options.size > 1 ? `${names.join(", ")}: ${option}` : option)).join("; ");
  return {
    name: `for ${step}`,
    state: "note",
    text: `${sessions} of ${of} lack ${part}`,
    remedy: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
  };
}

const mostUnread = 5;

function unread(notUnderstood: readonly NotUnderstood[]): readonly Check[] {
  const shown = notUnderstood.toSorted((left, right) => right.count - left.count).slice(0, mostUnread);
  return shown.map(({ count, dialect, scope, spanName, why }) => ({
    name: "not understood",
    state: "note",
    text: `${count} × "${spanName}" of ${dialect ?? scope}: ${why}`,
    remedy: "They are kept as they are; docs/dialects.md lists what is read.",
  }));
}
