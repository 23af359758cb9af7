import { randomUUID } from "node:crypto";
import { DailyRetention } from "../../app/upkeep/daily-retention.ts";
import { expireInOwnProcess } from "../../compose/stores/expiring.ts";
import { realRetryTools } from "../../compose/runtime.ts";
import { openState, type State, type StatePlace } from "../../compose/state.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Log } from "../../ports/runtime.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, placesOf } from "../flags.ts";
import { program } from "../program.ts";

/** Ends what is under way and lets another process take over. */
export interface Stoppable {
  readonly stop: () => Promise<void>;
}

/** Before it has begun, and where the operator sets none. */
export const noRetention: Stoppable = { stop: async () => undefined };

/** Keeps the operator's retention beside a service until `stop`; does nothing when the operator sets none. */
export async function keepRetention(
  context: CliContext,
  flags: Pick<CommonFlags, "data" | "operator">,
  { retention }: Pick<OperatorSettings, "retention">,
  log: Log,
): Promise<Stoppable> {
  if (retention === undefined) return noRetention;
  const place = placesOf(context, flags);
  const operator = flags.operator === undefined ? [] : ["--operator", flags.operator];
  const command = [...program, "retention", "--json", "--data", place.data, ...operator];
  const state = await opened(place, log);
  if (state === undefined) return noRetention;
  const records = state.records();
  const { audit, leases } = records;
  const daily = new DailyRetention({
    expire: (signal) => expireInOwnProcess({ cwd: context.cwd, command, signal }),
    leases,
    audit,
    log,
    now: context.now,
    sleep: realRetryTools.sleep,
    holder: randomUUID(),
  });
  daily.start();
  return {
    async stop() {
      await daily.stop();
      await records.close();
      await state.close();
    },
  };
}

/** Who receives goes on receiving, whatever is wrong with the ledger. */
async function opened(place: StatePlace, log: Log): Promise<State | undefined> {
  try {
    const state = await openState(place);
    await state.records().close();
    return state;
  } catch (error) {
    log.error({ code: error instanceof TuneupError ? error.code : "internal" }, "the ledger cannot be opened; no old sessions are removed");
    return undefined;
  }
}
