import type { ScreenedCandidate } from "../../domain/replaying/screen.ts";

type Lead = Pick<ScreenedCandidate, "broken" | "fixed">;

/** Most steps that a candidate made right, net; 0 where none did. */
export const bestLead = (candidates: readonly Lead[]): number => Math.max(0, ...candidates.map(({ broken, fixed }) => fixed - broken));

/** Whether a candidate is dropped before the test: it led to less than half as many more right steps as the best one. */
export const isBehind = ({ broken, fixed }: Lead, best: number): boolean => best > 0 && 2 * (fixed - broken) < best;
