/** Every command, in the order in which help lists them. */
export const verbs = [
  "run",
  "retry",
  "revise",
  "replay",
  "explain",
  "smaller",
  "rebase",
  "recreate",
  "ignore",
  "unignore",
  "pause",
  "resume",
  "status",
  "help",
] as const;

/** The word behind `/tuneup`. */
export type Verb = (typeof verbs)[number];

/** What one command is: the only source of the help text, and what docs/commands.md is checked against. */
export interface CommandEntry {
  readonly verb: Verb;
  /** What stands behind the verb, as help writes it; empty when nothing may. */
  readonly takes: string;
  readonly brief: string;
  /** `pull`: only in a pull request of Tuneup's. */
  readonly where: "anywhere" | "pull";
  /** `work`: reads sessions and may take long. `quick`: answered from what is remembered. */
  readonly lane: "work" | "quick";
}

/** Longest text behind `revise` and `ignore`, in characters. */
export const longestText = 500;
/** Most further sessions that one `replay` may ask for. */
export const mostReplays = 500;

export const commandTable: Readonly<Record<Verb, CommandEntry>> = {
  run: {
    verb: "run",
    takes: "[cluster]",
    brief: "look for the largest failure cluster of this repository's agent, or at the one named, and propose an edit if replays prove one",
    where: "anywhere",
    lane: "work",
  },
  retry: {
    verb: "retry",
    takes: "",
    brief:
      "try the same failure again with newly drafted edits and another split of its sessions; a later job, so its error level is lower",
    where: "anywhere",
    lane: "work",
  },
  revise: {
    verb: "revise",
    takes: "<what to change>",
    brief: `have the edit redrafted after your words (at most ${longestText} characters, no links) and proven again; also in a review comment`,
    where: "pull",
    lane: "work",
  },
  replay: {
    verb: "replay",
    takes: "<n>",
    brief: `test the same edit on up to n further held-out sessions (at most ${mostReplays}); a later job, so its error level is lower`,
    where: "anywhere",
    lane: "work",
  },
  explain: {
    verb: "explain",
    takes: "",
    brief: "what was tested, what the test cannot rule out, and how to check it on your machine",
    where: "anywhere",
    lane: "quick",
  },
  smaller: {
    verb: "smaller",
    takes: "",
    brief: "have a smaller edit drafted and proven again",
    where: "pull",
    lane: "work",
  },
  rebase: {
    verb: "rebase",
    takes: "",
    brief: "put the edit on the newest default branch when there is a conflict; tested again only if the text it changes has changed",
    where: "pull",
    lane: "work",
  },
  recreate: {
    verb: "recreate",
    takes: "",
    brief: "make the branch anew and **drop what people committed to it**",
    where: "pull",
    lane: "work",
  },
  ignore: {
    verb: "ignore",
    takes: "[cluster] [reason]",
    brief: "propose nothing more for this failure",
    where: "anywhere",
    lane: "quick",
  },
  unignore: {
    verb: "unignore",
    takes: "[cluster]",
    brief: "take it up again",
    where: "anywhere",
    lane: "quick",
  },
  pause: {
    verb: "pause",
    takes: "",
    brief: "stop writing: in a pull request of Tuneup's to that one, elsewhere to the whole repository",
    where: "anywhere",
    lane: "quick",
  },
  resume: { verb: "resume", takes: "", brief: "end a pause", where: "anywhere", lane: "quick" },
  status: {
    verb: "status",
    takes: "",
    brief: "open proposals, running jobs, what is paused or ignored, what the limits leave, and the cost so far",
    where: "anywhere",
    lane: "quick",
  },
  help: { verb: "help", takes: "", brief: "this list", where: "anywhere", lane: "quick" },
};

/** How a command is written: `/tuneup replay <n>`. */
export const usageOf = ({ takes, verb }: CommandEntry): string => `/tuneup ${verb}${takes === "" ? "" : ` ${takes}`}`;

/** The list that `/tuneup help` answers, one line for each command. */
export const helpText = verbs.map((verb) => `- \`${usageOf(commandTable[verb])}\` — ${commandTable[verb].brief}`).join("\n");
