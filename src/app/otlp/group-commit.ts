import { setImmediate as nextTurn } from "node:timers/promises";
import type { ProjectId } from "../../domain/ids.ts";
import type { TraceBatch } from "../../domain/span.ts";
import type { TraceStore } from "../../ports/trace-store.ts";

interface Waiting {
  readonly batch: TraceBatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A synchronous write costs about as much as ten spans, so larger transactions gain nothing. They would cost: redaction works on this thread,
 * 1,000 spans of 2 KB keep it busy for a twentieth of a second.
 */
const mostRecordsTogether = 1000;
/**
 * While the store writes one group, the next is redacted and on its way, if so much waits already: less gains more by waiting for company. A third
 * would only make each smaller.
 */
const groupsAtOnce = 2;
const enoughForAnother = mostRecordsTogether / 2;

/**
 * Writes what waits for one project in one transaction, so that a disk's few hundred synchronous writes a second do not bound the requests a
 * second. Each `add` resolves after all of its own batch is durable; a large batch is written in several transactions, and is there in part after
 * a crash or an error, until its sender, who was told nothing, sends it again. At most two groups are under way at once. Projects take turns. A
 * group that fails is tried again one by one: nobody's batch is refused for another's.
 */
export class GroupCommit {
  readonly #store: Pick<TraceStore, "add">;
  readonly #waiting = new Map<ProjectId, Waiting[]>();
  /** Records of all that waits. */
  #records = 0;
  readonly #writers = new Set<Promise<void>>();
  #working = 0;

  constructor(store: Pick<TraceStore, "add">) {
    this.#store = store;
  }

  /** Durable when it resolves; rejects with what the store threw. */
  add(project: ProjectId, batch: TraceBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(project) ?? [];
      queue.push({ batch, resolve, reject });
      this.#waiting.set(project, queue);
      this.#records += recordsOf(batch);
      if (this.#isWorthWriting(this.#working + 1)) this.#begin();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#writers.size > 0) await Promise.all(this.#writers);
  }

  /** Whether what waits is work for so many writers at once. */
  #isWorthWriting(writers: number): boolean {
    return writers === 1 ? this.#waiting.size > 0 : writers <= groupsAtOnce && this.#records >= enoughForAnother;
  }

  #begin(): void {
    this.#working += 1;
    const writer = this.#run().finally(() => this.#writers.delete(writer));
    this.#writers.add(writer);
  }

  async #run(): Promise<void> {
    for (;;) {
      // Whatever was read in this turn of the event loop joins the group.
      await nextTurn();
      const [next] = this.#waiting;
      if (next === undefined || !this.#isWorthWriting(this.#working)) break;
      const [project, queue] = next;
      const group = takeGroup(queue);
      this.#records -= group.reduce((sum, { batch }) => sum + recordsOf(batch), 0);
      // To the end of the line: a busy project does not keep the others from their turn.
      this.#waiting.delete(project);
      if (queue.length > 0) this.#waiting.set(project, queue);
      await this.#write(project, group);
    }
    this.#working -= 1;
  }

  async #write(project: ProjectId, group: readonly Waiting[]): Promise<void> {
    try {
      await this.#addInSlices(project, joined(group.map(({ batch }) => batch)));
      for (const { resolve } of group) resolve();
    } catch (error) {
      const [only] = group;
      if (group.length === 1) only?.reject(error);
      else await this.#writeOneByOne(project, group);
    }
  }

  async #addInSlices(project: ProjectId, batch: TraceBatch): Promise<void> {
    for (const [index, slice] of slicesOf(batch).entries()) {
      // Between two slices other connections are read and answered.
      if (index > 0) await nextTurn();
      await this.#store.add(project, slice);
    }
  }

  async #writeOneByOne(project: ProjectId, group: readonly Waiting[]): Promise<void> {
    let failures = 0;
    let last: unknown;
    for (const { batch, resolve, reject } of group) {
      // Two that fail one after the other say that the store is down; asking it again for each would hold everybody up.
      if (failures >= 2) {
        reject(last);
        continue;
      }
      try {
        await this.#addInSlices(project, batch);
        failures = 0;
        resolve();
      } catch (error) {
        failures += 1;
        last = error;
        reject(error);
      }
    }
  }
}

const recordsOf = (batch: TraceBatch): number => batch.spans.length + (batch.logs?.length ?? 0) + (batch.feedback?.length ?? 0);

/** Takes from the front as many batches as fit together, at least one. */
function takeGroup(queue: Waiting[]): readonly Waiting[] {
  let records = 0;
  let count = 0;
  for (const { batch } of queue) {
    records += recordsOf(batch);
    if (count > 0 && records > mostRecordsTogether) break;
    count += 1;
  }
  return queue.splice(0, count);
}

function joined(batches: readonly TraceBatch[]): TraceBatch {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  return {
    spans: batches.flatMap((batch) => batch.spans),
    logs: batches.flatMap((batch) => batch.logs ?? []),
    feedback: batches.flatMap((batch) => batch.feedback ?? []),
  };
}

function slicesOf(batch: TraceBatch): readonly TraceBatch[] {
  if (recordsOf(batch) <= mostRecordsTogether) return [batch];
  const { spans, logs = [], feedback = [] } = batch;
  const pieces = <T>(items: readonly T[]): readonly (readonly T[])[] =>
    Array.from({ length: Math.ceil(items.length / mostRecordsTogether) }, (_, index) =>
      items.slice(index * mostRecordsTogether, (index + 1) * mostRecordsTogether),
    );
  return [
    ...pieces(spans).map((piece): TraceBatch => ({ spans: piece })),
    ...pieces(logs).map((piece): TraceBatch => ({ spans: [], logs: piece })),
    ...pieces(feedback).map((piece): TraceBatch => ({ spans: [], feedback: piece })),
  ];
}
