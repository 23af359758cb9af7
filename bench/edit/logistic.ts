/** One example: how often each feature occurs in it, whether it is of the class, and how much it counts. */
export interface Example {
  readonly features: ReadonlyMap<string, number>;
  readonly isPositive: boolean;
  readonly weight: number;
}

/** A linear model of the logarithm of the odds. */
export interface Model {
  readonly bias: number;
  readonly weights: ReadonlyMap<string, number>;
}

/** The logarithm of the odds that a model gives these features. */
export function logOdds({ bias, weights }: Model, features: ReadonlyMap<string, number>): number {
  let sum = bias;
  for (const [name, count] of features) sum += (weights.get(name) ?? 0) * count;
  return sum;
}

const mostSteps = 30;
const smallStep = 1e-8;

/**
 * Logistic regression with a penalty of `penalty / 2` times the sum of squared weights (the bias is free), by Newton's method: the optimum is
 * unique, so the result depends on nothing but the examples. Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.3.
 */
export function fitLogistic(examples: readonly Example[], names: readonly string[], penalty: number): Model {
  const place = new Map(names.map((name, index) => [name, index + 1]));
  const rows = examples.map(({ features }) => [
    [0, 1] as const,
    ...[...features].flatMap(([name, count]) => {
      const at = place.get(name);
      return at === undefined ? [] : [[at, count] as const];
    }),
  ]);
  const size = names.length + 1;
  const solution = new Float64Array(size);
  for (let step = 0; step < mostSteps; step += 1) {
    const gradient = new Float64Array(size);
    const curvature = Array.from({ length: size }, () => new Float64Array(size));
    for (let at = 1; at < size; at += 1) {
      gradient[at] = penalty * (solution[at] ?? 0);
      (curvature[at] ?? [])[at] = penalty;
    }
    for (const [index, row] of rows.entries()) {
      const example = examples[index];
      if (example === undefined) continue;
      const odds = row.reduce((sum, [at, count]) => sum + (solution[at] ?? 0) * count, 0);
      const chance = 1 / (1 + Math.exp(-odds));
      const slope = example.weight * (chance - (example.isPositive ? 1 : 0));
      const bend = example.weight * chance * (1 - chance);
      for (const [at, count] of row) {
        gradient[at] = (gradient[at] ?? 0) + slope * count;
        const line = curvature[at];
        if (line !== undefined) for (const [other, times] of row) line[other] = (line[other] ?? 0) + bend * count * times;
      }
    }
    const change = solved(curvature, gradient);
    for (let at = 0; at < size; at += 1) solution[at] = (solution[at] ?? 0) - (change[at] ?? 0);
    if (change.every((one) => Math.abs(one) < smallStep)) break;
  }
  return { bias: solution[0] ?? 0, weights: new Map(names.map((name, index) => [name, solution[index + 1] ?? 0])) };
}

/** Solves a system with a symmetric positive definite matrix, by Cholesky's decomposition; the matrix is overwritten. */
function solved(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const entry = (row: number, column: number): number => matrix[row]?.[column] ?? 0;
  for (let column = 0; column < size; column += 1) {
    for (let row = column; row < size; row += 1) {
      let sum = entry(row, column);
      for (let before = 0; before < column; before += 1) sum -= entry(row, before) * entry(column, before);
      const line = matrix[row];
      if (line !== undefined) line[column] = row === column ? Math.sqrt(sum) : sum / entry(column, column);
    }
  }
  const result = Float64Array.from(right);
  for (let row = 0; row < size; row += 1) {
    for (let before = 0; before < row; before += 1) result[row] = (result[row] ?? 0) - entry(row, before) * (result[before] ?? 0);
    result[row] = (result[row] ?? 0) / entry(row, row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    for (let after = row + 1; after < size; after += 1) result[row] = (result[row] ?? 0) - entry(after, row) * (result[after] ?? 0);
    result[row] = (result[row] ?? 0) / entry(row, row);
  }
  return result;
}
