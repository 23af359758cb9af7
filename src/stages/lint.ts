import { z } from "zod";
import type { Allowed, Refusal } from "../domain/edit.ts";
import { TuneupError } from "../domain/errors.ts";
import { addUsage, type Message, noUsage, textMessage, textOf, type Usage } from "../domain/message.ts";
import { fence } from "../domain/text/fence.ts";
import { type PromptTemplate, renderPrompt } from "../domain/text/prompt-template.ts";
import { understand } from "../domain/text/structured-reply.ts";
import type { ModelClient, ModelReply } from "../ports/model-client.ts";
import type { Runtime } from "../ports/runtime.ts";

export interface LintTools {
  readonly client: ModelClient;
  readonly prompt: PromptTemplate;
}

export interface Linted {
  /** What a person must look at; empty where the model finds that every protection stands. */
  readonly remarks: readonly Refusal[];
  readonly usage: Usage;
}

const findings = ["removed", "softened", "narrowed", "loosened-limit", "permitted", "reordered", "overridden", "none"] as const;
type FindingKind = Exclude<(typeof findings)[number], "none">;

const answer = z.object({ passages: z.array(z.object({ passage: z.number().int(), finding: z.enum(findings) })).max(50) });

const sentences: Readonly<Record<FindingKind, string>> = {
  removed: "a model finds that it removes a protection",
  softened: "a model finds that it puts a protection in weaker words",
  narrowed: "a model finds that a protection covers less than before",
  "loosened-limit": "a model finds that a limit allows more than before",
  permitted: "a model finds that the agent may do more than before",
  reordered: "a model finds that a check no longer comes first",
  overridden: "a model finds that it lets the agent set a rule aside",
};

const repairs = 2;
/** Characters of the file shown on each side of a change. */
const surroundings = 1200;
const longestPassage = 12_000;

/**
 * In: an edit that vetting allowed. Out: what a model finds that it takes away of the agent's safeguards, on top of the rules that read words.
 * It can only add remarks, so that an edit which talks the model round is no better off than without it; a model that cannot be asked or
 * understood is a remark too. Sees the repository's text alone, no conversation. The remarks are our own sentences.
 */
export async function lint(edit: Allowed, tools: LintTools, runtime: Runtime): Promise<Linted> {
  const { client, prompt } = tools;
  const { edits } = edit.candidate;
  const { system, user } = renderPrompt(prompt, { changes: edits.map((_, index) => passageOf(edit, index)).join("\n\n") });
  const messages: Message[] = [textMessage("user", user)];
  let usage = noUsage;
  for (let attempt = 0; attempt <= repairs; attempt += 1) {
    const asked = { purpose: "safeguards", prompt: prompt.digest, system, messages, maxTokens: prompt.maxTokens };
    const reply = await answerTo({ ...asked, output: z.toJSONSchema(answer) as never, parameters: { temperature: 0 } }, client, runtime);
    if (reply === undefined) break;
    usage = addUsage(usage, reply.usage);
    const text = textOf(reply.message);
    const understood = understand(text, answer);
    if (understood.ok) return { remarks: edits.flatMap(({ path }, index) => remarkOn(path, index + 1, understood.value)), usage };
    messages.push(
      textMessage("assistant", text.slice(0, 4000) || "(empty)"),
      textMessage("user", `That could not be read: ${understood.why}. Answer again with the JSON object alone.`),
    );
  }
  return { remarks: [...new Set(edits.map((one) => one.path))].map((path) => unasked(path)), usage };
}

type Asked = Parameters<ModelClient["complete"]>[0];

/** `undefined` where the model refuses or cannot be reached: what was proven must not be lost over a second opinion. */
async function answerTo(asked: Asked, client: ModelClient, runtime: Runtime): Promise<ModelReply | undefined> {
  try {
    return await client.complete(asked, runtime.signal);
  } catch (error) {
    if (!(error instanceof TuneupError) || error.code === "cancelled") throw error;
    runtime.log.warn({ code: error.code }, "the model could not look at the edit's safeguards");
    return undefined;
  }
}

function passageOf({ candidate, files }: Allowed, index: number): string {
  const edit = candidate.edits[index];
  if (edit === undefined) throw new Error("a passage belongs to an edit");
  const text = files.find((file) => file.path === edit.path)?.text ?? "";
  const at = Math.max(0, text.indexOf(edit.after));
  const around = text.slice(Math.max(0, at - surroundings), at + edit.after.length + surroundings);
  const shown = (title: string, content: string): string => `${title}:\n\n${fence(content.slice(0, longestPassage))}`;
  return [
    `Passage ${index + 1}`,
    shown("Before", edit.before),
    shown("After", edit.after),
    shown("After, with the text around it", around),
  ].join("\n\n");
}

/** A passage that was left out or answered twice is not known to be harmless. */
function remarkOn(path: string, passage: number, given: z.infer<typeof answer>): readonly Refusal[] {
  const own = given.passages.filter((one) => one.passage === passage);
  const found = own.length === 1 ? own[0]?.finding : undefined;
  if (found === "none") return [];
  return [found === undefined ? unasked(path) : remark(path, sentences[found])];
}

const remark = (path: string, message: string): Refusal => ({
  rule: "safeguard-model",
  path,
  message,
  remedy: "The pull request stays a draft; read this change word by word.",
});

const unasked = (path: string): Refusal => remark(path, "no model could say whether it takes a safeguard away");
