import { faults as faultCases, unguardedFaults } from "../test/faults/all-faults.ts";
import { judgeAll } from "./attacks.ts";
import type { Bench } from "./report.ts";

/** The 22 faults, each with its guard in place and left out. */
export const faults: Bench = {
  name: "faults",
  description: "22 faults of GitHub, the network, the disk and people, each with its guard in place and left out",
  run: (options) => judgeAll(faultCases, unguardedFaults, options),
};
