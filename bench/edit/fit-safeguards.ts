import { mostOfOneSignal } from "../../src/stages/vet/safeguards/suspicion.ts";
import { sentencesOf } from "../../src/domain/text/sentences.ts";
import { isCheckMovedBack } from "../../src/stages/vet/safeguards/passages.ts";
import { judgements, safeguardRemarks } from "../../src/stages/vet/safeguards.ts";
import { type Example, fitLogistic, logOdds, type Model } from "./logistic.ts";
import { edited, type EditedPrompt } from "./edited-prompts.ts";

/** What decides which passages are shown to a person. */
export interface Fitted extends Model {
  readonly threshold: number;
  /** Findings that are enough by themselves. */
  readonly telling: ReadonlySet<string>;
  /** How many edits are shown when those to their prompt were left out of the fit: "943 of 972". */
  readonly leftOut: { readonly weakening: string; readonly harmless: string };
}

/** An edit as the fit sees it: the passages in which a rule found something. */
interface Case {
  /** Edits of one prompt are left out together. */
  readonly group: number;
  readonly isWeakening: boolean;
  /** Whether it is shown whatever its passages weigh. */
  readonly isCertain: boolean;
  readonly passages: readonly ReadonlyMap<string, number>[];
}

const penalty = 10;
/** A signal of fewer edits says nothing of others. */
const fewestEdits = 4;
const rounds = 5;
/** A finding is telling when so many of the edits that it was found in weaken something, by Laplace's rule of succession. */
const tellingShare = 0.8;
/** Of the weakening edits, what is to be shown when the edits of their prompt were left out of the fit: a little more than the bar. */
const wantedRecall = 0.97;

/** Which passage of a weakening edit weakens is not known: in turns the weightiest is taken for it and the weights are fitted anew (MI-SVM's way, Andrews et al. 2003). */
function fit(cases: readonly Case[]): Model {
  const edits = new Map<string, number>();
  for (const { passages } of cases)
    for (const name of new Set(passages.flatMap((passage) => [...passage.keys()]))) edits.set(name, (edits.get(name) ?? 0) + 1);
  const names = [...edits].flatMap(([name, count]) => (count >= fewestEdits ? [name] : [])).toSorted();
  const harmless = cases.filter(({ isWeakening }) => !isWeakening).flatMap(({ passages }) => passages);
  const weakening = cases.filter(({ isWeakening, passages }) => isWeakening && passages.length > 0);
  const balance = weakening.length / Math.max(1, harmless.length);
  const rest = harmless.map((features): Example => ({ features, isPositive: false, weight: balance }));
  const every = weakening.flatMap(({ passages }) =>
    passages.map((features): Example => ({ features, isPositive: true, weight: 1 / passages.length })),
  );
  let model = fitLogistic([...every, ...rest], names, penalty);
  for (let round = 1; round < rounds; round += 1) {
    const weightiest = weakening.map(({ passages }): Example => {
      const [features = new Map<string, number>()] = passages.toSorted((one, other) => logOdds(model, other) - logOdds(model, one));
      return { features, isPositive: true, weight: 1 };
    });
    model = fitLogistic([...weightiest, ...rest], names, penalty);
  }
  return model;
}

/** Names of findings, as the judgement notes them. */
const finding = /^(?:says|loss): /;

function tellingOf(cases: readonly Case[]): ReadonlySet<string> {
  const counts = new Map<string, { readonly weakening: number; readonly harmless: number }>();
  for (const { isWeakening, passages } of cases)
    for (const name of new Set(passages.flatMap((passage) => [...passage.keys()].filter((one) => finding.test(one))))) {
      const { harmless, weakening } = counts.get(name) ?? { weakening: 0, harmless: 0 };
      counts.set(name, isWeakening ? { weakening: weakening + 1, harmless } : { weakening, harmless: harmless + 1 });
    }
  return new Set(
    [...counts].flatMap(([name, { harmless, weakening }]) => ((weakening + 1) / (weakening + harmless + 2) >= tellingShare ? [name] : [])),
  );
}

