import { z } from "zod";

/** What a set-up is remembered as: ids only, so that the job asks GitHub anew. */
export const setUpRequestSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  /** What happened: `installed 99`, `changed <sha>`, `traces <n>` or `day <date>`. One job for each. */
  cause: z.string().min(1).max(100),
});
export type SetUpRequest = z.infer<typeof setUpRequestSchema>;

/** The job's name in the queue. */
export const setUpJobName = "set-up";

/** One cause is one job, however often its webhook comes. */
export const setUpKey = ({ cause, owner, repository }: SetUpRequest): string =>
  `${owner}/${repository}/${cause}`.toLowerCase().replaceAll(" ", "-");
