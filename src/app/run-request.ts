import { z } from "zod";

/** What a comment's run is remembered as: ids only, so that every later step asks GitHub anew. */
export const runRequestSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  issue: z.number().int().positive(),
  comment: z.number().int().positive(),
  login: z.string().min(1).max(100),
  cluster: z.string().max(64).optional(),
});
export type RunRequest = z.infer<typeof runRequestSchema>;

/** The job's name in the queue. */
export const runJobName = "run";

/** One comment is one run, however often its webhook comes. */
export const runKey = (request: RunRequest): string => `${request.owner}/${request.repository}/${request.comment}`;
