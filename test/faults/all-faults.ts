import type { Case, Unguarded } from "../attacks/case.ts";
import { configurationFaults } from "./configuration-faults.ts";
import { forgeFaults } from "./forge-faults.ts";
import { jobFaults } from "./job-faults.ts";
import { modelFaults } from "./model-faults.ts";
import { serviceFaults } from "./service-faults.ts";

/** Faults with a guard to show. */
export const faults: readonly Case[] = [...configurationFaults, ...forgeFaults, ...jobFaults, ...modelFaults, ...serviceFaults].toSorted(
  (left, right) => (left.id < right.id ? -1 : 1),
);

const all = Array.from({ length: 22 }, (_, index) => `F${String(index + 1).padStart(2, "0")}`);

/** Ids that count as not passed, with what they lack. */
export const unguardedFaults: readonly Unguarded[] = all
  .filter((id) => !faults.some((one) => one.id === id))
  .map((id) => ({ id, title: "", lacks: "no case is written yet" }));
