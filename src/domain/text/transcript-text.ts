import { canonicalJson } from "../digest.ts";
import type { Message, MessagePart } from "../message.ts";

export interface TranscriptTextOptions {
  /** The text is cut here, at a part's boundary where possible, with a note of how much is left out. */
  readonly maxCharacters: number;
  /** Longest tool input or output shown; default 2,000. */
  readonly maxPartCharacters?: number;
}

const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)} … (${text.length - most} more characters)`;

function partText(part: MessagePart, most: number): string {
  switch (part.kind) {
    case "text":
      return part.text;
    case "reasoning":
      return `(thinks) ${shorten(part.text, most)}`;
    case "opaque":
      return `(${part.provider} block)`;
    case "tool-request":
      return `→ ${part.tool}(${shorten(canonicalJson(part.input), most)})`;
    case "tool-result":
      return `${part.isError === true ? "← error: " : "← "}${shorten(typeof part.output === "string" ? part.output : canonicalJson(part.output), most)}`;
  }
}

/** A conversation as plain text for people and for fenced prompts: `role: text`, requests as `→ tool(input)`, results as `← output`. */
export function transcriptText(messages: readonly Message[], options: TranscriptTextOptions): string {
  const most = options.maxPartCharacters ?? 2000;
  const lines: string[] = [];
  let length = 0;
  for (const [index, message] of messages.entries()) {
    const body = message.parts.map((part) => partText(part, most)).join("\n");
    const line = `[${index}] ${message.role}: ${body}`;
    if (length + line.length > options.maxCharacters) {
      lines.push(line.slice(0, Math.max(0, options.maxCharacters - length)), `… (${messages.length - index} more messages)`);
      break;
    }
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
}
