import { z } from "zod";
import { asJson, canonicalJson, digestOfJson } from "../../../domain/digest.ts";
import type { Json } from "../../../domain/ids.ts";
import { addUsage, type Message, noUsage, textMessage, textOf, type ToolDefinition, type Usage } from "../../../domain/message.ts";
import type { Session } from "../../../domain/session.ts";
import { fence } from "../../../domain/text/fence.ts";
import { type PromptTemplate, renderPrompt } from "../../../domain/text/prompt-template.ts";
import { understand } from "../../../domain/text/structured-reply.ts";
import type { ModelClient } from "../../../ports/model-client.ts";
import { identifiers, identifiersOf } from "../personal.ts";
import { differentAnswers, inferredSchema } from "./inferred-schema.ts";

/** A model that answers reads which no recording answers. */
export interface ToolModel {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
  /** What was answered once is answered again: both arms and all candidates live in one world. */
  readonly said: { get(key: string): Promise<Json | undefined>; put(key: string, answer: Json): Promise<void> };
}

/** A recorded call with its answer. */
export interface Example {
  readonly input: Json;
  readonly output: Json;
}

export interface Unanswered {
  readonly session: Session;
  readonly tool: string;
  readonly input: Json;
  /** Equal texts are equal calls. */
  readonly key: string;
  /** The writes made so far, as one text. */
  readonly epoch: string;
  readonly definition: ToolDefinition | undefined;
  /** Recorded calls of this tool that may be shown here: this session's, and others' without anybody's data. */
  readonly examples: readonly Example[];
  /** What all tools have answered in this session, as recorded. */
  readonly facts: readonly Json[];
}

/** `refused`: nothing that fits what the tool has answered so far. */
export type SimulatedAnswer =
  | { readonly result: "answered"; readonly output: Json; readonly usage: Usage }
  | { readonly result: "refused"; readonly why: string; readonly usage: Usage };

const fewestExamples = 3;
const mostExamples = 8;
const longestFacts = 12_000;
const tries = 2;
const reply = z.object({ answer: z.json() });

/**
 * A model's answer to a read, in the form of the tool's recorded answers: it must fit the schema inferred from them and hold no identifying
 * value that neither this session nor the call holds. Asked twice at most, at temperature 0, and
 * once for all who ask at the same time. Never for writes: who calls this sees to that.
 */
export async function simulatedAnswer(asked: Unanswered, model: ToolModel, signal: AbortSignal): Promise<SimulatedAnswer> {
  const { epoch, examples, key, session } = asked;
  if (examples.length < fewestExamples)
    return { result: "refused", why: `fewer than ${fewestExamples} recorded answers to go by`, usage: noUsage };
  const named = { session: session.id, call: key, epoch, model: model.client.model, prompt: model.prompt.digest };
  const kept = `tool/${digestOfJson(named)}`;
  const running = underWay.get(model.said) ?? new Map<string, Promise<SimulatedAnswer>>();
  underWay.set(model.said, running);
  const other = running.get(kept);
  if (other !== undefined) return { ...(await other), usage: noUsage };
  const answer = askOnce(kept, asked, model, signal);
  running.set(kept, answer);
  try {
    return await answer;
  } finally {
    running.delete(kept);
  }
}

/** Answers that are being asked for: arms run side by side, and what one asks the other must not hear differently. */
const underWay = new WeakMap<ToolModel["said"], Map<string, Promise<SimulatedAnswer>>>();

async function askOnce(kept: string, asked: Unanswered, model: ToolModel, signal: AbortSignal): Promise<SimulatedAnswer> {
  const known = await model.said.get(kept);
  if (known !== undefined) return { ...(known as unknown as SimulatedAnswer), usage: noUsage };
  const answer = await ask(asked, model, signal);
  await model.said.put(kept, asJson(answer));
  return answer;
}

async function ask(asked: Unanswered, { client, prompt }: ToolModel, signal: AbortSignal): Promise<SimulatedAnswer> {
  const outputs = asked.examples.map((example) => opened(example.output));
  const { system, user } = renderPrompt(prompt, inputsOf(asked));
  const messages: Message[] = [textMessage("user", user)];
  let usage = noUsage;
  let why = "";
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const answered = await client.complete(
      { purpose: "tool", prompt: prompt.digest, system, messages, maxTokens: prompt.maxTokens, parameters: { temperature: 0 } },
      signal,
    );
    usage = addUsage(usage, answered.usage);
    const text = textOf(answered.message);
    const understood = understand(text, reply);
    const problem = understood.ok ? problemOf(understood.value.answer, asked, outputs) : understood.why;
    if (understood.ok && problem === undefined)
      return { result: "answered", output: closed(understood.value.answer, asked.examples[0]?.output), usage };
    why = problem ?? "";
    messages.push(
      textMessage("assistant", text.slice(0, 4000) || "(empty)"),
      textMessage("user", `That cannot be used: ${why}. Answer again with the JSON object alone.`),
    );
  }
  return { result: "refused", why, usage };
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)} … (cut)`);

const inputsOf = ({ definition, examples, facts, input, tool }: Unanswered): Readonly<Record<string, string>> => ({
  tool: fence(cut(canonicalJson(asJson(definition ?? { name: tool })), 4000)),
  examples: fence(
    examples
      .slice(0, mostExamples)
      .map((example) => cut(`${canonicalJson(example.input)}\n→ ${canonicalJson(example.output)}`, 3000))
      .join("\n\n"),
  ),
  facts: fence(cut(differentAnswers(facts).map(canonicalJson).join("\n"), longestFacts)),
  call: fence(cut(canonicalJson(input), 4000)),
});

/** Tools often answer with JSON in a text; the model is asked for the value. */
function opened(value: Json): Json {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

const closed = (answer: Json, like: Json | undefined): Json =>
  typeof like === "string" && typeof answer !== "string" ? JSON.stringify(answer) : answer;

function problemOf(answer: Json, { input, session }: Unanswered, outputs: readonly Json[]): string | undefined {
  const form = z.fromJSONSchema(inferredSchema(outputs)).safeParse(answer);
  if (!form.success) {
    const [first] = form.error.issues;
    return `it has not the form of the recorded answers (${first?.path.map(String).join(".") || "the answer"}: ${first?.message ?? "differs"})`;
  }
  const own = identifiersOf(session);
  const asked = identifiers(canonicalJson(input));
  const invented = [...identifiers(canonicalJson(answer))].find((value) => !own.has(value) && !asked.has(value));
  return invented === undefined ? undefined : "it holds an id, address or number that neither the conversation nor the call holds";
}
