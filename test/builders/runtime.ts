import { instant } from "../../src/domain/ids.ts";
import type { Progress, Runtime } from "../../src/ports/runtime.ts";

/** A runtime with a fixed clock that keeps the progress it was told. */
export function aRuntime(signal: AbortSignal = new AbortController().signal): Runtime & { readonly seen: Progress[] } {
  const seen: Progress[] = [];
  const silent = (): void => undefined;
  return {
    now: () => instant("2026-01-20T00:00:00.000Z"),
    signal,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    progress: (progress) => void seen.push(progress),
    seen,
  };
}
