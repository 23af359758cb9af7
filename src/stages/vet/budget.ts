import type { Candidate, Refusal } from "../../domain/edit.ts";
import type { AgentSource } from "../../domain/source.ts";
import { isSetting } from "./application.ts";

const mostHunks = 3;
const mostFiles = 2;
const tokensAlways = 80;
const tokenShare = 0.08;
const tokensNever = 250;
const longestEdit = 8000;

/**
 * Four characters a token, near enough for a bound and the same for every model; characters beyond Latin, Greek and Cyrillic are about a token
 * each.
 */
const tokens = (text: string): number => {
  const wide = text.match(/[\u0900-\u{10FFFF}]/gu)?.length ?? 0;
  return Math.ceil((text.length - wide) / 4) + wide;
};

/** Whether a candidate is small: at most three hunks in one file (and one file of settings), growing the prompt by 80 tokens or 8 %, never by 250. */
export function budgetRefusals(candidate: Candidate, sources: readonly AgentSource[]): readonly Refusal[] {
  const refuse = (message: string, remedy: string): Refusal => ({ rule: "size", path: candidate.edits[0]?.path ?? "", message, remedy });
  const refusals: Refusal[] = [];
  const paths = [...new Set(candidate.edits.map((edit) => edit.path))];
  const texts = paths.filter((path) => sources.some((source) => source.path === path && !isSetting(source)));
  if (candidate.edits.length === 0 || candidate.edits.every((edit) => edit.before === edit.after))
    refusals.push(refuse("it changes nothing", "Propose an edit."));
  if (candidate.edits.length > mostHunks)
    refusals.push(refuse(`${candidate.edits.length} hunks, at most ${mostHunks} are allowed`, "Bet on one cause."));
  if (paths.length > mostFiles || texts.length > 1)
    refusals.push(refuse(`${paths.length} files, at most one prompt file and one file of settings are allowed`, "Bet on one cause."));
  const region = sources.filter((source) => paths.includes(source.path)).reduce((sum, source) => sum + tokens(source.text), 0);
  const added = candidate.edits.reduce((sum, edit) => sum + Math.max(0, tokens(edit.after) - tokens(edit.before)), 0);
  const most = Math.min(tokensNever, Math.max(tokensAlways, Math.floor(region * tokenShare)));
  if (added > most)
    refusals.push(refuse(`it adds about ${added} tokens, at most ${most} are allowed here`, "Say it in a sentence or two."));
  if (candidate.edits.some((edit) => edit.after.length > longestEdit || edit.before.length > longestEdit))
    refusals.push(refuse("a hunk is longer than 8,000 characters", "Replace less."));
  return refusals;
}
