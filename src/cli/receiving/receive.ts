import { buildCommand } from "@stricli/core";
import { startOtlpReceiver } from "../../app/otlp/otlp-receiver.ts";
import { defaultReceiverLimits, type ReceiverLimits } from "../../app/otlp/receiver-limits.ts";
import { openReceivingStore, readOperator } from "../../compose.ts";
import { otlpCodec } from "../../compose/receiving.ts";
import { jsonLog } from "../../compose/runtime.ts";
import { openState } from "../../compose/state.ts";
import { holdsForgeSecrets } from "../../config/environment.ts";
import type { OperatorSettings } from "../../config/operator-file.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, commonFlags, flag, placesOf } from "../flags.ts";
import { keepRetention, noRetention, type Stoppable } from "../store/retention-upkeep.ts";
import { otlpFlags, otlpPlace } from "./receiver-process.ts";
import { warnOfUnknownProjects } from "./redaction-projects.ts";

interface Flags extends Pick<CommonFlags, "data" | "operator"> {
  readonly port?: number;
  readonly host?: string;
  readonly untilStdinEnds?: boolean;
}

const megabyte = 1024 * 1024;

function limitsOf({ receiver = {} }: OperatorSettings): Partial<ReceiverLimits> {
  const largest = receiver.largestMegabytes === undefined ? defaultReceiverLimits.largestBody : receiver.largestMegabytes * megabyte;
  const inFlight = receiver.megabytesInFlight === undefined ? defaultReceiverLimits.bytesInFlight : receiver.megabytesInFlight * megabyte;
  return {
    largestPacked: largest,
    largestBody: largest,
    // One body must fit, or nobody could ever send it.
    bytesInFlight: Math.max(inFlight, largest),
    ...(receiver.megabytesPerSecond === undefined
      ? {}
      : { bytesPerSecond: receiver.megabytesPerSecond * megabyte, burst: Math.max(largest, receiver.megabytesPerSecond * megabyte * 8) }),
  };
}

/** Resolves when the user, the service manager or the process that started this one wants it to stop. */
async function stopped(signal: AbortSignal, untilStdinEnds: boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (!untilStdinEnds) return;
    for (const end of ["end", "close", "error"]) process.stdin.once(end, () => resolve());
    process.stdin.resume();
  });
  // An open pipe would keep the process alive.
  if (untilStdinEnds) process.stdin.destroy();
}

const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);

export const receiveCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "Receive traces as OTLP over HTTP, without the GitHub App",
    fullDescription: [
      "Takes POST /v1/traces and /v1/logs, protobuf or JSON, from senders that show a trace project's token, and keeps them in the trace store.",
      "`tuneup serve` starts it by itself; alone it is for those who run Tuneup from the command line. A 200 means: on disk.",
      "Senders are slowed down with 429 and 503 and a Retry-After when too much waits (`receiver` in tuneup.operator.yml).",
      "",
      "  tuneup project create support      shows the token that senders need",
      "  tuneup receive",
      "  tuneup receive --port 4318 --host 0.0.0.0      behind a proxy that speaks TLS: tokens travel in the clear otherwise",
      "",
      "docs/send-traces.md has the settings of SDKs, the Collector and instrumentations, ready to copy.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      data: commonFlags.data,
      operator: commonFlags.operator,
      port: otlpFlags.port,
      host: otlpFlags.host,
      untilStdinEnds: { ...flag.toggle("Stop when standard input ends"), hidden: true },
    },
  },
  async func(flags) {
    const places = placesOf(this, flags);
    const operator = readOperator(places, this.environment);
    const log = jsonLog((line) => this.process.stderr.write(line), this.now);
    const place = otlpPlace(this, flags);
    const store = openReceivingStore(places.data, operator, this.variables);
    const state = await openState(places);
    const projects = state.projects();
    let retention: Stoppable = noRetention;
    try {
      const receiver = await startOtlpReceiver({
        store,
        projects,
        codec: otlpCodec,
        log,
        now: this.now,
        limits: limitsOf(operator),
        ...place,
      });
      if (!isLoopback(place.host))
        log.warn({ host: place.host }, "tokens and traces travel in the clear unless a proxy in front speaks TLS");
      if (holdsForgeSecrets(this.variables)) log.warn({}, "this process holds a forge's secret that it does not need");
      log.info({ url: receiver.url, projects: (await projects.list(this.now())).length }, "receiving traces");
      // Beside `serve`, which started this process, it does both itself.
      if (flags.untilStdinEnds !== true) {
        await warnOfUnknownProjects(operator, projects, this.now(), log);
        retention = await keepRetention(this, flags, operator, log);
      }
      await stopped(this.signal, flags.untilStdinEnds === true);
      await receiver.close();
      log.info({}, "no longer receiving traces");
    } finally {
      await retention.stop();
      await projects.close();
      await state.close();
      await store.close();
    }
  },
});
