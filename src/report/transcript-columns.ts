import { html } from "hono/html";
import { canonicalJson } from "../domain/digest.ts";
import type { Digest } from "../domain/ids.ts";
import type { Message, MessagePart } from "../domain/message.ts";
import type { ArmRecord, Pair } from "../domain/replay.ts";
import { visible } from "../domain/text/safe-text.ts";

type Markup = ReturnType<typeof html>;

/** Conversations of replays by the replay's name, as the local ledger kept them. */
export type Transcripts = ReadonlyMap<Digest, readonly Message[]>;

const longestPart = 6000;
const mostMessages = 200;

/** One session's two arms side by side; the first message in which they differ, and all after it, are marked. */
export function transcriptColumns(pair: Pair, anchor: string, transcripts: Transcripts): Markup {
  const before = transcriptOf(pair.before, transcripts);
  const after = transcriptOf(pair.after, transcripts);
  const differsAt = firstDifference(before ?? [], after ?? []);
  return html`<details id="${anchor}">
    <summary><code>${visible(pair.sessionId)}</code> ${pair.before.outcome} → ${pair.after.outcome}</summary>
    <div class="columns">
      <div>
        <h3>before: ${pair.before.outcome} (${visible(pair.before.decidedBy)})</h3>
        ${column(before, differsAt)}
      </div>
      <div>
        <h3>after: ${pair.after.outcome} (${visible(pair.after.decidedBy)})</h3>
        ${column(after, differsAt)}
      </div>
    </div>
  </details>`;
}

const transcriptOf = (arm: ArmRecord, transcripts: Transcripts): readonly Message[] | undefined =>
  arm.replay === undefined ? undefined : transcripts.get(arm.replay);

/** Whether any arm of the pair can be shown. */
export const hasTranscript = (pair: Pair, transcripts: Transcripts): boolean =>
  [pair.before, pair.after].some((arm) => transcriptOf(arm, transcripts) !== undefined);

function firstDifference(left: readonly Message[], right: readonly Message[]): number {
  const texts = (messages: readonly Message[]): readonly string[] =>
    messages.map((message) => message.parts.map((part) => partText(part)).join("\n"));
  const [one, other] = [texts(left), texts(right)];
  const at = one.findIndex((text, index) => text !== other[index]);
  return at < 0 ? one.length : at;
}

function column(messages: readonly Message[] | undefined, differsAt: number): Markup {
  if (messages === undefined) return html`<p class="soft">This replay is not in the ledger of this machine.</p>`;
  const shown = messages.slice(0, mostMessages);
  const more = messages.length - shown.length;
  return html`${shown.map((message, index) => messageBlock(message, index >= differsAt))}${more > 0 ? html`<p class="soft">… and ${more} more messages</p>` : ""}`;
}

const messageBlock = (message: Message, differs: boolean): Markup =>
  html`<div class="message ${message.role} ${differs ? "differs" : ""}">
    <span class="role">${message.role}</span>${message.parts.map((part) => partBlock(part))}
  </div>`;

function partBlock(part: MessagePart): Markup {
  const text = visible(partText(part));
  const cut = text.length <= longestPart ? text : `${text.slice(0, longestPart)} … (${text.length - longestPart} more characters)`;
  return html`<p class="part ${part.kind === "text" ? "" : "mono"}">${cut}</p>`;
}

function partText(part: MessagePart): string {
  switch (part.kind) {
    case "text":
      return part.text;
    case "reasoning":
      return `(thinks) ${part.text}`;
    case "opaque":
      return `(${part.provider} block)`;
    case "tool-request":
      return `→ ${part.tool}(${canonicalJson(part.input)})`;
    case "tool-result":
      return `${part.isError === true ? "← error: " : "← "}${typeof part.output === "string" ? part.output : canonicalJson(part.output)}`;
  }
}
