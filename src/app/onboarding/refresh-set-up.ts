import { asJson } from "../../domain/digest.ts";
import type { Instant } from "../../domain/ids.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { setUpJobName, setUpKey, type SetUpRequest } from "./set-up-request.ts";

/** What the page of an open set-up may say anew: traces have come, or a day has passed. It opens none. */
export const isRefresh = ({ cause }: Pick<SetUpRequest, "cause">): boolean => /^(?:traces|day) /.test(cause);

/**
 * Has the page of an open set-up pull request written anew, because it was opened before there was much to say: once with the first traces, each time
 * they have doubled, and once a day, for traces that are ingested or read elsewhere and not counted. May be called as often as one likes.
 */
export async function refreshSetUp(
  queue: Pick<JobQueue, "add">,
  place: Omit<SetUpRequest, "cause">,
  { now, received }: { readonly now: Instant; /** Spans and log records that came so far. */ readonly received: number },
): Promise<void> {
  const causes = [`day ${now.slice(0, 10)}`, ...(received > 0 ? [`traces ${Math.floor(Math.log2(received))}`] : [])];
  for (const cause of causes) {
    const request: SetUpRequest = { ...place, cause };
    await queue.add({ name: setUpJobName, key: setUpKey(request), payload: asJson(request) });
  }
}
