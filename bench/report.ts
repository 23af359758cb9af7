/** One measured figure with its bar. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Upper end of the 95 % interval, where the value is a share of trials. */
  readonly upper?: number;
  /** As it is written in the docs: `<= 0.05`. */
  readonly bar: string;
  readonly holds: boolean;
  /** What others reach, or what was done differently, in the same run. */
  readonly beside?: Readonly<Record<string, number>>;
  /** What was measured: trials, settings. */
  readonly setting?: Readonly<Record<string, number | string>>;
}

export type ContextFigure = Omit<Figure, "bar" | "holds">;

export interface BenchReport {
  readonly figures: readonly Figure[];
  readonly context: readonly ContextFigure[];
}

export interface BenchOptions {
  /** Longer and more exact. */
  readonly full: boolean;
  /** A folder of git repositories to measure on; for benches that can use one. */
  readonly corpus?: string;
  /** Talk, for people. */
  readonly say: (line: string) => void;
}

export interface Bench {
  readonly name: string;
  readonly description: string;
  run(options: BenchOptions): Promise<BenchReport>;
}

/** Upper end of Wilson's 95 % interval for `count` of `trials` (Wilson 1927). */
export function wilsonUpper(count: number, trials: number): number {
  const z = 1.959964;
  const share = count / trials;
  const middle = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return round((middle + spread) / (1 + (z * z) / trials));
}

export const round = (value: number): number => Math.round(value * 10_000) / 10_000;
