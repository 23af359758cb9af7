import type { Instant, ProjectId } from "../domain/ids.ts";
import type { TokenHash } from "../domain/receiving/project-token.ts";

/** A trace project that receives traces, without its tokens. */
export interface TraceProject {
  readonly name: ProjectId;
  readonly createdAt: Instant;
  /** When something was last received for it. */
  readonly lastReceivedAt?: Instant;
  /** How many it received ever; sent twice counts twice. May lag a second behind. */
  readonly spans: number;
  readonly logRecords: number;
  /** How many tokens open it, and until when those that end are valid. */
  readonly tokens: readonly { readonly createdAt: Instant; readonly until?: Instant }[];
}

/** What was received for a project since the last time it was told. */
export interface Received {
  readonly at: Instant;
  readonly spans: number;
  readonly logRecords: number;
}

/**
 * The trace projects of one installation and who may write into them. Holds hashes of tokens, never tokens. Several processes may share it: a
 * token made, rotated or removed in one counts in all others at their next question. Every change is durable when it resolves.
 */
export interface ProjectDirectory {
  /** `exists` changes nothing. */
  create(name: ProjectId, token: TokenHash, at: Instant): Promise<"created" | "exists">;
  /** Adds a token; all others end at `oldUntil`, or when they would have ended before. */
  rotate(name: ProjectId, token: TokenHash, change: { readonly at: Instant; readonly oldUntil: Instant }): Promise<"rotated" | "absent">;
  /** In order of their names; a token that has ended at `at` is not among them. */
  list(at: Instant): Promise<readonly TraceProject[]>;
  /** The project that a token opens at this moment. */
  projectOf(token: TokenHash, at: Instant): Promise<ProjectId | undefined>;
  noteReceived(name: ProjectId, received: Received): Promise<void>;
  /** Takes the project and its tokens away; its traces are the trace store's. */
  remove(name: ProjectId): Promise<"removed" | "absent">;
  close(): Promise<void>;
}
