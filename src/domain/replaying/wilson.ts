/** Half-width factor of a one-sided 95 % bound. */
export const oneSided95 = 1.644854;

/** Lower end of Wilson's interval for `count` of `trials` (Wilson 1927) at `z` standard errors; 0 without trials. */
export function wilsonLower(count: number, trials: number, z: number = oneSided95): number {
  if (trials === 0) return 0;
  const share = count / trials;
  const middle = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return Math.max(0, (middle - spread) / (1 + (z * z) / trials));
}
