import type { Edit } from "./edit.ts";
import type { ClusterId, CommitSha, Digest, ProposalId, RepositoryId } from "./ids.ts";

export type ProposalState = "drafted" | "verified" | "published" | "merged" | "closed" | "suppressed";

/** A pull request before any forge has seen it: plain data, complete, already sanitised. */
export interface Proposal {
  readonly id: ProposalId;
  readonly repository: RepositoryId;
  /** The commit the edits were written against. */
  readonly commit: CommitSha;
  readonly cluster: ClusterId;
  readonly edits: readonly Edit[];
  /** The changed files whole, as they shall stand after the edits; the publisher checks them against the edits again. */
  readonly files: readonly { readonly path: string; readonly text: string; readonly before: Digest }[];
  /** `tuneup/<12 hex>`: the same root cause always has the same branch. */
  readonly branch: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly commitMessage: string;
  /** Ready for review only for `improves`; else a draft. */
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** Whom to ask for a review when the pull request is opened: logins, or `org/team`. */
  readonly reviewers?: readonly string[];
  readonly evidence: Digest;
  /** Login of who started the run with a comment. */
  readonly startedBy?: string;
  readonly state: ProposalState;
}

/** What a repository wants of pull requests; it can only narrow what is allowed. */
export interface PullRequestWishes {
  /** `report-only`: a proven edit is reported, and nothing is written. */
  readonly pullRequests: "ready" | "draft" | "report-only";
  /** Besides `tuneup`. */
  readonly labels: readonly string[];
  /** Logins, or `org/team`. */
  readonly reviewers?: readonly string[];
}

export interface PullRequest {
  readonly repository: RepositoryId;
  readonly number: number;
  /** A web address, or a file path for the local forge. */
  readonly url: string;
  readonly branch: string;
  readonly head: CommitSha;
  readonly state: "open" | "merged" | "closed";
  /** True when an earlier run had made it and it was found again. */
  readonly adopted: boolean;
}
