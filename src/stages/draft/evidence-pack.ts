import type { FailureCluster } from "../../domain/cluster.ts";
import { fence } from "../../domain/text/fence.ts";
import type { ToolDefinition } from "../../domain/message.ts";
import type { Shown } from "../../domain/sample.ts";
import type { AgentSource } from "../../domain/source.ts";
import { transcriptText } from "../../domain/text/transcript-text.ts";

/** Characters in all, about 24,000 tokens. */
const largestPack = 96_000;
const largestConversation = 9_000;

export interface PackInput {
  readonly cluster: FailureCluster;
  readonly shown: readonly Shown[];
  readonly sources: readonly AgentSource[];
  readonly tools: readonly ToolDefinition[];
  readonly count: number;
}

/** The values of the drafting prompt. Whatever strangers wrote stands inside fences. */
export function evidencePack(input: PackInput): Readonly<Record<string, string>> {
  const sources = input.sources.map((source) => describeSource(source)).join("\n\n");
  const tools = input.tools.map((tool) => `${tool.name}: ${tool.description}`).join("\n");
  const left = Math.max(largestConversation, largestPack - sources.length - tools.length);
  return {
    count: String(input.count),
    failure: fence(
      `${input.cluster.title}\ncause as labelled: ${input.cluster.cause}\n${input.cluster.members.length} sessions of ${input.cluster.users} users\n${input.cluster.description}`,
    ),
    sources,
    tools: fence(tools.slice(0, 20_000) || "(none)"),
    conversations: conversations(input.shown, left),
  };
}

function conversations(shown: readonly Shown[], most: number): string {
  const parts: string[] = [];
  let length = 0;
  for (const [index, session] of shown.entries()) {
    const part = `Conversation ${index + 1}:\n${fence(transcriptText(session.messages, { maxCharacters: largestConversation, maxPartCharacters: 1200 }))}`;
    if (length + part.length > most && parts.length > 0) break;
    parts.push(part);
    length += part.length;
  }
  return parts.join("\n\n");
}

/** A region that may be edited, as it stands in the file: `search` is copied from here. */
function describeSource(source: AgentSource): string {
  const subject = source.subject === undefined ? "" : ` (${source.subject})`;
  return `File ${source.path}, lines ${source.lines.first}-${source.lines.last}: ${source.kind}${subject}\n${fence(source.text)}`;
}
