import { keepReceiving } from "../../compose/receiving.ts";
import type { Log } from "../../ports/runtime.ts";
import type { CliContext } from "../context.ts";
import { type CommonFlags, flag, parseWhole, placesOf } from "../flags.ts";
import { program } from "../program.ts";

/** Where traces are received; the same in `serve` and `receive`. */
export const otlpFlags = {
  port: {
    kind: "parsed",
    parse: parseWhole,
    optional: true,
    brief: "Port for traces, OTLP over HTTP (default: $OTLP_PORT or 4318)",
    placeholder: "n",
  },
  host: flag.text("Address for traces (default: $OTLP_HOST or 127.0.0.1; containers need 0.0.0.0)", "address"),
} as const;

/** Where traces are received, from flags, environment and defaults. */
export const otlpPlace = (
  { environment }: CliContext,
  flags: { readonly port?: number; readonly host?: string },
): { readonly port: number; readonly host: string } => ({
  port: flags.port ?? Number(environment.otlpPort ?? 4318),
  host: flags.host ?? environment.otlpHost ?? "127.0.0.1",
});

interface Flags extends Pick<CommonFlags, "data" | "operator"> {
  readonly otlpPort?: number;
  readonly otlpHost?: string;
}

/** Receives traces beside the App, in a process of its own, until the context's signal. */
export function receiveBeside(context: CliContext, flags: Flags, log: Log): Promise<void> {
  const place = placesOf(context, flags);
  const given = { data: place.data, operator: flags.operator, port: flags.otlpPort?.toString(), host: flags.otlpHost };
  const args = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  const command = [...program, "receive", ...args, "--until-stdin-ends"];
  return keepReceiving({ place, cwd: context.cwd, command, log, signal: context.signal });
}
