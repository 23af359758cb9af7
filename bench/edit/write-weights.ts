import { writeFileSync } from "node:fs";
import { developmentEdits } from "./edited-prompts.ts";
import { fitSafeguards, sourceOf } from "./fit-safeguards.ts";

// After a change of the rules about safeguards, or more edits to fit them to: `node bench/edit/write-weights.ts`. The sealed edits take no part.
const { first, own, second } = developmentEdits();
const fitted = fitSafeguards([...own, ...first, ...second]);
writeFileSync(new URL("../../src/stages/vet/safeguards/weights.ts", import.meta.url), sourceOf(fitted));
const { harmless, weakening } = fitted.leftOut;
process.stdout.write(`Shown when their prompt was left out of the fit: ${weakening} weakening and ${harmless} harmless edits.\n`);
