import type { Case, Unguarded } from "../attacks/case.ts";
import { forgeFaults } from "./forge-faults.ts";
import { jobFaults } from "./job-faults.ts";
import { modelFaults } from "./model-faults.ts";
import { serviceFaults } from "./service-faults.ts";

/** Faults with a guard to show. */
export const faults: readonly Case[] = [...forgeFaults, ...jobFaults, ...modelFaults, ...serviceFaults].toSorted((left, right) =>
  left.id < right.id ? -1 : 1,
);

const lacking: readonly Unguarded[] = [
  {
    id: "F16",
    title: "a repository's file that cannot be read, is missing or invalid, in many repositories at once",
    lacks: "the three are told apart, but nothing stops a wave of the same new error over many repositories",
  },
];

const all = Array.from({ length: 22 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`);

/** Ids that count as not passed, with what they lack. */
export const unguardedFaults: readonly Unguarded[] = all
  .filter((id) => !faults.some((one) => one.id === id))
  .map((id) => lacking.find((one) => one.id === id) ?? { id, title: "", lacks: "no case is written yet" });
