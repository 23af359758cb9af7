import { buildCommand } from "@stricli/core";
import { expireTraces, readOperator } from "../../compose.ts";
import { hasLedger, openState, type StatePlace } from "../../compose/state.ts";
import { expireTranscripts } from "../../compose/stores/kept-transcripts.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { TuneupError } from "../../domain/errors.ts";
import { type Instant, later } from "../../domain/ids.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";
import { plural } from "../table.ts";

interface RetentionFlags extends Pick<CommonFlags, "data" | "operator" | "json"> {
  readonly dryRun?: boolean;
}

const dayMilliseconds = 86_400_000;

export const retentionCommand = buildCommand<RetentionFlags, [], CliContext>({
  docs: {
    brief: "Remove sessions that are older than the operator file's retention",
    fullDescription: [
      "Reads `retention` of the operator file: `days` for all sessions, `tellingDays` for those worth more (failed ones, ones with feedback or",
      "failed tools, and unusually long ones). Removes what ended before, in every trace project, for good, and the conversations of replays",
      "that were kept for more than `days` (without a retention every job removes those older than thirty days). `tuneup serve` and",
      "`tuneup receive` do so once a day by themselves; without either, run it from cron or a timer.",
      "",
      "  tuneup retention --dry-run",
    ].join("\n"),
  },
  parameters: {
    flags: {
      data: commonFlags.data,
      operator: commonFlags.operator,
      json: commonFlags.json,
      dryRun: flag.toggle("Count, remove nothing"),
    },
  },
  async func(flags) {
    const places = placesOf(this, flags);
    const operator = readOperator(places, this.environment);
    const { retention } = operator;
    if (retention === undefined)
      throw new TuneupError("config-invalid", "The operator file sets no retention; nothing was removed.", {
        remedy: "Set `retention: { days: 30, tellingDays: 180 }`; docs/store.md says what each means.",
      });
    const before = (days: number): Instant => later(this.now(), -days * dayMilliseconds);
    const limits = {
      before: before(retention.days),
      tellingBefore: before(Math.max(retention.days, retention.tellingDays ?? retention.days)),
    };
    const replays = flags.dryRun === true ? 0 : await transcriptsIn(places, { retention }, this.now());
    const { sessions } = await expireTraces({ data: places.data, operator, variables: this.variables }, limits, {
      dryRun: flags.dryRun === true,
      signal: this.signal,
    });
    this.process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ sessions, replays, dryRun: flags.dryRun === true, ...limits })}\n`
        : `${plural(sessions, "session")} ${flags.dryRun === true ? "would be removed" : "removed"}.\n`,
    );
  },
});

/** Makes no ledger where there is none. */
async function transcriptsIn(place: StatePlace, operator: Pick<OperatorSettings, "retention">, now: Instant): Promise<number> {
  if (!hasLedger(place)) return 0;
  const state = await openState(place);
  const ledger = state.ledger();
  try {
    return await expireTranscripts(ledger, operator, now);
  } finally {
    await ledger.close();
    await state.close();
  }
}
