import { canonicalJson } from "../../domain/digest.ts";
import type { Message, MessagePart } from "../../domain/message.ts";
import { withoutGraderTalk } from "./injections.ts";

const longest = 60_000;
const longestPart = 2000;

/**
 * A conversation as a judge sees it: one line a message, its text as a JSON string, so that no text can pretend to be another message. System
 * messages, reasoning and providers' own blocks are left out (they would tell the arms apart), tool answers are cut alike, and words to the
 * grader are taken out. Built from the transcript alone: it knows neither the arm nor the edit nor a model's name.
 */
export function judgeView(transcript: readonly Message[]): string {
  const lines: string[] = [];
  let length = 0;
  for (const [index, message] of transcript.entries()) {
    if (message.role === "system") continue;
    const body = message.parts.flatMap((part) => textOfPart(part)).join("\n");
    if (body === "") continue;
    const line = `[${index}] ${message.role}: ${JSON.stringify(body).replace(/[\u2028\u2029\u0085]/g, " ")}`;
    if (length + line.length > longest) {
      lines.push(`(${transcript.length - index} more messages)`);
      break;
    }
    lines.push(line);
    length += line.length;
  }
  return lines.join("\n");
}

function textOfPart(part: MessagePart): readonly string[] {
  switch (part.kind) {
    case "text":
      return [withoutGraderTalk(part.text)];
    case "tool-request":
      return [`→ ${part.tool}(${cut(withoutGraderTalk(canonicalJson(part.input)))})`];
    case "tool-result": {
      const output = typeof part.output === "string" ? part.output : canonicalJson(part.output);
      return [`${part.isError === true ? "← error: " : "← "}${cut(withoutGraderTalk(output))}`];
    }
    case "reasoning":
    case "opaque":
      return [];
  }
}

const cut = (text: string): string => (text.length <= longestPart ? text : `${text.slice(0, longestPart)} … (cut)`);
