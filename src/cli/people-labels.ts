import { z } from "zod";
import { TuneupError } from "../domain/errors.ts";
import { decisiveVerdict, type Evidence } from "../domain/evidence.ts";
import type { Pair } from "../domain/replay.ts";
import type { LabelledEffect } from "../domain/replaying/corrected-effect.ts";
import { differenceOf, enteredPairs, fewestLabelledPairs, labelledEffect } from "../stages/decide.ts";

const outcome = z.enum(["passed", "failed"]);
const labelSchema = z.strictObject({
  group: z.enum(["failing", "control"]),
  index: z.number().int().min(0),
  before: outcome,
  after: outcome,
});
type Label = z.infer<typeof labelSchema>;

/** What people's labels say of one group: the estimate, or how many labels it still lacks. */
export interface PeoplesView {
  readonly group: Pair["group"];
  readonly labelled: number;
  readonly estimate?: LabelledEffect;
}

const mostLines = 20_000;

/**
 * Reads people's labels of replayed pairs, one JSON object a line, about the candidate that the evidence's decisive verdict is on. Throws
 * `file-unreadable` naming each line that is no label, stands twice, or is of a pair that did not enter the test.
 */
export function readLabels(path: string, text: string, evidence: Evidence): readonly PeoplesView[] {
  const verdict = decisiveVerdict(evidence);
  const problems: string[] = [];
  const known = new Map<string, Label>();
  const entered = new Map<string, Pair>(
    (["failing", "control"] as const).flatMap((group) =>
      enteredPairs(evidence.pairs, verdict, group).map((pair) => [`${group} ${pair.index}`, pair] as const),
    ),
  );
  for (const [number, line] of text.split("\n").slice(0, mostLines).entries()) {
    if (line.trim() === "") continue;
    const label = parsed(line);
    const place = label === undefined ? "" : `${label.group} ${label.index}`;
    if (label === undefined) problems.push(`line ${number + 1} is not {"group", "index", "before", "after"}`);
    else if (!entered.has(place)) problems.push(`line ${number + 1}: pair "${place}" did not enter the test`);
    else if (known.has(place)) problems.push(`line ${number + 1}: pair "${place}" has a label already`);
    else known.set(place, label);
  }
  if (problems.length > 0)
    throw new TuneupError("file-unreadable", `${path} does not hold labels:\n  - ${problems.slice(0, 20).join("\n  - ")}`, {
      remedy: 'One object a line, like {"group": "failing", "index": 0, "before": "failed", "after": "passed"}; docs/evidence.md.',
      fields: { path },
    });
  return (["failing", "control"] as const).flatMap((group) => {
    const pairs = [...entered].flatMap(([place, pair]) => (pair.group === group ? [{ pair, label: known.get(place) }] : []));
    const labelled = pairs.flatMap(({ label, pair }) =>
      label === undefined ? [] : [{ label: saidOf(label), judged: differenceOf(pair) }],
    );
    if (labelled.length === 0) return [];
    const unlabelled = pairs.flatMap(({ label, pair }) => (label === undefined ? [differenceOf(pair)] : []));
    const estimate = labelledEffect({ labelled, unlabelled });
    return [{ group, labelled: labelled.length, ...(estimate === undefined ? {} : { estimate }) }];
  });
}

function parsed(line: string): Label | undefined {
  try {
    const label = labelSchema.safeParse(JSON.parse(line));
    return label.success ? label.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const saidOf = ({ after, before }: Label): number => Number(after === "passed") - Number(before === "passed");

const points = (share: number): string => `${share > 0 ? "+" : ""}${Math.round(share * 100)}`;

/** The labels' section of the report, in Markdown. */
export function labelsSection(views: readonly PeoplesView[]): string {
  const lines = views.map(({ estimate, group, labelled }) => {
    const name = group === "failing" ? "sessions of this failure" : "working sessions";
    if (estimate === undefined && labelled >= fewestLabelledPairs)
      return `- ${name}: ${labelled} labelled pairs that all say the same: no estimate can be made of them.`;
    if (estimate === undefined) return `- ${name}: ${labelled} labelled pairs; ${fewestLabelledPairs} are needed for an estimate.`;
    const { effect, interval, unlabelled, weight } = estimate;
    return `- ${name}: ${points(effect)} (${points(interval[0])} to ${points(interval[1])}) points, from ${labelled} labelled pairs and ${unlabelled} judged ones at a weight of ${weight}.`;
  });
  return ["### With people's labels", ...(lines.length === 0 ? ["- none"] : [lines.join("\n")]), "No verdict rests on it.", ""].join(
    "\n\n",
  );
}
