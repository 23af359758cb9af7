import type { CommitSha, RepositoryId } from "../domain/ids.ts";
import type { Proposal, PullRequest } from "../domain/proposal.ts";
import type { SetupProposal } from "../domain/publishing/setup.ts";

export interface RepositoryDescription {
  readonly defaultBranch: string;
  readonly head: CommitSha;
  readonly visibility: "public" | "private";
}

/** What jobs may ask a forge. Every answer is live; an error is thrown, never read as "nothing there". */
export interface ForgeReader {
  describe(repository: RepositoryId): Promise<RepositoryDescription>;
  /** A live look-up at every call. */
  permission(repository: RepositoryId, login: string): Promise<"none" | "read" | "write" | "admin">;
  /** The newest pull request from this branch, whatever its state. */
  findPullRequest(repository: RepositoryId, branch: string): Promise<PullRequest | undefined>;
}

export type Publication =
  | { readonly result: "published"; readonly pull: PullRequest }
  /** A human closed it, committed to its branch or wants it left; or a limit is reached. `remedy` says what changes that. */
  | {
      readonly result: "left-alone";
      readonly why: string;
      readonly remedy?: string;
      readonly pull?: PullRequest;
      /** Somebody else's commits stand on the branch. */
      readonly edited?: true;
    };

/** What a person asked for besides. */
export interface PublishWish {
  /** Make the branch anew: others' commits on it are dropped. */
  readonly recreate?: boolean;
  /** Pull requests up to this number are settled: closed, and the failure was taken up again since. */
  readonly settledPull?: number;
}

/**
 * The only thing in Tuneup that writes to a repository; only the publishing process holds one. Looks before every write and adopts
 * its own earlier result, so that any number of calls with one proposal leaves exactly one branch, one commit and one pull request.
 * Checks the real diff of the branch against the proposal after the commit and takes the branch back when they differ. A branch of ours on an older
 * base is brought to the proposal's base in one move, never over a commit that was not looked at.
 */
export interface ForgeWriter {
  publish(proposal: Proposal, wish?: PublishWish): Promise<Publication>;
  /** One comment per pull request and kind, edited in place. */
  comment(pull: PullRequest, kind: string, body: string): Promise<void>;
  /** One check run per pull request and name, on its head. */
  check(pull: PullRequest, result: "success" | "neutral" | "failure" | "action_required", summary: string): Promise<void>;
}

/** Writes the pull request that adds a repository's own file; likewise in the publishing process only. */
export interface SetupWriter {
  /** Any number of calls leave one branch and one pull request. One that a person closed or merged is left alone. */
  setUp(setup: SetupProposal): Promise<Publication>;
}
