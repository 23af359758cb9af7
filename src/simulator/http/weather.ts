import { seededRandom } from "../../domain/random.ts";
import type { Scenario } from "../scenario.ts";

/** What the network and the service do to one request, by the scenario's faults and latency. */
export type Weather =
  | { readonly kind: "fair" }
  | { readonly kind: "broken" }
  | { readonly kind: "error"; readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** By the request's number, so that a try that failed may succeed the next time. */
export function weatherOf({ faults, name }: Scenario, seed: number, count: number): Weather {
  if (faults === undefined) return { kind: "fair" };
  const random = seededRandom(seed, name, "fault", String(count));
  const drawn = random();
  if (drawn < faults.rate) {
    const status = faults.statuses[Math.floor(random() * faults.statuses.length)] ?? 500;
    return {
      kind: "error",
      status,
      headers: faults.retryAfterSeconds === undefined ? {} : { "retry-after": String(faults.retryAfterSeconds) },
    };
  }
  return drawn < faults.rate + faults.brokenConnections ? { kind: "broken" } : { kind: "fair" };
}

/** How long an answer of so many tokens takes, in milliseconds: log-normal around its mean. */
export function latencyOf({ latency, name }: Scenario, seed: number, count: number, tokens: number): number {
  if (latency === undefined) return 0;
  const random = seededRandom(seed, name, "latency", String(count));
  // Box–Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { spread } = latency;
  return (latency.milliseconds + latency.perToken * tokens) * Math.exp(spread * normal - spread ** 2 / 2);
}
