/** A string that carries its meaning in its type. Ids are made by the functions of this file or parsed at the edge. */
export type Brand<T, B extends string> = T & { readonly __brand: B };

/** The key under which a trace store groups spans into one session. */
export type SessionId = Brand<string, "SessionId">;
/** Stable over runs: the same failures keep their cluster id. */
export type ClusterId = Brand<string, "ClusterId">;
export type ProposalId = Brand<string, "ProposalId">;
/** A trace project: the operator's name for one agent's traces. */
export type ProjectId = Brand<string, "ProjectId">;
/** 40 lowercase hex digits. */
export type CommitSha = Brand<string, "CommitSha">;
/** A content digest, written `<algorithm>:<hex>`. */
export type Digest = Brand<string, "Digest">;
/** ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` writes it; compares as text. */
export type Instant = Brand<string, "Instant">;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Attributes = Readonly<Record<string, Json>>;

export interface RepositoryId {
  readonly owner: string;
  readonly name: string;
}

export const sessionId = (text: string): SessionId => text as SessionId;
export const clusterId = (text: string): ClusterId => text as ClusterId;
export const proposalId = (text: string): ProposalId => text as ProposalId;
export const projectId = (text: string): ProjectId => text as ProjectId;
export const commitSha = (text: string): CommitSha => text as CommitSha;
export const digest = (text: string): Digest => text as Digest;
export const instant = (text: string): Instant => text as Instant;

/** The moment so many milliseconds after another. */
export const later = (at: Instant, milliseconds: number): Instant => instant(new Date(Date.parse(at) + milliseconds).toISOString());

/** `owner/name` */
export const repositoryName = (repository: RepositoryId): string => `${repository.owner}/${repository.name}`;
