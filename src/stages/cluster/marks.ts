import { asJson, canonicalJson } from "../../domain/digest.ts";
import type { FailureSignature } from "../../domain/outcome.ts";
import { type Session, type ToolCall, toolCalls } from "../../domain/session.ts";
import { errorTemplate } from "../../domain/text/error-template.ts";
import { signatureTitle } from "./describe.ts";
import { type Failure, type FailureGroup, votes } from "./failure-group.ts";

/** Rules that say what was seen, or labels that name something. A bare "failed" names nothing. */
const telling = /^(?:evaluation:|finish:|model-error$|tool-error$|loop$|gave-up$|empty-reply$|user-repeats$|model:(?!unknown$))/;

/** A tool error is a mark when it is at least so many times as frequent among failed sessions as among passing ones. */
const leastLift = 2;
/** Tool errors with fewer sessions are looked at by tool alone. */
const fewestOfATemplate = 3;

type ErrorKey = string;
const errorKey = (tool: string, template: string): ErrorKey => `${tool} ${template}`;

const templateOf = ({ error, output }: ToolCall): string =>
  errorTemplate(output === undefined || output === "" ? (error ?? "") : typeof output === "string" ? output : JSON.stringify(output));

/** Every tool error of a session, handled or not. */
const errorsOf = (session: Session): ReadonlySet<ErrorKey> =>
  new Set(toolCalls(session).flatMap((call) => (call.error === undefined ? [] : [errorKey(call.tool, templateOf(call))])));

/** Tool errors that passing sessions live with just as well: they explain nothing. */
function harmlessErrors(failures: readonly Failure[], passing: readonly Session[]): ReadonlySet<ErrorKey> {
  const sessionsWith = (sessions: readonly Session[]): ReadonlyMap<ErrorKey, readonly Session[]> => {
    const found = new Map<ErrorKey, Session[]>();
    for (const session of sessions) {
      for (const key of errorsOf(session)) {
        const list = found.get(key);
        if (list === undefined) found.set(key, [session]);
        else list.push(session);
      }
    }
    return found;
  };
  const failed = failures.map(({ session }) => session);
  const [withFailed, withPassing] = [sessionsWith(failed), sessionsWith(passing)];
  const [allFailed, allPassing] = [Math.max(1, votes(failed)), Math.max(1, votes(passing))];
  const harmless = [...withPassing].filter(
    ([key, sessions]) => votes(withFailed.get(key) ?? []) / allFailed < (leastLift * votes(sessions)) / allPassing,
  );
  return new Set(harmless.map(([key]) => key));
}

/**
 * What a failure shows, or `undefined`. A named evaluator's label stays beside the tool's error; with a bare "failed" the error alone is the
 * mark, whoever gave the label. An error that passing sessions show too is none, unless the error itself decided.
 */
function markOf(signature: FailureSignature, harmless: ReadonlySet<ErrorKey>): FailureSignature | undefined {
  const { rule, template, tool } = signature;
  const isNamed = telling.test(rule) || !/:(?:failed|unknown)$/.test(rule);
  const decides = !rule.includes(":");
  const explains = tool !== undefined && template !== undefined && (decides || !harmless.has(errorKey(tool, template)));
  if (isNamed) return explains || decides ? signature : { rule };
  return explains ? { rule: "tool-error", tool, template } : undefined;
}

export interface Marked {
  /** Groups of equal marks, the largest first. */
  readonly groups: readonly FailureGroup[];
  /** Failures in which nothing is to be seen. */
  readonly hidden: readonly Failure[];
}

/** Groups failures by what they show. Rare error texts of one tool form one group; a named evaluator's rare ones stay with the evaluator. */
export function groupByMark(failures: readonly Failure[], passing: readonly Session[]): Marked {
  const harmless = harmlessErrors(failures, passing);
  const hidden: Failure[] = [];
  const marked: MarkedFailure[] = [];
  for (const failure of failures) {
    const mark = markOf(failure.outcome.signature, harmless);
    if (mark === undefined) hidden.push(failure);
    else marked.push({ failure, mark });
  }
  const byTemplate = widenRare(marked, ({ rule, tool }) => ({ rule, ...(tool === undefined ? {} : { tool }) }));
  const byRule = widenRare(byTemplate, (mark) => (mark.rule.startsWith("evaluation:") ? { rule: mark.rule } : mark));
  const groups = [...gather(byRule)].map(([key, members]) => toGroup(key, members));
  return {
    groups: groups.toSorted((left, right) => right.members.length - left.members.length || (left.key < right.key ? -1 : 1)),
    hidden,
  };
}

interface MarkedFailure {
  readonly failure: Failure;
  readonly mark: FailureSignature;
}

function gather(marked: readonly MarkedFailure[]): ReadonlyMap<string, readonly MarkedFailure[]> {
  const groups = new Map<string, MarkedFailure[]>();
  for (const one of marked) {
    const key = canonicalJson(asJson(one.mark));
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [one]);
    else members.push(one);
  }
  return groups;
}

/** Gives rare marks the wider one, where that brings more than one of them together. */
function widenRare(marked: readonly MarkedFailure[], wider: (mark: FailureSignature) => FailureSignature): readonly MarkedFailure[] {
  const sizes = gather(marked);
  const isRare = (one: MarkedFailure): boolean => (sizes.get(canonicalJson(asJson(one.mark)))?.length ?? 0) < fewestOfATemplate;
  const widened = marked.map((one) => (isRare(one) ? { ...one, mark: wider(one.mark) } : one));
  const widenedSizes = gather(widened);
  return widened.map((one, index) => {
    const isAlone = (widenedSizes.get(canonicalJson(asJson(one.mark)))?.length ?? 0) < 2;
    return isAlone ? (marked[index] ?? one) : one;
  });
}

function toGroup(key: string, marked: readonly MarkedFailure[]): FailureGroup {
  const mark = marked[0]?.mark ?? { rule: "unknown" };
  const members = marked.map(({ failure }) => failure);
  const nature = isInfrastructure(members) ? "infrastructure" : "cause";
  return { key, title: signatureTitle(mark), nature, mark, members, marked: members.length, merged: [] };
}

const infrastructure =
  /\b(?:429|50[0234]|529|timed?[ -]?out|rate[ -]?limit\w*|too many requests|overloaded|(?:service|temporarily) unavailable|connection (?:reset|refused|closed)|bad gateway|econn\w+|etimedout|enotfound)\b/i;
const longestErrorText = 500;

/** Whether most of the members failed on errors that no prompt can mend. */
function isInfrastructure(members: readonly Failure[]): boolean {
  const broken = members.filter(({ outcome, session }) =>
    session.calls.some((call) => {
      if (call.error === undefined) return false;
      if (call.kind === "model")
        return outcome.signature.rule === "model-error" && infrastructure.test(call.error.slice(0, longestErrorText));
      const answer = typeof call.output === "string" ? call.output.slice(0, longestErrorText) : "";
      return call.tool === outcome.signature.tool && infrastructure.test(`${call.error.slice(0, longestErrorText)} ${answer}`);
    }),
  );
  return broken.length * 2 > members.length;
}
