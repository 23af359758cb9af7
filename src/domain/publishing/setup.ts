import type { CommitSha, ProjectId, RepositoryId } from "../ids.ts";

/** Where a repository says what it wants of Tuneup; read from the default branch only. */
export const repositoryFilePath = ".github/tuneup.yml";

/** One place that a survey names. */
export interface SurveyPlace {
  readonly path: string;
  /** 1-based lines, both included; absent for whole files. */
  readonly lines?: { readonly first: number; readonly last: number };
  /** What it is: `system prompt`, `tool description`, `prompt file` … */
  readonly what: string;
  /** What it is of: a tool's or a setting's name. */
  readonly subject?: string;
}

/** What Tuneup sees of an agent before anything is tried: its files, its traces, its failures. */
export interface Survey {
  readonly kind: "survey";
  readonly version: 1;
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  /** Places that recorded sessions prove; empty without traces. */
  readonly located: readonly SurveyPlace[];
  /** Why nothing was located; absent where something was. */
  readonly notLocated?: string;
  /** Files that look like parts of an agent by their names. */
  readonly files: readonly SurveyPlace[];
  /** Absent where no trace project belongs to the repository. */
  readonly traces?: {
    readonly project: ProjectId;
    readonly sessions: number;
    readonly failed: number;
    readonly unclear: number;
    /** Largest first, at most five. */
    readonly clusters: readonly {
      readonly id: string;
      readonly title: string;
      readonly members: number;
      readonly nature: "cause" | "other";
    }[];
  };
}

/** The branch of the pull request that sets Tuneup up in a repository. */
export const setupBranch = "tuneup/set-up";

/** The pull request that adds `.github/tuneup.yml`: plain data, complete. */
export interface SetupProposal {
  readonly kind: "setup";
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  /** The file `.github/tuneup.yml` as it shall be. */
  readonly text: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** The file that the set-up pull request adds: short, with every key explained where it stands. */
export const firstRepositoryFile = `# What this repository wants of Tuneup. Every key is optional; each can only narrow what the operator allows.
# It is read from the default branch only.

# What a proven edit becomes:
#   ready        a pull request that is ready for review
#   draft        a draft
#   report-only  a report in the comment; nothing is written
pullRequests: ready

# Files that no edit may touch.
# ignore:
#   - prompts/legal/**

# Labels of pull requests besides "tuneup".
# labels: [agents]
`;
