import { z } from "zod";
import { asJson } from "../../domain/digest.ts";
import type { JobQueue } from "../../ports/job-queue.ts";

/** The name, in the queue, of jobs that say whether a pull request is approved by another person. */
export const approvalJobName = "approval";

/** Where to look again; how things stand is asked then. */
export const approvalRequestSchema = z.object({
  installation: z.number().int().positive(),
  owner: z.string().min(1).max(100),
  repository: z.string().min(1).max(100),
  number: z.number().int().positive(),
  /** Who has just pushed to its branch. */
  pushedBy: z.string().min(1).max(100).optional(),
});
export type ApprovalRequest = z.infer<typeof approvalRequestSchema>;

/** Adds the look as a durable job. `cause` tells this look from others at the same pull request: a delivery's id, a job's key. */
export async function askForApprovalLook(queue: Pick<JobQueue, "add">, request: ApprovalRequest, cause: string): Promise<void> {
  const key = `${request.owner}/${request.repository}/${request.number}/${cause}`;
  await queue.add({ name: approvalJobName, key, payload: asJson(request) });
}
