import type { CommitSha, Digest, RepositoryId } from "./ids.ts";

export type SourceKind = "system-prompt" | "tool-description" | "skill" | "parameter" | "loop-limit" | "few-shot" | "wandb-config";

/** One place in the repository that becomes part of what the model is sent. */
export interface AgentSource {
  readonly repository: RepositoryId;
  readonly commit: CommitSha;
  /** Relative to the repository's root, forward slashes. */
  readonly path: string;
  readonly kind: SourceKind;
  /** What it is the source of: a tool's name, a parameter's key; absent for prompts. */
  readonly subject?: string;
  /** Of a tool's parameter: its name, dotted where it lies in another one. */
  readonly part?: string;
  /** 1-based lines, both included. */
  readonly lines: { readonly first: number; readonly last: number };
  /** Offsets into the file's text in UTF-16 units, end excluded. */
  readonly range: { readonly start: number; readonly end: number };
  /** The file's text within `range`, as it stands in the file. */
  readonly text: string;
  /** Digest of the whole file: an edit against another one is stale. */
  readonly fileDigest: Digest;
  /** `score`: share of the recorded text's n-grams that this place explains, 0..1. */
  readonly match: { readonly method: "mapped" | "exact" | "normalised" | "template" | "similar"; readonly score: number };
  /** Why no edit of this place could be checked; absent where it can be edited. */
  readonly readOnly?: string;
}

/** A file that the repository itself names as a place of the agent's prompt. */
export interface MappedFile {
  /** Relative to the repository's root, forward slashes. */
  readonly path: string;
  /** Words that stand in the string meant, where the file has several. */
  readonly contains?: string;
}

/** A place that was looked at and not claimed, with why. */
export interface SourceCandidate {
  readonly path: string;
  readonly lines: { readonly first: number; readonly last: number };
  readonly score: number;
  readonly why: string;
}

export type Located =
  | {
      readonly result: "found";
      readonly sources: readonly AgentSource[];
      readonly alternatives: readonly SourceCandidate[];
      /** Share of the recorded prompt that no file explains, 0..1. */
      readonly residue: number;
      readonly notes: readonly string[];
    }
  | { readonly result: "unsure"; readonly why: string; readonly candidates: readonly SourceCandidate[]; readonly remedy: string }
  | { readonly result: "absent"; readonly why: string; readonly lookedFor: string; readonly filesRead: number };
