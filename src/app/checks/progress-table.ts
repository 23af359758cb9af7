import { safeInline } from "../../domain/text/safe-text.ts";
import type { Progress } from "../../ports/runtime.ts";

const states: Readonly<Record<Progress["state"], string>> = {
  started: "under way",
  running: "under way",
  finished: "done",
  skipped: "left out",
  failed: "ended here",
};

/** The stages of a job with what each has counted and said, in the order in which they came; the cost so far stands in the note of the replays. */
export function progressTable(stages: readonly Progress[]): string {
  const rows = stages.map(({ done, note, stage, state, total, unit }) => {
    const count = done === undefined ? "" : `${done}${total === undefined ? "" : ` of ${total}`}${unit === undefined ? "" : ` ${unit}`}`;
    return `| ${safeInline(stage, 40)} | ${states[state]} | ${safeInline(count, 80)} | ${safeInline(note ?? "", 300)} |`;
  });
  return ["| stage | | | |", "|---|---|---|---|", ...rows].join("\n");
}
