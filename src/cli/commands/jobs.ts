import { buildCommand, buildRouteMap } from "@stricli/core";
import { openState, type ServiceRecords, type StatePlace } from "../../compose/state.ts";
import { TuneupError } from "../../domain/errors.ts";
import type { InboxRow } from "../../ports/inbox.ts";
import type { JobRecords, JobRow } from "../../ports/job-records.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";
import { printable, table } from "../table.ts";

interface Flags extends Pick<CommonFlags, "data" | "json"> {
  readonly failed?: boolean;
}

const most = 200;

/** Opens the queue and the inbox of an installation for one look and closes them again. */
async function withQueue<T>(place: StatePlace, work: (queue: JobRecords, records: ServiceRecords) => Promise<T>): Promise<T> {
  const state = await openState(place);
  try {
    const ledger = state.ledger();
    const records = state.records();
    const queue = await state.jobs(ledger);
    try {
      return await work(queue, records);
    } finally {
      await queue.stop();
      await records.close();
      await ledger.close();
    }
  } finally {
    await state.close();
  }
}

/** Jobs and the deliveries that are not done, as a person reads them. */
export function describeJobs(jobs: readonly JobRow[], deliveries: readonly InboxRow[]): string {
  if (jobs.length + deliveries.length === 0) return "There are no such jobs.\n";
  const rows = [
    ...jobs.map((job) => [job.id, job.state, job.name, job.key, String(job.attempts), job.addedAt, job.reason ?? ""]),
    ...deliveries.map((one) => [one.id, one.state, "delivery", one.event, String(one.attempts), one.receivedAt, one.reason ?? ""]),
  ];
  return `${printable(table([["id", "state", "job", "about", "tries", "since", "why"], ...rows]))}\n`;
}

const listCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Show jobs and deliveries; `--failed` those that were given up",
    fullDescription:
      "Jobs of the GitHub App and webhook deliveries that are not done, newest first. What failed for good is kept with its reason; `tuneup jobs retry <id>` tries it again.",
  },
  parameters: {
    flags: { data: commonFlags.data, json: commonFlags.json, failed: flag.toggle("Only what was given up") },
  },
  async func(flags) {
    const found = await withQueue(placesOf(this, flags), async (queue, records) => ({
      jobs: await queue.jobs(most, flags.failed === true ? "failed" : undefined),
      deliveries: await records.inbox.list(flags.failed === true ? ["failed"] : ["waiting", "failed"], most),
    }));
    this.process.stdout.write(flags.json === true ? `${JSON.stringify(found)}\n` : describeJobs(found.jobs, found.deliveries));
  },
});

const retryCommand = buildCommand<Pick<Flags, "data">, [string], CliContext>({
  docs: { brief: "Try a failed job or delivery again", fullDescription: "A running `tuneup serve` takes it up within seconds." },
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Its id, from `tuneup jobs`", placeholder: "id", parse: String }] },
    flags: { data: commonFlags.data },
  },
  async func(flags, id) {
    const found = await withQueue(
      placesOf(this, flags),
      async (queue, records) => (await records.inbox.retry(id, this.now())) || (await queue.again(id)),
    );
    if (!found)
      throw new TuneupError("usage", `There is no failed job or delivery ${id}.`, { remedy: "`tuneup jobs --failed` lists them." });
    this.process.stdout.write("It will be tried again.\n");
  },
});

export const jobsCommand = buildRouteMap<"list" | "retry", CliContext>({
  routes: { list: listCommand, retry: retryCommand },
  defaultCommand: "list",
  docs: { brief: "Show the App's jobs, and try failed ones again" },
});
