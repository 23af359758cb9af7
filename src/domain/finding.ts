import type { Refusal } from "./edit.ts";
import type { ProposalId } from "./ids.ts";
import type { PullRequest } from "./proposal.ts";
import type { Verdict } from "./verdict.ts";

/** How a job on one cluster ended. All but the last are normal, cheap endings, and each says what would change it. */
export type Finding =
  | { readonly end: "no-failures"; readonly why: string }
  | { readonly end: "too-few-sessions"; readonly failing: number; readonly control: number; readonly needed: number }
  | {
      readonly end: "not-located" | "not-replayable" | "not-judgeable" | "not-a-prompt-problem" | "model-not-configured" | "no-draft";
      readonly why: string;
      readonly remedy: string;
    }
  | { readonly end: "refused"; readonly refusals: readonly Refusal[] }
  | { readonly end: "decided"; readonly verdict: Verdict }
  /** A human closed the pull request or committed to its branch: hands off. */
  | { readonly end: "left-alone"; readonly why: string; readonly remedy: string }
  | { readonly end: "proposed"; readonly verdict: Verdict; readonly proposal: ProposalId }
  | { readonly end: "published"; readonly verdict: Verdict; readonly pull: PullRequest };
