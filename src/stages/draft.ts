import type { FailureCluster } from "../domain/cluster.ts";
import { asJson } from "../domain/digest.ts";
import { type DraftDocument, type EditWish, type Hypothesis, isSettled, type TriedEdit } from "../domain/documents.ts";
import type { Candidate } from "../domain/edit.ts";
import { addUsage, type Message, noUsage, textMessage, textOf, type ToolDefinition, type Usage } from "../domain/message.ts";
import { type PromptTemplate, renderPrompt } from "../domain/text/prompt-template.ts";
import type { Shown } from "../domain/sample.ts";
import type { AgentSource } from "../domain/source.ts";
import type { ModelClient, ModelReply } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";
import { evidencePack } from "./draft/evidence-pack.ts";
import { draftSchema, type ReadCandidate, readReply } from "./draft/reply.ts";
import { isNearCopy, resolveCandidate } from "./draft/resolve.ts";

export interface DraftInput {
  readonly cluster: FailureCluster;
  readonly shown: readonly Shown[];
  readonly sources: readonly AgentSource[];
  /** Whole texts of the located files. */
  readonly files: ReadonlyMap<string, string>;
  readonly tools: readonly ToolDefinition[];
  /** What earlier jobs tried on this failure, newest first. */
  readonly tried?: readonly TriedEdit[];
  /** What a person asks of an edit that stands already. */
  readonly wish?: EditWish;
  /** How many candidates are wanted at most. */
  readonly count: number;
  /** Why the form of a candidate that fits is not allowed, for the model to correct; never why it is not safe. */
  readonly formProblem?: (candidate: Candidate) => Promise<string | undefined>;
}

const repairs = 2;
/** How much of an unusable reply the model is shown again. */
const longestEcho = 20_000;

/**
 * In: one cluster, the sessions that may be shown, and the located regions. Out: at most `count` different candidate edits, each of which fits
 * the files exactly, the hypotheses behind them, and why the rest was not usable. Asks one model; sees no held-out session and no repository
 * beyond the located files; writes nothing. What cannot be read, does not fit or has a wrong form goes back to the model at most twice; good
 * candidates are kept meanwhile, and the last ones whatever their form: vetting says what is wrong with it. No reply makes it throw: it throws only what the model client throws.
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
    const problems = await collected.take(reply, attempt === repairs);
    if (problems.length === 0) break;
    const echo = textOf(reply.message).slice(0, longestEcho).trim();
    messages.push(textMessage("assistant", echo === "" ? "(empty)" : echo), textMessage("user", repairRequest(problems)));
  }
  return {
    hypotheses: collected.hypotheses,
    candidates: collected.candidates,
    rejected: collected.rejected,
    model: drafter.model,
    promptDigest: prompt.digest,
    usage,
  };
}

/** Something in a reply that cannot be used: why, and what else helps the model to correct it. */
interface Problem {
  readonly why: string;
  readonly hint?: string;
}

const repairRequest = (problems: readonly Problem[]): string =>
  [
    "These parts of your answer cannot be used:",
    ...problems.map(({ hint, why }) => `- ${why}${hint === undefined ? "" : `\n${hint}`}`),
    "",
    "Answer with one JSON object of the same form that holds only the corrected candidates. What was usable is kept.",
  ].join("\n");

/** What the replies brought so far. */
class Collected {
  readonly candidates: Candidate[] = [];
  hypotheses: readonly Hypothesis[] = [];
  readonly #input: DraftInput;
  /** Parts that no repair can help: near copies, candidates beyond the number that was asked for. */
  readonly #surplus: { readonly why: string }[] = [];
  #unusable: readonly Problem[] = [];

  constructor(input: DraftInput) {
    this.#input = input;
  }

  /** Why something was not used; what a later reply corrected is not among it. */
  get rejected(): readonly { readonly why: string }[] {
    return [...this.#unusable.map(({ why }) => ({ why })), ...this.#surplus];
  }

  /** Takes a reply; returns what to tell the model, empty when there is nothing to repair. */
  async take(reply: ModelReply, isLast: boolean): Promise<readonly Problem[]> {
    const read = readReply(textOf(reply.message));
    if (!read.ok) {
      const problem = { why: formProblem(reply, read.why) };
      // Nothing of this reply could be read, so nothing that was wrong before is corrected.
      this.#unusable = [...this.#unusable, problem];
      return [problem];
    }
    if (this.hypotheses.length === 0) this.hypotheses = read.hypotheses;
    const problems: Problem[] = [];
    for (const one of read.candidates) problems.push(...(await this.#add(one, isLast)));
    this.#unusable = problems;
    return problems;
  }

  async #add(read: ReadCandidate, isLast: boolean): Promise<readonly Problem[]> {
    const named = (problem: Problem): readonly Problem[] => [{ ...problem, why: `candidate ${read.place}: ${problem.why}` }];
    if (!read.ok) return named(read);
    const resolved = resolveCandidate(read.candidate, this.#input.sources, this.#input.files);
    if (!resolved.ok) return named(resolved);
    const { candidate } = resolved;
    const unwanted = this.#input.wish === undefined ? undefined : againstWish(candidate, this.#input.wish);
    if (unwanted !== undefined) return named({ why: unwanted });
    const malformed = isLast ? undefined : await this.#input.formProblem?.(candidate);
    if (malformed !== undefined) return named({ why: malformed });
    const settled = this.#input.tried?.find((tried) => isSettled(tried) && isNearCopy(tried.candidate, candidate));
    // A near copy would spend a share of the error level on the same idea twice.
    if (settled !== undefined)
      this.#surplus.push({ why: `candidate ${read.place}: nearly the same edit ended with "${settled.result}" before` });
    else if (this.candidates.some((other) => isNearCopy(other, candidate)))
      this.#surplus.push({ why: `candidate ${read.place}: it is nearly the same as another candidate` });
    else if (this.candidates.length >= this.#input.count)
      this.#surplus.push({ why: `candidate ${read.place}: ${this.#input.count} candidates are enough` });
    else this.candidates.push(candidate);
    return [];
  }
}

/** Why a candidate is not what was asked for, as far as that can be counted. */
function againstWish(candidate: Candidate, { present, words }: EditWish): string | undefined {
  if (candidate.id === present.id) return "it is the edit that stands already";
  if (words !== undefined || addedLength(candidate) < addedLength(present)) return undefined;
  return `a smaller edit is wanted: it adds ${addedLength(candidate)} characters, the present one ${addedLength(present)}`;
}

/** Characters on lines that an edit adds. */
const addedLength = ({ edits }: Candidate): number =>
  edits.reduce((sum, { after, before }) => {
    const old = new Set(before.split("\n"));
    return sum + after.split("\n").reduce((length, line) => length + (old.has(line) ? 0 : line.length), 0);
  }, 0);

function formProblem(reply: ModelReply, why: string): string {
  if (reply.finish === "length") return "the answer was cut at the token limit; give fewer and shorter candidates";
  if (reply.finish === "refused") return "the model refused to answer";
  // The parser's message quotes the reply, and a reply may quote a conversation.
  return `${why.replace(/,?\s*\.{0,3}"[\s\S]*"\.{0,3}/g, "")}; answer with one JSON object and nothing else`;
}
