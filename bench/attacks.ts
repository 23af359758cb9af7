import { attacks as attackCases, unguardedAttacks } from "../test/attacks/all-attacks.ts";
import { type Case, judge, settled, type Unguarded } from "../test/attacks/case.ts";
import type { Bench, BenchOptions, BenchReport, ContextFigure } from "./report.ts";

/** Runs every case with its guard and without; `passed` counts those that hold with it and do not without it. */
export async function judgeAll(cases: readonly Case[], unguarded: readonly Unguarded[], { say }: BenchOptions): Promise<BenchReport> {
  const context: ContextFigure[] = [];
  for (const one of cases) {
    const judged = await settled(judge(one));
    const passed = "value" in judged && judged.value.passed;
    const why = "error" in judged ? String(judged.error) : judged.value.withGuard.join("; ");
    say(`${passed ? "✓" : "✗"} ${one.id} ${one.title}${passed ? "" : `: ${why || "it holds without its guard too"}`}`);
    context.push({
      name: one.id,
      value: passed ? 1 : 0,
      setting: { title: one.title, guard: one.guard, ...(passed ? {} : { why: why.slice(0, 300) }) },
    });
  }
  for (const { id, lacks, title } of unguarded) {
    say(`✗ ${id} ${title === "" ? "" : `${title}: `}${lacks}`);
    context.push({ name: id, value: 0, setting: { title, lacks } });
  }
  const total = context.length;
  const passed = context.filter((figure) => figure.value === 1).length;
  return {
    figures: [{ name: "passed", value: passed, bar: `>= ${total}`, holds: passed === total }],
    context: context.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
  };
}

/** The 36 attacks, each with its guard in place and left out. */
export const attacks: Bench = {
  name: "attacks",
  description: "36 attacks, each with its guard in place and left out",
  run: (options) => judgeAll(attackCases, unguardedAttacks, options),
};
