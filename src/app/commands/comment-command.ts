import { commandTable, longestText, mostReplays, usageOf, type Verb, verbs } from "./command-table.ts";

/** What a comment asks for. `unknown` is a command of ours that does not exist or is written wrongly: answered with one line, for those who may write. */
export type CommentCommand =
  | { readonly kind: "run" | "unignore"; readonly cluster?: string }
  | { readonly kind: "revise"; readonly text: string }
  | { readonly kind: "replay"; readonly sessions: number }
  /** The first word may be a cluster's id; who knows the clusters decides. */
  | { readonly kind: "ignore"; readonly words: string }
  | { readonly kind: "retry" | "explain" | "smaller" | "rebase" | "recreate" | "pause" | "resume" | "status" | "help" }
  /** `why` is a sentence of ours; holds nothing of the comment but letters. */
  | { readonly kind: "unknown"; readonly why: string };

const longestLine = 1000;
const clusterName = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const address = /[a-z][a-z\d+.-]{0,20}:\/\/|\bwww\./i;

/**
 * The command of a comment, if it is one: `/tuneup …` at the very beginning of the first line. Anything else, quoted lines and code included, is
 * conversation between people and none of our business; so is a line of more than 1,000 characters. What follows the first line is never read.
 */
export function commentCommand(body: string): CommentCommand | undefined {
  const end = body.slice(0, longestLine + 2).search(/[\r\n]/);
  const line = (end < 0 ? body.slice(0, longestLine + 1) : body.slice(0, end)).trimEnd();
  if (line.length > longestLine) return undefined;
  const match = /^\/tuneup(?:[ \t]+([^ \t]+)(?:[ \t]+(.*))?)?$/i.exec(line);
  if (match === null) return undefined;
  const [, word = "help", rest = ""] = match;
  const verb = verbs.find((one) => one === word.toLowerCase());
  return verb === undefined ? { kind: "unknown", why: unknownVerb(word) } : parsed(verb, rest.trim());
}

function unknownVerb(word: string): string {
  const letters = word.replace(/[^A-Za-z-]/g, "").slice(0, 20);
  return `There is no command \`${letters === "" ? "?" : letters}\`. Commands: ${verbs.join(", ")}. \`/tuneup help\` explains them.`;
}

function parsed(verb: Verb, rest: string): CommentCommand {
  switch (verb) {
    case "run":
    case "unignore":
      if (rest === "") return { kind: verb };
      return clusterName.test(rest)
        ? { kind: verb, cluster: rest }
        : wrong(verb, "a cluster is one word: letters, digits, `.`, `_`, `:`, `-`");
    case "replay":
      return /^[1-9]\d{0,2}$/.test(rest) && Number(rest) <= mostReplays
        ? { kind: verb, sessions: Number(rest) }
        : wrong(verb, `n is a whole number from 1 to ${mostReplays}`);
    case "revise":
      return rest === "" ? wrong(verb, "say what to change, on the same line") : (textProblem(verb, rest) ?? { kind: verb, text: rest });
    case "ignore":
      return textProblem(verb, rest) ?? { kind: verb, words: rest };
    case "retry":
    case "smaller":
    case "rebase":
    case "recreate":
    case "explain":
    case "pause":
    case "resume":
    case "status":
    case "help":
      return rest === "" ? { kind: verb } : wrong(verb, "nothing follows this command");
  }
}

function textProblem(verb: Verb, text: string): CommentCommand | undefined {
  if (text.length > longestText) return wrong(verb, `at most ${longestText} characters`);
  return address.test(text) ? wrong(verb, "no links") : undefined;
}

const wrong = (verb: Verb, why: string): CommentCommand => ({
  kind: "unknown",
  why: `\`${usageOf(commandTable[verb])}\`: ${why}.`,
});

/** Whether a word could be a cluster's id or its beginning. */
export const isClusterName = (word: string): boolean => clusterName.test(word);
