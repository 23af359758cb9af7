import { canonicalInput } from "../../domain/canonical-input.ts";
import { canonicalJson } from "../../domain/digest.ts";
import type { Json } from "../../domain/ids.ts";
import type { ToolEffect } from "../../domain/replay.ts";
import type { Session } from "../../domain/session.ts";
import type { Corpus, RecordedAnswer } from "./corpus.ts";
import { holdsIdentifier, isForeign, isPersonal } from "./personal.ts";

/** Share of the recorded answers that must be equal, and how many there must be. */
const agreement = 0.95;
const fewestAnswers = 3;
const oldest = 7 * 24 * 3600 * 1000;
/** Different people who must have got the same answer, where the traces say who they were; sessions, where they do not. */
const fewestPeople = 2;
const fewestUnknown = 3;

/** A read or pure call that the replayed session did not record itself. */
export interface AskedElsewhere {
  readonly session: Session;
  readonly tool: string;
  readonly input: Json;
  readonly effect: ToolEffect;
  /** The writes that this replay has made so far. */
  readonly writes: readonly { readonly tool: string; readonly input: Json }[];
}

/**
 * The answer on which recordings of other sessions agree, where it may be served in this one. For a read: at least three answers from at
 * least two people, at most seven days apart from this session, 95 of 100 of them equal, none of it somebody's own data, and nothing that
 * a write of this replay can have changed. A pure tool's answer follows from its input alone, so one recording is as good as three.
 */
export function agreedAnswer(corpus: Corpus, asked: AskedElsewhere): Json | undefined {
  const recorded = corpus.answers(asked.tool, asked.input, asked.session.id);
  if (asked.effect === "pure") return mostCommon(recorded, 1)?.output;
  const time = Date.parse(asked.session.startedAt);
  const recent = recorded.filter((one) => Math.abs(one.time - time) <= oldest);
  const best = asked.writes.length === 0 ? mostCommon(untouched(recent), fewestAnswers) : unchangedByWrites(recent, asked);
  if (best === undefined || !comesFromMany(best.answers, asked)) return undefined;
  if (isForeign(asked.session, asked.input, best.output)) return undefined;
  return mayBeStale(asked, best.output) ? undefined : best.output;
}

const untouched = (recorded: readonly RecordedAnswer[]): readonly RecordedAnswer[] => recorded.filter((one) => one.writes.length === 0);

/**
 * Where this replay has written, only an answer that no write has ever changed: the same in every recording, and at least three times after
 * each of the tools that have written here.
 */
function unchangedByWrites(recorded: readonly RecordedAnswer[], { writes }: AskedElsewhere): ReturnType<typeof mostCommon> {
  if (new Set(recorded.map((one) => one.text)).size !== 1) return undefined;
  const seen = (tool: string): number => recorded.filter((one) => one.writes.includes(tool)).length;
  return writes.every((write) => seen(write.tool) >= fewestAnswers) ? mostCommon(recorded, fewestAnswers) : undefined;
}

function mostCommon(
  recorded: readonly RecordedAnswer[],
  fewest: number,
): { readonly output: Json; readonly answers: readonly RecordedAnswer[] } | undefined {
  const groups = Map.groupBy(recorded, (one) => one.text);
  const [best] = [...groups.values()].toSorted((left, right) => right.length - left.length);
  if (best?.[0] === undefined || recorded.length < fewest || best.length < agreement * recorded.length) return undefined;
  return { output: best[0].output, answers: best };
}

/** Whether it is everybody's answer. Without user ids one person may stand behind all sessions, so more is asked of the answer itself. */
function comesFromMany(answers: readonly RecordedAnswer[], asked: AskedElsewhere): boolean {
  const people = new Set(answers.map((one) => one.user).filter((user) => user !== undefined));
  const output = answers[0]?.output ?? null;
  if (people.size >= fewestPeople) return !isPersonal(asked.session, output, "known");
  const sessions = new Set(answers.map((one) => one.session));
  if (answers.every((one) => one.user !== undefined)) return false;
  // A call without input means "mine": whose it was cannot be told.
  if (sessions.size < fewestUnknown || canonicalJson(canonicalInput(asked.input)) === "{}") return false;
  return !holdsIdentifier(asked.input) && !holdsIdentifier(output) && !isPersonal(asked.session, output, "unknown");
}

/**
 * After a write a recording from elsewhere may describe the world as it was before, even one that no write has changed so far: it must neither
 * name a single thing nor share a value with any of this replay's writes.
 */
function mayBeStale({ input, writes }: AskedElsewhere, output: Json): boolean {
  if (writes.length === 0) return false;
  if (holdsIdentifier(input) || holdsIdentifier(output)) return true;
  const written = new Set(writes.flatMap((write) => [...leaves(write.input)]));
  return [...leaves(input), ...leaves(output)].some((value) => written.has(value));
}

/** Every text of three characters or more and every number in a value, in lower case. */
function* leaves(value: Json): Iterable<string> {
  if (typeof value === "string" && value.trim().length >= 3) yield value.trim().toLowerCase();
  else if (typeof value === "number") yield String(value);
  else if (value !== null && typeof value === "object") for (const item of Object.values(value)) yield* leaves(item);
}
