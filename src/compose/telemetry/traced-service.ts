import type { Json } from "../../domain/ids.ts";
import type { Delivery } from "../../ports/inbox.ts";
import type { Job, JobHandler, JobQueue, Steps } from "../../ports/job-queue.ts";
import type { Facts, Telemetry } from "../../ports/runtime.ts";

/** Where a job carries the span that it goes on from. Handlers parse what they know of a payload and do not see it. */
const carrier = "traceparent";

/** A queue whose jobs go on with the trace that added them, also after a crash and in another process. Each try is a span, each step that runs one in it. */
export function tracedQueue(queue: JobQueue, telemetry: Telemetry): JobQueue {
  return {
    add(job) {
      const parent = telemetry.here();
      return queue.add(parent === undefined ? job : { ...job, payload: withParent(job.payload, parent) });
    },
    work: (name, handler) => queue.work(name, traced(handler, telemetry)),
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const withParent = (payload: Json, parent: string): Json =>
  typeof payload === "object" && payload !== null && !isList(payload) ? { ...payload, [carrier]: parent } : payload;

const traced =
  (handler: JobHandler, telemetry: Telemetry): JobHandler =>
  (job, steps, signal) => {
    const parent = textIn(job.payload, carrier);
    const start = { name: `job ${job.name}`, kind: "consumer", facts: factsOf(job), ...(parent === undefined ? {} : { parent }) } as const;
    return telemetry.span(start, () => handler(job, tracedSteps(steps, telemetry), signal));
  };

/** Only a step that runs has a span: one that had finished before is not done again. */
const tracedSteps = (steps: Steps, telemetry: Telemetry): Steps => ({
  run: (name, work) => steps.run(name, () => telemetry.span({ name: `step ${name}`, facts: { "tuneup.step": name } }, work)),
});

function factsOf({ key, name, payload }: Job): Facts {
  const [owner, repository, command] = ["owner", "repository", "command"].map((field) => textIn(payload, field));
  return {
    "tuneup.job": name,
    "tuneup.job.key": key,
    ...(owner === undefined || repository === undefined ? {} : { "tuneup.repository": `${owner}/${repository}` }),
    ...(command === undefined ? {} : { "tuneup.command": command }),
  };
}

function textIn(payload: Json, name: string): string | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const value: unknown = Reflect.get(payload, name);
  return typeof value === "string" ? value : undefined;
}

/** Deliveries that are kept now and worked on soon by this process. */
const mostRemembered = 10_000;

export interface TracedDeliveries {
  /** Keeps a delivery, in the span of the webhook. */
  accept(delivery: Delivery, keep: () => Promise<void>): Promise<void>;
  /** Works on it, in a span below. After a restart it begins a trace of its own, with the delivery's id in it as well. */
  handle(delivery: Delivery, work: () => Promise<void>): Promise<void>;
}

/** The spans of a webhook on its way: taken, then worked on. */
export function tracedDeliveries(telemetry: Telemetry): TracedDeliveries {
  const parents = new Map<string, string>();
  const remember = (id: string, parent: string): void => {
    const [oldest] = parents.keys();
    if (parents.size >= mostRemembered && oldest !== undefined) parents.delete(oldest);
    parents.set(id, parent);
  };
  const factsOfDelivery = ({ event, id }: Delivery): Facts => ({ "tuneup.event": event, "tuneup.delivery": id });
  return {
    accept: (delivery, keep) =>
      telemetry.span({ name: `webhook ${delivery.event}`, kind: "server", facts: factsOfDelivery(delivery) }, async () => {
        const parent = telemetry.here();
        if (parent !== undefined) remember(delivery.id, parent);
        await keep();
      }),
    handle(delivery, work) {
      const parent = parents.get(delivery.id);
      parents.delete(delivery.id);
      const start = { name: `handle ${delivery.event}`, kind: "consumer", facts: factsOfDelivery(delivery) } as const;
      return telemetry.span({ ...start, ...(parent === undefined ? {} : { parent }) }, work);
    },
  };
}
