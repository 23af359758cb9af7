import { describe, expect, test } from "vitest";
import type { Job, JobQueue } from "../../src/ports/job-queue.ts";

/** What every job queue owes, whatever it is made of. */
export function jobQueueContract(name: string, open: () => Promise<JobQueue>): void {
  describe(`${name} keeps the job queue's contract`, () => {
    test("a job that was added before the start runs once with its payload, and an equal key adds nothing", async () => {
      const queue = await open();
      const ran: Job[] = [];
      const done = Promise.withResolvers<void>();
      queue.work("run", async (job) => {
        ran.push(job);
        done.resolve();
      });
      expect(await queue.add({ name: "run", key: "comment-1", payload: { login: "ada" } })).toBe("added");
      expect(await queue.add({ name: "run", key: "comment-1", payload: { login: "ada" } })).toBe("duplicate");
      await queue.start();
      await done.promise;
      await queue.stop();
      expect(ran).toEqual([{ name: "run", key: "comment-1", payload: { login: "ada" } }]);
    });

    test("a step gives its result back", async () => {
      const queue = await open();
      const done = Promise.withResolvers<unknown>();
      queue.work("run", async (_job, steps) => done.resolve(await steps.run("count", async () => ({ sessions: 3 }))));
      await queue.add({ name: "run", key: "a", payload: null });
      await queue.start();
      expect(await done.promise).toEqual({ sessions: 3 });
      await queue.stop();
    });

    test("what a stranger wrote comes through letter by letter: NUL, half a surrogate pair, keys out of order", async () => {
      const queue = await open();
      const payload = { z: "a\0b \uD83D end", a: [1, null, "\u2028"] };
      const done = Promise.withResolvers<unknown>();
      queue.work("run", async (job, steps) => done.resolve([job.payload, await steps.run("echo", async () => job.payload)]));
      await queue.add({ name: "run", key: "a", payload });
      await queue.start();
      expect(JSON.stringify(await done.promise)).toBe(JSON.stringify([payload, payload]));
      await queue.stop();
    });
  });
}

/** What a queue owes besides that outlives its process. */
export function durableQueueContract(name: string, open: () => Promise<JobQueue>): void {
  describe(`${name} keeps its promises over failures`, () => {
    test("finished steps are not repeated when a job is tried again", async () => {
      const queue = await open();
      let [paid, tries] = [0, 0];
      const done = Promise.withResolvers<void>();
      queue.work("run", async (_job, steps) => {
        await steps.run("paid", async () => {
          paid += 1;
        });
        await steps.run("flaky", async () => {
          tries += 1;
          // Strangers' text may stand in an error, too.
          if (tries === 1) throw new Error("the model was down: \0 and \uD83D");
        });
        done.resolve();
      });
      await queue.add({ name: "run", key: "a", payload: null });
      await queue.start();
      await done.promise;
      await queue.stop();
      expect({ paid, tries }).toEqual({ paid: 1, tries: 2 });
    });
  });
}
