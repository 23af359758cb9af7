import { z } from "zod";

/** The name, in the queue, of jobs about what people did to our pull requests. */
export const pullJobName = "pull";

/** Whether a branch has the name of one of Tuneup's proposals. */
export const isOurBranch = (branch: string): boolean => /^tuneup\/[0-9a-f]{12}$/.test(branch);

export const pullActions = ["closed", "reopened", "synchronize", "labeled", "unlabeled", "enqueued", "dequeued"] as const;

/** What happened to a pull request, as a job remembers it; how it stands is asked anew. */
export const pullChangeSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  number: z.number().int().positive(),
  action: z.enum(pullActions),
  /** Who did it. */
  by: z.string().min(1).max(100),
  /** Whether that is a person. */
  person: z.literal(true).optional(),
});
export type PullChange = z.infer<typeof pullChangeSchema>;
