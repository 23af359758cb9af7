import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import { hasLedger, openState, type StatePlace } from "../../compose/state.ts";
import { keptTranscripts } from "../../compose/stores/kept-transcripts.ts";
import { TuneupError } from "../../domain/errors.ts";
import { decisiveVerdict, type Evidence } from "../../domain/evidence.ts";
import type { Digest } from "../../domain/ids.ts";
import type { Message } from "../../domain/message.ts";
import { evidenceMarkdown } from "../../report/evidence-markdown.ts";
import { evidencePage } from "../../report/evidence-page.ts";
import { flips } from "../../report/tables.ts";
import { recompute, walksOf } from "../../stages/decide.ts";
import type { CliContext } from "../context.ts";
import { labelsSection, type PeoplesView, readLabels } from "../people-labels.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";
import { readDocument } from "../scan-project.ts";
import { printable } from "../table.ts";

interface Flags extends Pick<CommonFlags, "data" | "json"> {
  readonly html?: string;
  readonly to?: string;
  readonly public?: boolean;
  readonly labels?: string;
}

export const reportCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Show an evidence file as Markdown, or as one HTML page",
    fullDescription: [
      "Prints what a pull request says of the evidence: the proof, what it does not rule out, the sessions that changed, the cost. It holds no text",
      "of any conversation. With --html it writes one page that needs no network and no script: the walk of each candidate as a picture",
      "and, where this machine's data folder has them, the conversations before and after, side by side. Keep that page as private as the traces.",
      "",
      "  tuneup report evidence.json",
      "  tuneup report evidence.json --labels labels.jsonl",
      "  tuneup report evidence.json --html evidence.html",
    ].join("\n"),
  },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Evidence file", placeholder: "file", parse: String }] },
    flags: {
      data: commonFlags.data,
      json: commonFlags.json,
      html: flag.text("Write one self-contained HTML page to this file", "file"),
      to: flag.text("Write the Markdown to this file (default: stdout)", "file"),
      labels: flag.text("Adds what people say of replayed pairs (JSON lines), joined with the judge's verdicts", "file"),
      public: flag.toggle("Digests instead of session ids in the Markdown"),
    },
  },
  async func(flags, file) {
    const path = resolve(this.cwd, file);
    const evidence = readDocument<Evidence>(path, "evidence");
    if (!recompute(evidence).ok)
      throw new TuneupError("stage-input-invalid", `${path} does not verify, so it is not shown as evidence.`, {
        remedy: "`tuneup verify` names each line that does not follow.",
        fields: { path },
      });
    const page = flags.html === undefined ? undefined : await writePage(evidence, resolve(this.cwd, flags.html), placesOf(this, flags));
    const views = flags.labels === undefined ? undefined : labelsIn(resolve(this.cwd, flags.labels), evidence);
    const body = evidenceMarkdown(evidence, flags.public === true ? "public" : "private");
    const markdown = views === undefined ? body : `${body}\n${labelsSection(views)}`;
    if (flags.to !== undefined) writeFileSync(resolve(this.cwd, flags.to), markdown);
    if (flags.json === true)
      this.process.stdout.write(`${JSON.stringify({ markdown, ...page, ...(views === undefined ? {} : { labels: views }) })}\n`);
    else if (page !== undefined) this.process.stdout.write(printable(`page: ${page.page}${page.conversations === 0 ? absent : ""}\n`));
    else if (flags.to === undefined) this.process.stdout.write(markdown);
  },
});

function labelsIn(path: string, evidence: Evidence): readonly PeoplesView[] {
  try {
    return readLabels(path, readFileSync(path, "utf8"), evidence);
  } catch (cause) {
    if (cause instanceof TuneupError) throw cause;
    throw new TuneupError("file-unreadable", `${path} cannot be read.`, { remedy: "Check the path.", fields: { path }, cause });
  }
}

const absent = " (without conversations: they are not in this data folder)";

interface WrittenPage {
  readonly page: string;
  /** Replays whose conversation is on it. */
  readonly conversations: number;
}

async function writePage(evidence: Evidence, page: string, place: StatePlace): Promise<WrittenPage> {
  const transcripts = await transcriptsOf(evidence, place);
  writeFileSync(page, evidencePage({ evidence, walks: walksOf(evidence), transcripts }));
  return { page, conversations: transcripts.size };
}

/** The conversations of the sessions that changed, where the ledger has them. Makes no folder that is not there. */
async function transcriptsOf(evidence: Evidence, place: StatePlace): Promise<ReadonlyMap<Digest, readonly Message[]>> {
  const found = new Map<Digest, readonly Message[]>();
  if (!hasLedger(place)) return found;
  const state = await openState(place);
  const ledger = state.ledger();
  const transcripts = keptTranscripts(ledger);
  try {
    for (const replay of changedReplays(evidence)) {
      const messages = await transcripts.find(replay);
      if (messages !== undefined) found.set(replay, messages);
    }
  } finally {
    await ledger.close();
    await state.close();
  }
  return found;
}

function changedReplays(evidence: Evidence): readonly Digest[] {
  const verdict = decisiveVerdict(evidence);
  return (["failing", "control"] as const)
    .flatMap((group) => Object.values(flips(evidence, verdict, group)).flat())
    .flatMap((pair) => [pair.before.replay, pair.after.replay])
    .filter((replay) => replay !== undefined);
}
