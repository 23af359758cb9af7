import { z } from "zod";

const number = z.number().int().positive();

/** What a look at a repository's own file is remembered as: ids only, so that the job asks GitHub anew. */
export const configRequestSchema = z.object({
  installation: number,
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  /** The commit whose file is looked at. */
  head: z.string().regex(/^[0-9a-f]{40}$/),
  /** The pull request that the commit belongs to; absent for the default branch. */
  pull: number.optional(),
});
export type ConfigRequest = z.infer<typeof configRequestSchema>;

/** The job's name in the queue. */
export const configJobName = "configuration";

/** One commit is looked at once for each purpose, however often its webhook comes. */
export const configKey = ({ head, owner, pull, repository }: ConfigRequest): string =>
  `${owner}/${repository}/${pull === undefined ? "default" : `pull-${pull}`}/${head}`.toLowerCase();
