import type { Evidence } from "../../domain/evidence.ts";
import { wilsonLower } from "../../domain/replaying/wilson.ts";
import { guardBandOf } from "./guard-band.ts";

/** A figure that must follow from others of the document: where it stands, what is there, and what they give. */
export interface DerivedFigure {
  readonly path: readonly (string | number)[];
  readonly given: number | undefined;
  readonly expected: number;
}

const shareOf = (part: number, all: number): number => (all === 0 ? 0 : part / all);

/** The shares in what was measured before drafting, each with what the counts beside it give. */
export function derivedFigures({ calibration, fidelity, plan }: Evidence): readonly DerivedFigure[] {
  const figures: DerivedFigure[] = [];
  const add = (path: DerivedFigure["path"], given: number | undefined, expected: number): void => {
    figures.push({ path, given, expected });
  };
  if (fidelity !== undefined) {
    const { failing, working } = fidelity;
    add(["fidelity", "failsAgain"], fidelity.failsAgain, shareOf(failing.reproduced, failing.replayed));
    add(["fidelity", "failsAgainAtLeast"], fidelity.failsAgainAtLeast, wilsonLower(failing.reproduced, failing.replayed));
    add(["fidelity", "passesAgain"], fidelity.passesAgain, shareOf(working.reproduced, working.replayed));
    add(["fidelity", "chanceCorrected"], fidelity.chanceCorrected, fidelity.failsAgain + fidelity.passesAgain - 1);
  }
  if (calibration !== undefined) {
    const { bad, good } = calibration;
    add(["calibration", "sensitivity"], calibration.sensitivity, shareOf(good.agreed, good.sessions));
    add(["calibration", "specificity"], calibration.specificity, shareOf(bad.agreed, bad.sessions));
    add(["calibration", "youden"], calibration.youden, calibration.sensitivity + calibration.specificity - 1);
  }
  const band = plan.guardBand === undefined ? undefined : guardBandOf(calibration, fidelity);
  if (band !== undefined) {
    add(["plan", "guardBand", "bias"], plan.guardBand?.bias, band.bias);
    add(["plan", "guardBand", "basePassRate"], plan.guardBand?.basePassRate, band.basePassRate);
    add(["plan", "guardBand", "sensitivity"], plan.guardBand?.sensitivity, band.sensitivity);
    add(["plan", "guardBand", "specificity"], plan.guardBand?.specificity, band.specificity);
  }
  return figures;
}
