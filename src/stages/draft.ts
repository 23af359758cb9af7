import type { FailureCluster } from "../domain/cluster.ts";
import { asJson } from "../domain/digest.ts";
import type { DraftDocument, Hypothesis } from "../domain/documents.ts";
import type { Candidate } from "../domain/edit.ts";
import { addUsage, type Message, noUsage, textMessage, textOf, type ToolDefinition, type Usage } from "../domain/message.ts";
import { type PromptTemplate, renderPrompt } from "../domain/text/prompt-template.ts";
import type { Shown } from "../domain/sample.ts";
import type { AgentSource } from "../domain/source.ts";
import { understand } from "../domain/text/structured-reply.ts";
import type { ModelClient } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import { evidencePack } from "./draft/evidence-pack.ts";
import { type DraftCandidate, draftCandidate, type DraftReply, draftReply, draftSchema } from "./draft/reply.ts";
import { isNearCopy, resolveCandidate } from "./draft/resolve.ts";

export interface DraftInput {
  readonly cluster: FailureCluster;
  readonly shown: readonly Shown[];
  readonly sources: readonly AgentSource[];
  /** Whole texts of the located files. */
  readonly files: ReadonlyMap<string, string>;
  readonly tools: readonly ToolDefinition[];
  /** How many candidates are wanted. */
  readonly count: number;
}

const repairs = 2;

/**
 * In: one cluster, the sessions that may be shown, and the located regions. Out: a few different candidate edits, each of which fits the files
 * exactly, and why the others did not. Asks one model; sees no held-out session and no repository beyond the located files; writes nothing.
 * What cannot be read or does not fit goes back to the model at most twice; good candidates are kept meanwhile.
 */
export async function draft(input: DraftInput, drafter: ModelClient, prompt: PromptTemplate, runtime: Runtime): Promise<DraftDocument> {
  const { system, user } = renderPrompt(prompt, evidencePack(input));
  const messages: Message[] = [textMessage("user", user)];
  const collected = new Collected(input);
  let usage: Usage = noUsage;
  for (let attempt = 0; attempt <= repairs; attempt += 1) {
    const reply = await drafter.complete(
      { purpose: "draft", prompt: prompt.digest, system, messages, maxTokens: prompt.maxTokens, output: asJson(draftSchema) },
      runtime.signal,
    );
    usage = addUsage(usage, reply.usage);
    const text = textOf(reply.message);
    const problems = collected.take(text, reply.finish === "length");
    if (problems.length === 0 || attempt === repairs) break;
    messages.push(textMessage("assistant", text.slice(0, 20_000) || "(empty)"), textMessage("user", repairRequest(problems)));
  }
  return {
    hypotheses: collected.hypotheses,
    candidates: collected.candidates.slice(0, input.count),
    rejected: collected.rejected,
    model: drafter.model,
    promptDigest: prompt.digest,
    usage,
  };
}

const repairRequest = (problems: readonly string[]): string =>
  [
    `These parts of your answer cannot be used:`,
    ...problems.map((problem) => `- ${problem}`),
    "",
    "Answer with a JSON object of the same form that holds only the corrected candidates.",
  ].join("\n");

/** What the replies brought so far. */
class Collected {
  readonly candidates: Candidate[] = [];
  hypotheses: readonly Hypothesis[] = [];
  /** Why parts of the last reply could not be used. */
  rejected: { readonly why: string }[] = [];
  readonly #input: DraftInput;

  constructor(input: DraftInput) {
    this.#input = input;
  }

  /** Takes a reply; returns what to tell the model, empty when there is nothing to repair. */
  take(text: string, wasCut: boolean): readonly string[] {
    const understood = understand<DraftReply>(text, draftReply);
    if (!understood.ok) {
      const why = wasCut ? "the answer was cut at the token limit" : understood.why;
      this.rejected = [...this.rejected, { why }];
      return [`${why}. Answer with one JSON object and nothing else.`];
    }
    if (this.hypotheses.length === 0) this.hypotheses = understood.value.hypotheses;
    this.rejected = [];
    const problems = understood.value.candidates.flatMap((candidate, index) => this.#add(candidate, index));
    this.rejected = problems.map((why) => ({ why }));
    return problems;
  }

  #add(value: unknown, index: number): readonly string[] {
    const parsed = draftCandidate.safeParse(value);
    if (!parsed.success)
      return [
        `candidate ${index + 1}: ${parsed.error.issues
          .slice(0, 3)
          .map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`)
          .join("; ")}`,
      ];
    const drafted: DraftCandidate = parsed.data;
    const resolved = resolveCandidate(drafted, this.#input.sources, this.#input.files);
    if (!resolved.ok) return [`candidate ${index + 1}: ${resolved.why}`];
    // A near copy would spend a share of alpha on the same idea twice.
    if (!this.candidates.some((candidate) => isNearCopy(candidate, resolved.candidate))) this.candidates.push(resolved.candidate);
    return [];
  }
}
