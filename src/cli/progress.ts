import type { Progress } from "../ports/runtime.ts";
import type { Output } from "./context.ts";

const marks: Readonly<Record<Progress["state"], string>> = { started: "…", running: "…", finished: "✓", skipped: "–", failed: "✗" };

/** One line of progress, without colour: `✓ replay    24/60 failing sessions  leader fixed 9, broke 1`. */
export function progressLine(progress: Progress): string {
  const total = progress.total === undefined ? "" : `/${progress.total}`;
  const count = progress.done === undefined ? "" : `${progress.done}${total}${progress.unit === undefined ? "" : ` ${progress.unit}`}`;
  const parts = [count, progress.note ?? ""].filter((part) => part !== "");
  return `  ${marks[progress.state]} ${progress.stage.padEnd(9)} ${parts.join(" · ")}`.trimEnd();
}

/** Shows progress on a terminal in place, elsewhere one line per finished stage and, for long ones, one per tenth. */
export function progressReporter(output: Output): (progress: Progress) => void {
  if (output.isTTY === true) return inPlace(output);
  let tenth = -1;
  return (progress) => {
    if (progress.state === "started") {
      tenth = -1;
      return;
    }
    if (progress.state === "running") {
      // Only replays take long enough to be watched.
      if (progress.stage !== "replay") return;
      const current = Math.floor(((progress.done ?? 0) * 10) / Math.max(1, progress.total ?? 1));
      if (current === tenth) return;
      tenth = current;
    }
    output.write(`${progressLine(progress)}\n`);
  };
}

function inPlace(output: Output): (progress: Progress) => void {
  return (progress) => {
    const line = progressLine(progress).slice(0, Math.max(20, (output.columns ?? 100) - 1));
    const last = progress.state === "started" || progress.state === "running" ? "" : "\n";
    output.write(`\r\u001B[2K${line}${last}`);
  };
}
