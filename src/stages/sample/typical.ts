import { textOf } from "../../domain/message.ts";
import { type Session, toolCalls } from "../../domain/session.ts";

/** So many sessions stand for a larger cluster when typical ones are looked for. */
const mostCompared = 300;
const longestText = 2000;

/**
 * Sessions that stand for the others: each next one is the one that brings the whole closest to some chosen one (greedy facility location,
 * within 1 − 1/e of the best choice; Nemhauser, Wolsey & Fisher 1978). Ties go to whoever stands first. With more than 300 sessions the
 * first 300 speak for all.
 */
export function typicalOf(sessions: readonly Session[], count: number): readonly Session[] {
  const all = sessions.slice(0, mostCompared);
  const features = all.map((session) => featuresOf(session));
  const likeness = features.map((left) => features.map((right) => jaccard(left, right)));
  const covered = all.map(() => 0);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, all.length)) {
    const gains = all.map((_, index) =>
      chosen.has(index) ? -1 : covered.reduce((sum, best, other) => sum + Math.max(0, (likeness[index]?.[other] ?? 0) - best), 0),
    );
    const best = gains.indexOf(Math.max(...gains));
    chosen.add(best);
    for (const [other, value] of (likeness[best] ?? []).entries()) covered[other] = Math.max(covered[other] ?? 0, value);
  }
  return [...chosen].flatMap((index) => all[index] ?? []);
}

/** What was asked, what was done, how it ended: words of the first user turn and the last reply, and each tool with how it answered. */
function featuresOf(session: Session): ReadonlySet<string> {
  const first = session.messages.find((message) => message.role === "user");
  const last = session.messages.findLast((message) => message.role === "assistant" && textOf(message) !== "");
  const words = [first, last].flatMap((message) =>
    message === undefined
      ? []
      : (textOf(message)
          .slice(0, longestText)
          .toLowerCase()
          .match(/\p{L}{4,30}/gu) ?? []),
  );
  const tools = toolCalls(session).map((call) => `tool ${call.tool} ${call.error === undefined ? "answered" : "failed"}`);
  return new Set([...words, ...tools]);
}

function jaccard(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let common = 0;
  for (const item of left) if (right.has(item)) common += 1;
  return left.size + right.size === 0 ? 1 : common / (left.size + right.size - common);
}
