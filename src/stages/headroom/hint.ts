import type { FailureCluster } from "../../domain/cluster.ts";
import { canonicalJson } from "../../domain/digest.ts";
import type { CallPattern, JudgeRule, Rubric, TranscriptPattern } from "../../domain/rubric.ts";
import { plainLine } from "../../domain/text/safe-text.ts";

/** Words of every hint; scenarios of the simulated model tell a hinted request by them. */
export const hintMark = "This comes before every other instruction";

const longest = 300;

/**
 * What is put behind the agent's own prompt: the failure by name and everything that the rubric will ask for, in plain words. No small edit
 * could say it more clearly. It comes from the operator's rules and the cluster's title; the title may quote a trace, so it is one plain line.
 */
export function hintFor(cluster: Pick<FailureCluster, "title">, rubric: Rubric): string {
  const points = [...rubric.rules.map((rule) => ruleText(rule)), ...rubric.items.map((item) => plainLine(item, longest))];
  return [
    `${hintMark}. Conversations like this one have gone wrong before: ${plainLine(cluster.title, longest)}. It must not happen in this one.`,
    ...(points.length === 0
      ? []
      : ["", "Before every answer and every tool call make sure of each of these points:", ...points.map((point) => `- ${point}`)]),
  ].join("\n");
}

function ruleText({ forbid, name, require, when }: JudgeRule): string {
  const parts = [
    ...(require === undefined ? [] : [`see to it that ${patternText(require)}`]),
    ...(forbid === undefined ? [] : [`never let it happen that ${patternText(forbid)}`]),
  ];
  const where = when === undefined ? "" : `where ${patternText(when)}: `;
  return `${name}: ${where}${parts.join("; ")}.`;
}

function patternText({ agentSays, before, calls, userSays }: TranscriptPattern): string {
  const quoted = (phrases: readonly string[]): string => phrases.map((phrase) => `"${phrase}"`).join(" or ");
  const parts = [
    ...(userSays === undefined ? [] : [`the user says ${quoted(userSays)}`]),
    ...(agentSays === undefined ? [] : [`you say ${quoted(agentSays)}`]),
    ...(calls === undefined ? [] : [`you call ${callText(calls)}${before === undefined ? "" : ` before ${callText(before)}`}`]),
  ];
  return parts.join(" and ");
}

const callText = ({ input, tool }: CallPattern): string =>
  `\`${tool}\`${
    input === undefined
      ? ""
      : ` with ${Object.entries(input)
          .map(([key, value]) => `${key} = ${canonicalJson(value)}`)
          .join(", ")}`
  }`;
