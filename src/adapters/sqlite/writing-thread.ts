import { parentPort, workerData } from "node:worker_threads";
import { TuneupError } from "../../domain/errors.ts";
import { SqliteTraceStore } from "./sqlite-trace-store.ts";
import type { Failure, Order, Report } from "./threaded-trace-store.ts";

/** A thread that adds batches to the store whose path it was given, one after the other, until it is told to close. */
const store = SqliteTraceStore.open(String(workerData));
let last = Promise.resolve();

parentPort?.on("message", (order: Order) => {
  last = last.then(() => carryOut(order));
});

async function carryOut(order: Order): Promise<void> {
  if (order.kind === "close") {
    await store.close();
    parentPort?.close();
    return;
  }
  const report = await store.add(order.project, order.batch).then(
    (result): Report => ({ number: order.number, result }),
    (error: unknown): Report => ({ number: order.number, failure: failureOf(error) }),
  );
  parentPort?.postMessage(report);
}

/** What is left of an error on its way to another thread: the fields of our own would not arrive. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof TuneupError))
    return { code: "internal", message: error instanceof Error ? error.message : String(error), remedy: "", retryable: false, fields: {} };
  const { code, fields, message, remedy, retryable } = error;
  return { code, fields, message, remedy, retryable };
}
