import type { KeyObject } from "node:crypto";
import type { BareRepository } from "./git/bare-repository.ts";

export type Access = "none" | "read" | "triage" | "write" | "maintain" | "admin";

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Bot" | "Organization";
}

/** A registered GitHub App. */
export interface App {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly owner: string;
  readonly publicKey: KeyObject;
  readonly privateKey: string;
  readonly webhookSecret: string;
  hookUrl: string | undefined;
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  readonly events: readonly string[];
}

export interface Installation {
  readonly id: number;
  readonly app: number;
  readonly account: string;
  /** `all`, or full names. */
  repositories: "all" | readonly string[];
  permissions: Readonly<Record<string, "read" | "write">>;
  suspended: boolean;
}

export interface Token {
  readonly token: string;
  readonly owner:
    | { readonly kind: "user"; readonly login: string }
    | { readonly kind: "installation"; readonly installation: number; readonly permissions: Readonly<Record<string, "read" | "write">> };
  /** Full names in lower case the token is narrowed to. */
  readonly repositories?: readonly string[];
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** One webhook delivery, as the App's settings page lists it. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly app: number;
  readonly event: string;
  readonly action: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly delivered_at: string;
  readonly redelivery: boolean;
  status_code: number;
  status: string;
  duration: number;
}

export interface Pull {
  readonly number: number;
  /** The branch it comes from. */
  readonly head: string;
  readonly base: string;
  readonly user: string;
  readonly created_at: string;
  title: string;
  body: string;
  draft: boolean;
  state: "open" | "closed";
  merged_at: string | null;
  merged_by: string | null;
  closed_at: string | null;
  updated_at: string;
  merge_commit_sha: string | null;
  /** The head as it was when the branch was last there. */
  head_sha: string;
  base_sha: string;
  requested_reviewers: string[];
  /** Waiting in a merge queue. */
  queued: boolean;
}

export interface Issue {
  readonly number: number;
  readonly user: string;
  readonly created_at: string;
  title: string;
  body: string;
  state: "open" | "closed";
  state_reason: string | null;
  closed_at: string | null;
  updated_at: string;
  assignees: string[];
}

export interface Reaction {
  readonly id: number;
  readonly user: string;
  readonly content: string;
  readonly created_at: string;
}

export interface Comment {
  readonly id: number;
  /** Number of the issue or pull request. */
  readonly issue: number;
  readonly user: string;
  readonly created_at: string;
  /** Slug of the App it was written through. */
  readonly app?: string;
  updated_at: string;
  body: string;
  readonly reactions: Reaction[];
}

export interface Review {
  readonly id: number;
  readonly pull: number;
  readonly user: string;
  state: string;
  readonly body: string;
  readonly commit_id: string;
  readonly submitted_at: string;
}

export interface ReviewComment {
  readonly id: number;
  readonly pull: number;
  readonly user: string;
  readonly path: string;
  readonly line: number | null;
  readonly commit_id: string;
  readonly created_at: string;
  readonly in_reply_to_id?: number;
  body: string;
}

export interface Check {
  readonly id: number;
  readonly name: string;
  readonly head_sha: string;
  readonly app: number;
  readonly external_id: string;
  details_url: string | null;
  started_at: string | null;
  completed_at: string | null;
  status: string;
  conclusion: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
  actions: readonly unknown[];
  readonly annotations: unknown[];
}

export interface Status {
  readonly id: number;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly target_url: string | null;
  readonly creator: string;
  readonly created_at: string;
}

/** What a repository refuses for branches whose name starts so: a ruleset. */
export interface BranchRule {
  readonly prefix: string;
  readonly refuses: "creation" | "update" | "unsigned";
  /** Slugs of Apps that may pass. */
  readonly except: readonly string[];
}

/** Everything about a repository except its git objects: plain data, so that it can be photographed. */
export interface RepositoryData {
  readonly id: number;
  owner: string;
  name: string;
  isPrivate: boolean;
  defaultBranch: string;
  archived: boolean;
  /** Answers 451 to everything. */
  blocked: boolean;
  hasIssues: boolean;
  readonly collaborators: Map<string, Access>;
  readonly pulls: Pull[];
  readonly issues: Issue[];
  readonly comments: Comment[];
  readonly reviews: Review[];
  readonly reviewComments: ReviewComment[];
  readonly labels: Map<number, string[]>;
  readonly labelNames: Set<string>;
  readonly checks: Check[];
  readonly statuses: Status[];
  readonly verified: Set<string>;
  readonly rules: BranchRule[];
  /** Names of checks that must have passed before anything is merged into the default branch: a ruleset. */
  readonly requiredChecks: string[];
  /** Files that some automation adds to every commit made through the API. */
  alsoCommit: Readonly<Record<string, string>>;
  nextNumber: number;
}

export interface Repository {
  readonly data: RepositoryData;
  readonly git: BareRepository;
}

export const fullName = ({ data }: Repository): string => `${data.owner}/${data.name}`;

/** A repository as it is now, for answers that will be out of date. */
export const photograph = ({ data, git }: Repository): Repository => ({ data: structuredClone(data), git: git.photograph() });

export const emptyRepository = (id: number, owner: string, name: string): RepositoryData => ({
  id,
  owner,
  name,
  isPrivate: true,
  defaultBranch: "main",
  archived: false,
  blocked: false,
  hasIssues: true,
  collaborators: new Map(),
  pulls: [],
  issues: [],
  comments: [],
  reviews: [],
  reviewComments: [],
  labels: new Map(),
  labelNames: new Set(["bug", "enhancement"]),
  checks: [],
  statuses: [],
  verified: new Set(),
  rules: [],
  requiredChecks: [],
  alsoCommit: {},
  nextNumber: 1,
});
