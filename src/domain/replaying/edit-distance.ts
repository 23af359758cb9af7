/** How many items must be put in, left out or changed to make one sequence of the other (Levenshtein 1966); `same` says which items are equal. */
export function editDistance<T>(left: readonly T[], right: readonly T[], same: (one: T, other: T) => boolean = Object.is): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, one] of left.entries()) {
    const current = [row + 1];
    for (const [column, other] of right.entries()) {
      const replaced = (previous[column] ?? 0) + (same(one, other) ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
