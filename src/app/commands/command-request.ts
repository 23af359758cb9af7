import { z } from "zod";
import type { RepositoryId } from "../../domain/ids.ts";
import { commandTable, mostReplays, verbs } from "./command-table.ts";

const name = z.string().min(1).max(100);
const number = z.number().int().positive();

/** What a command is remembered as: ids only, so that every later step asks GitHub anew. */
export const commandRequestSchema = z.object({
  installation: number,
  owner: name,
  repository: name,
  /** Who asked. */
  login: name,
  /** Their number, for the address of a co-author. */
  user: number.optional(),
  command: z.enum(verbs),
  /** Issue or pull request where it was asked; absent for a run that was started from a check. */
  issue: number.optional(),
  /** Whether `issue` is a pull request. */
  onPull: z.literal(true).optional(),
  comment: number.optional(),
  /** The comment is a review comment, whose ids and reactions are apart. */
  review: z.literal(true).optional(),
  /** The check run whose button started it. */
  check: number.optional(),
  /** The box of the dashboard that was ticked: one edit and box. */
  box: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .optional(),
  /** The period whose scheduled run it is: nobody asked, so nobody's permission counts and nobody is named. */
  scheduled: z
    .string()
    .regex(/^(?:week-)?\d{4}-\d{2}-\d{2}$/)
    .optional(),
  cluster: z.string().max(64).optional(),
  /** For `replay`. */
  sessions: number.max(mostReplays).optional(),
  /** Digest of the text behind `revise` or `ignore`, which the ledger keeps. */
  text: z.string().max(100).optional(),
});
export type CommandRequest = z.infer<typeof commandRequestSchema>;

/** The name, in the queue, of jobs that read sessions and may take long. */
export const runJobName = "run";
/** The name of jobs that are answered from what is remembered. */
export const commandJobName = "command";

export const jobNameOf = (request: CommandRequest): string => (commandTable[request.command].lane === "work" ? runJobName : commandJobName);

/** One comment is one job, however often its webhook comes; so is one press of a check's button, and one tick of a box. */
export function requestKey(request: CommandRequest): string {
  const place = `${request.owner}/${request.repository}`;
  if (request.scheduled !== undefined) return `${place}/scheduled-${request.scheduled}`;
  if (request.box !== undefined) return `${place}/box-${request.box}`;
  if (request.comment === undefined) return `${place}/check-${request.check ?? 0}`;
  return `${place}/${request.review === true ? "review-" : ""}${request.comment}`;
}

export const repositoryOf = (request: CommandRequest): RepositoryId => ({ owner: request.owner, name: request.repository });

/** Where the ledger keeps a text. Texts are kept as they were received, by their digest: a later edit of the comment changes nothing. */
export const textKey = (digest: string): string => `command-text/${digest}`;
