import { Agent, request } from "node:http";
import { workerData } from "node:worker_threads";
import { z } from "zod";

/** A thread that sends export requests over so many connections and says how many milliseconds it took, and of its own processor; what is refused ends it. */
const { bodies, senders, took, token, url } = z
  .object({
    url: z.string(),
    token: z.string(),
    took: z.instanceof(Float64Array),
    senders: z.number(),
    bodies: z.array(z.instanceof(Uint8Array)),
  })
  .parse(workerData as unknown);
const agent = new Agent({ keepAlive: true, maxSockets: senders });

const send = (body: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", authorization: `Bearer ${token}`, "content-length": body.length };
    const sent = request(`${url}/v1/traces`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`))));
    });
    sent.on("error", reject);
    sent.end(body);
  });

let next = 0;
async function sendInTurn(): Promise<void> {
  for (let body = bodies[next]; body !== undefined; body = bodies[next]) {
    next += 1;
    await send(body);
  }
}

const from = performance.now();
await Promise.all(Array.from({ length: senders }, sendInTurn));
agent.destroy();
took[0] = performance.now() - from;
const { system, user } = process.threadCpuUsage();
took[1] = (user + system) / 1000;
