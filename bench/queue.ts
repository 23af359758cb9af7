import { drainedQueue } from "../test/doubles/drained-queue.ts";
import { startPostgres } from "../test/doubles/postgres-server.ts";
import { type Bench, type BenchOptions, type BenchReport, round } from "./report.ts";

const workers = 4;

async function run({ full, say }: BenchOptions): Promise<BenchReport> {
  const jobs = full ? 10_000 : 1000;
  const server = await startPostgres();
  try {
    say(`${jobs} jobs on a real PostgreSQL server, ${workers} worker processes, one of them killed with -9 when a third is done`);
    const drained = await drainedQueue(await server.freshDatabase(), { jobs, workers });
    const zero = (name: string, value: number) => ({ name, value, bar: "0", holds: value === 0 });
    return {
      figures: [
        zero("jobs-lost", drained.lost),
        zero("jobs-run-twice", drained.ranTwice),
        zero("effects-made-twice", drained.effectsTwice),
      ],
      context: [
        { name: "jobs", value: jobs, setting: { workers, doneByEach: drained.shares.join(", "), firstOne: "killed" } },
        { name: "steps-repeated-after-the-kill", value: drained.repeatedAfterKill },
        { name: "add-seconds", value: round(drained.addSeconds) },
        { name: "drain-seconds", value: round(drained.drainSeconds), setting: { leaseOfTheKilledSeconds: 30 } },
      ],
    };
  } finally {
    await server.close();
  }
}

export const queue: Bench = {
  name: "queue",
  description: "jobs drained from PostgreSQL by four processes, one of them killed (needs the engines that `npm test` installs)",
  run,
};
