import { setTimeout as pause } from "node:timers/promises";
import { InboxWorker } from "../../app/intake/inbox-worker.ts";
import type { ServiceRecords } from "../../compose/service.ts";
import type { TracedDeliveries } from "../../compose/telemetry/traced-service.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/ids.ts";
import type { Delivery } from "../../ports/inbox.ts";
import type { Log } from "../../ports/runtime.ts";

/** Deliveries on their way: kept on disk, then worked on. */
export interface KeptDeliveries {
  readonly accept: (delivery: Delivery) => Promise<void>;
  /** What keeps the service from taking deliveries now. */
  readonly problems: () => Promise<readonly string[]>;
  start(handle: (delivery: Delivery) => Promise<void>): void;
  stop(): Promise<void>;
}

export function keptDeliveries(
  records: ServiceRecords,
  parts: { readonly now: () => Instant; readonly log: Log; readonly signal: AbortSignal; readonly traced: TracedDeliveries },
): KeptDeliveries {
  const { log, now, signal, traced } = parts;
  let worker: InboxWorker | undefined;
  return {
    accept: (delivery) =>
      traced.accept(delivery, async () => {
        const received = await records.inbox.receive(delivery, now());
        log.info({ delivery: delivery.id, event: delivery.event, received }, "took a delivery");
        worker?.wake();
      }),
    problems: async () => [...(signal.aborted ? ["the service is stopping"] : []), ...(await recordProblems(records))],
    start(handle) {
      worker = new InboxWorker({
        inbox: records.inbox,
        handle: (delivery) => traced.handle(delivery, () => handle(delivery)),
        now,
        log,
        sleep: async (milliseconds, stop) => {
          await pause(milliseconds, undefined, { signal: stop });
        },
      });
      worker.start();
    },
    stop: async () => worker?.stop(),
  };
}

async function recordProblems(records: ServiceRecords): Promise<readonly string[]> {
  try {
    await records.check();
    return [];
  } catch (error) {
    return [error instanceof TuneupError ? error.message : "the records cannot be written"];
  }
}

/** Service managers kill what has not ended half a minute after they asked. */
const longestStop = 25_000;

/** Whether work ends within the time that a service manager gives. */
export async function endsInTime(work: Promise<unknown>, milliseconds = longestStop): Promise<boolean> {
  const over = new AbortController();
  const late = pause(milliseconds, false, { signal: over.signal }).catch(() => true);
  const inTime = await Promise.race([work.then(() => true), late]);
  over.abort();
  return inTime;
}
