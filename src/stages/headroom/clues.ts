import { type Message, toolRequests } from "../../domain/message.ts";
import type { ArmRecord } from "../../domain/replay.ts";
import type { Clue } from "../../domain/replaying/headroom.ts";
import type { Rubric } from "../../domain/rubric.ts";
import { plainLine } from "../../domain/text/safe-text.ts";

/** A replay that failed although its prompt said what was required. */
export interface HintedFailure {
  readonly arm: ArmRecord;
  /** Absent where it was not kept. */
  readonly transcript?: readonly Message[];
}

const mostClues = 3;
/** What a replay answers where no recording does: says nothing about the agent's own tools. */
const unavailable = "REPLAY_UNAVAILABLE";

/**
 * Where to look instead of the prompt, the most frequent first: an agent that repeats itself (model), a tool that answers with errors (tool), a
 * required tool that is not defined (code), a step that is left out after what a tool answered (data). Tool and rule names alone, one plain line
 * each.
 */
export function cluesOf(failures: readonly HintedFailure[], defined: ReadonlySet<string>, rubric: Rubric): readonly Clue[] {
  const counts = new Map<string, Clue>();
  for (const failure of failures) {
    const { what, where } = clueOf(failure, defined, rubric);
    const key = `${where} ${what}`;
    counts.set(key, { where, what, replays: (counts.get(key)?.replays ?? 0) + 1 });
  }
  return [...counts.values()].toSorted((left, right) => right.replays - left.replays).slice(0, mostClues);
}

function clueOf({ arm, transcript = [] }: HintedFailure, defined: ReadonlySet<string>, rubric: Rubric): Omit<Clue, "replays"> {
  if (arm.ended === "loop" || arm.ended === "limit") return { where: "model", what: "it repeated itself or ran into its limit of turns" };
  const answers = answersIn(transcript);
  const broken = answers.findLast((answer) => answer.failed);
  if (broken !== undefined) return { where: "tool", what: `${named(broken.tool)} answered with an error` };
  const rule = rubric.rules.find((one) => arm.decidedBy === `rule: ${one.name}`);
  const required = rule?.require?.calls?.tool;
  if (required === undefined) return { where: "model", what: "nothing that its tools answered explains it" };
  if (!defined.has(required))
    return { where: "code", what: `no tool ${named(required)} is defined, and the rule "${plainLine(rule?.name ?? "", 80)}" asks for it` };
  const last = answers.at(-1);
  if (answers.some((answer) => answer.tool === required))
    return { where: "model", what: `it called ${named(required)}, but not as the rule "${plainLine(rule?.name ?? "", 80)}" asks` };
  if (last === undefined) return { where: "model", what: `it called no tool at all, and ${named(required)} is required` };
  return { where: "data", what: `after what ${named(last.tool)} answered it did not call ${named(required)}` };
}

const named = (tool: string): string => `\`${plainLine(tool, 80)}\``;

interface Answer {
  readonly tool: string;
  readonly failed: boolean;
}

function answersIn(transcript: readonly Message[]): readonly Answer[] {
  const tools = new Map(transcript.flatMap((message) => toolRequests(message)).map((request) => [request.id, request.tool]));
  return transcript.flatMap((message) =>
    message.parts.flatMap((part) => {
      if (part.kind !== "tool-result") return [];
      const isOurs = typeof part.output === "string" && part.output.startsWith(unavailable);
      return [{ tool: tools.get(part.id) ?? "tool", failed: part.isError === true && !isOurs }];
    }),
  );
}
