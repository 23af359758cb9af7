import { z } from "zod";
import { clusterId, commitSha, digest, proposalId } from "../domain/ids.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { SetupProposal } from "../domain/publishing/setup.ts";

const line = z.string().min(1).max(300);
const text = z.string().max(1024 * 1024);
const repository = z.strictObject({
  owner: z.string().regex(/^[A-Za-z\d](?:[A-Za-z\d-]{0,38})$/),
  name: z.string().regex(/^(?!\.{1,2}$)[\w.-]{1,100}$/),
});
const commit = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform((value) => commitSha(value));
const digestText = z
  .string()
  .regex(/^[a-z0-9]{1,20}:[0-9a-f]{2,128}$/)
  .transform((value) => digest(value));

const edit = z.strictObject({ path: line, base: digestText, before: text, after: text, reason: z.string().max(5000) });
const file = z.strictObject({ path: line, text, before: digestText });

const proposal = z.strictObject({
  id: z
    .string()
    .regex(/^p-[0-9a-f]{12}$/)
    .transform((value) => proposalId(value)),
  repository,
  commit,
  cluster: line.transform((value) => clusterId(value)),
  edits: z.array(edit).min(1).max(20),
  files: z.array(file).min(1).max(3),
  branch: line,
  title: line,
  body: z.string().max(70_000),
  commitMessage: z.string().min(1).max(5000),
  draft: z.boolean(),
  labels: z.array(line).max(20),
  reviewers: z.array(line).max(20).exactOptional(),
  evidence: digestText,
  startedBy: z.string().max(100).exactOptional(),
  state: z.enum(["drafted", "verified", "published", "merged", "closed", "suppressed"]),
});

const setup = z.strictObject({ kind: z.literal("setup"), repository, commit, text, title: line, body: z.string().max(70_000) });

/** The shape of what the publishing process takes. It came as a file from a process that read transcripts: unknown keys are errors. */
export const publishableSchema = (content: unknown): z.ZodType<Proposal | SetupProposal> =>
  typeof content === "object" && content !== null && "kind" in content ? setup : proposal;
