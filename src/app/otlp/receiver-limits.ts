/** What the receiver takes before it asks senders to wait or to send less. Sizes in bytes, times in milliseconds. */
export interface ReceiverLimits {
  /** One body as it comes over the wire. */
  readonly largestPacked: number;
  /** One body after decompression. */
  readonly largestBody: number;
  /** All unpacked bodies that are not answered yet. At least `largestBody`. */
  readonly bytesInFlight: number;
  /** Requests that are not answered yet. */
  readonly requestsInFlight: number;
  readonly connections: number;
  /** Unpacked bytes per second that one project may send in the long run, and at once after a pause. */
  readonly bytesPerSecond: number;
  readonly burst: number;
  /** Until a request's headers, and until all of it, must have come. */
  readonly headersTime: number;
  readonly requestTime: number;
  /** How often connections are looked at for these two. */
  readonly checkEvery: number;
  /** How long a sender that was refused may go on sending before its connection is cut. */
  readonly lingerTime: number;
  /** How long a stop waits for requests under way. */
  readonly stopTime: number;
}

const mebibyte = 1024 * 1024;

/** 64 MiB is what the OTLP specification suggests for an unpacked body; the Collector sends 8,192 spans at once, far below. */
export const defaultReceiverLimits: ReceiverLimits = {
  largestPacked: 64 * mebibyte,
  largestBody: 64 * mebibyte,
  bytesInFlight: 128 * mebibyte,
  requestsInFlight: 256,
  connections: 1024,
  bytesPerSecond: 16 * mebibyte,
  burst: 128 * mebibyte,
  headersTime: 10_000,
  requestTime: 30_000,
  checkEvery: 2_000,
  lingerTime: 2_000,
  stopTime: 10_000,
};
