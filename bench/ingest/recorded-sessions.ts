import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

const toolCall = z.object({ id: z.string().nullish(), name: z.string(), arguments: z.unknown() });
const message = z.object({
  role: z.string(),
  content: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  id: z.string().nullish(),
});
const run = z.object({
  info: z.object({ environment_info: z.object({ policy: z.string().nullish() }).nullish() }).nullish(),
  simulations: z.array(z.object({ id: z.string(), messages: z.array(message) })).nullish(),
});

/** One recorded conversation with its agent's system prompt. */
export interface RecordedSession {
  readonly id: string;
  readonly prompt: string;
  readonly messages: readonly z.infer<typeof message>[];
}

const large = fileURLToPath(new URL("../../../shared/data/tau2-bench", import.meta.url));
const bundled = fileURLToPath(new URL("../../test/fixtures/tau-bench", import.meta.url));

/** Real sessions: all of tau2-bench where it lies beside the repository, else the bundled tau-bench sessions. */
export function recordedSessions(): { readonly source: string; readonly sessions: readonly RecordedSession[] } {
  return existsSync(large) ? { source: "tau2-bench", sessions: fromRuns() } : { source: "tau-bench fixtures", sessions: fromTranscripts() };
}

function fromRuns(): readonly RecordedSession[] {
  const files = readdirSync(large).filter((name) => name.endsWith("shared.json.gz"));
  return files.flatMap((file) => {
    const parsed = run.safeParse(JSON.parse(gunzipSync(readFileSync(`${large}/${file}`)).toString("utf8")));
    // One file there is a list of samples, not a run.
    if (!parsed.success) return [];
    const { info, simulations } = parsed.data;
    const prompt = info?.environment_info?.policy ?? "You are a customer service agent.";
    return (simulations ?? []).map(({ id, messages }) => ({ id: `${file} ${id}`, prompt, messages }));
  });
}

const transcript = z.object({ session_id: z.string(), messages: z.array(message) });

function fromTranscripts(): readonly RecordedSession[] {
  const files = readdirSync(bundled).filter((name) => name.endsWith(".jsonl"));
  return files.flatMap((file) =>
    readFileSync(`${bundled}/${file}`, "utf8")
      .split("\n")
      .flatMap((line) => {
        const parsed = line.trim() === "" ? undefined : transcript.safeParse(JSON.parse(line));
        if (parsed?.success !== true) return [];
        const { messages, session_id: id } = parsed.data;
        const prompt = messages.find(({ role }) => role === "system")?.content ?? "You are a customer service agent.";
        return [{ id, prompt, messages: messages.filter(({ role }) => role !== "system") }];
      }),
  );
}