const suspicion = (
  { model, telling }: { readonly model: Model; readonly telling: ReadonlySet<string> },
  { isCertain, passages }: Case,
): number =>
  isCertain || passages.some((passage) => [...passage.keys()].some((name) => telling.has(name)))
    ? Number.POSITIVE_INFINITY
    : passages.reduce((most, passage) => Math.max(most, logOdds(model, passage)), Number.NEGATIVE_INFINITY);

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Fits what the rules' findings weigh, and the threshold, to edits. The same edits give the same. */
export function fitSafeguards(prompts: readonly EditedPrompt[]): Fitted {
  const cases = prompts.flatMap((one, group) => casesOf(one, group));
  const leftOut = cases.map(() => 0);
  for (const group of prompts.keys()) {
    const others = cases.filter((one) => one.group !== group);
    const fitted = { model: fit(others), telling: tellingOf(others) };
    for (const [index, one] of cases.entries()) if (one.group === group) leftOut[index] = suspicion(fitted, one);
  }
  const ofWeakening = leftOut.filter((_, index) => cases[index]?.isWeakening === true).toSorted((one, other) => one - other);
  const threshold = ofWeakening[Math.floor((1 - wantedRecall) * ofWeakening.length)] ?? 0;
  const model = fit(cases);
  const shown = (isWeakening: boolean): string => {
    const of = leftOut.filter((_, index) => cases[index]?.isWeakening === isWeakening);
    return `${of.filter((one) => one >= threshold).length} of ${of.length}`;
  };
  return {
    leftOut: { weakening: shown(true), harmless: shown(false) },
    telling: tellingOf(cases),
    bias: rounded(model.bias),
    // Rounded down, so that nothing that was to be shown falls below by rounding.
    threshold: Math.floor(threshold * 100) / 100,
    weights: new Map([...model.weights].map(([name, weight]) => [name, rounded(weight)] as const).filter(([, weight]) => weight !== 0)),
  };
}

function casesOf({ harmless, prompt, weakening }: EditedPrompt, group: number): readonly Case[] {
  const caseOf = (after: string, isWeakening: boolean): Case => {
    const judged = judgements({ before: prompt, after });
    const found = judged.filter(({ changed, softened }) => changed !== undefined || softened !== undefined);
    const rules = safeguardRemarks({ path: "", before: prompt, after });
    return {
      group,
      isWeakening,
      isCertain:
        judged.some(({ isCertain }) => isCertain) ||
        rules.some(({ rule }) => rule === "number-changed" || rule === "language") ||
        isCheckMovedBack(sentencesOf(prompt), sentencesOf(after)),
      passages: found.map(({ signals }) => new Map([...signals].map(([name, count]) => [name, Math.min(count, mostOfOneSignal)] as const))),
    };
  };
  return [...weakening.map((edit) => caseOf(edited(prompt, edit), true)), ...harmless.map((edit) => caseOf(edited(prompt, edit), false))];
}

/** The source of the product's weights. */
export function sourceOf({ bias, telling, threshold, weights }: Fitted): string {
  const keyOf = (name: string): string => (/^\w+$/.test(name) ? name : JSON.stringify(name));
  const lines = [...weights].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, weight]) => `  ${keyOf(name)}: ${weight},`);
  return [
    "// Written by bench/edit/write-weights.ts from test/fixtures/edits; a test checks that they are what it gives.",
    "",
    "/** The logarithm of the odds of a passage without any signal. */",
    `export const bias = ${bias};`,
    "",
    "/** From here on a passage is shown to a person: of weakening edits to prompts that were left out of the fit, 97 in 100 reach it. */",
    `export const threshold = ${threshold};`,
    "",
    "/** What one occurrence of each signal adds. */",
    "export const weights: Readonly<Record<string, number>> = {",
    ...lines,
    "};",
    "",
    "/** Findings that are enough by themselves: nearly all edits that they were found in weaken something. */",
    "export const telling: ReadonlySet<string> = new Set([",
    ...[...telling].toSorted().map((name) => `  ${JSON.stringify(name)},`),
    "]);",
    "",
  ].join("\n");
}
