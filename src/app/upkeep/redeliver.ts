import type { ProbotOctokit } from "probot";
import type { Instant } from "../../domain/ids.ts";
import type { Inbox } from "../../ports/inbox.ts";
import type { Documents } from "../../ports/ledger.ts";

export interface RedeliveryParts {
  /** Authenticated as the App itself, not as an installation. */
  readonly app: ProbotOctokit;
  readonly inbox: Pick<Inbox, "has">;
  readonly documents: Pick<Documents, "get" | "put">;
  readonly now: Instant;
  /** Whether this process may still write; asked before every request for a redelivery. */
  readonly mayWrite: () => Promise<boolean>;
}

/** GitHub sends again what is at most three days old. */
const oldest = 3 * 24 * 60 * 60 * 1000;
const mostPages = 20;
const mostAtOnce = 50;
const mostRequests = 3;

interface Attempt {
  readonly id: number;
  readonly guid: string;
  readonly delivered_at: string;
  readonly status_code: number;
}

/**
 * Looks through what GitHub tried to deliver and asks for every delivery that never arrived once more: oldest first, at most fifty a call, each failed
 * attempt once and each delivery three times in all. GitHub itself never sends anything again. Returns how many it asked for.
 */
export async function redeliverFailed(parts: RedeliveryParts): Promise<number> {
  const failed = failedDeliveries(await attemptsSince(parts.app, Date.parse(parts.now) - oldest));
  let asked = 0;
  for (const attempt of failed) {
    // It may have been kept although the answer came too late for GitHub.
    if (asked >= mostAtOnce || (await parts.inbox.has(attempt.guid))) continue;
    if (await askOnce(attempt, parts)) asked += 1;
  }
  return asked;
}

async function attemptsSince(app: ProbotOctokit, since: number): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  let pages = 0;
  for await (const { data } of app.paginate.iterator(app.rest.apps.listWebhookDeliveries, { per_page: 100 })) {
    attempts.push(...data);
    pages += 1;
    const last = data.at(-1);
    if (pages >= mostPages || last === undefined || Date.parse(last.delivered_at) < since) break;
  }
  return attempts.filter((attempt) => Date.parse(attempt.delivered_at) >= since);
}

/** The newest attempt of every delivery that no attempt brought through, oldest first. */
function failedDeliveries(attempts: readonly Attempt[]): readonly Attempt[] {
  const newest = new Map<string, Attempt>();
  const arrived = new Set<string>();
  for (const attempt of attempts) {
    if (attempt.status_code >= 200 && attempt.status_code < 300) arrived.add(attempt.guid);
    if (attempt.id > (newest.get(attempt.guid)?.id ?? 0)) newest.set(attempt.guid, attempt);
  }
  return [...newest.values()]
    .filter((attempt) => !arrived.has(attempt.guid))
    .toSorted((left, right) => left.delivered_at.localeCompare(right.delivered_at) || left.id - right.id);
}

/** Remembers the request before it is made: a crash between the two costs one try, never a second delivery. */
async function askOnce(attempt: Attempt, { app, documents, mayWrite }: RedeliveryParts): Promise<boolean> {
  const key = `redelivery/${attempt.guid}`;
  const known = memoryOf(await documents.get(key));
  if (known.times >= mostRequests || known.attempt >= attempt.id || !(await mayWrite())) return false;
  await documents.put(key, { times: known.times + 1, attempt: attempt.id });
  await app.rest.apps.redeliverWebhookDelivery({ delivery_id: attempt.id });
  return true;
}

function memoryOf(stored: unknown): { readonly times: number; readonly attempt: number } {
  if (typeof stored !== "object" || stored === null || !("times" in stored) || !("attempt" in stored)) return { times: 0, attempt: 0 };
  return { times: Number(stored.times), attempt: Number(stored.attempt) };
}
