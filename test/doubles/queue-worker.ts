import postgres from "postgres";
import { openState } from "../../src/compose/state.ts";

/** A worker of `drainedQueue`, in a process of its own: for each job it notes which process ran its step, and whether the ledger saw its key for the first time. */
const [database = "", folder = ""] = process.argv.slice(2);
const notes = postgres(database, { max: 4, onnotice: () => undefined });
const state = await openState({ data: folder, database });
const ledger = state.ledger();
const jobs = await state.jobs(ledger);
jobs.work("run", async ({ key }, steps) => {
  await steps.run("work", async () => {
    const first = (await ledger.delivery(`effect/${key}`)) === "new";
    await notes`INSERT INTO public.ran (key, worker, first) VALUES (${key}, ${process.pid}, ${first})`;
  });
});
await jobs.start();
process.send?.("working");
process.once("SIGTERM", () => {
  void (async () => {
    await jobs.stop();
    await state.close();
    await notes.end();
    process.exit(0);
  })();
});
