import { noUsage, type Usage } from "../../domain/message.ts";
import type { Calibration, JudgedClass } from "../../domain/replaying/calibration.ts";
import { wilsonLower } from "../../domain/replaying/wilson.ts";

/** One recorded session with a known outcome, and what the judge says of it. */
export interface JudgedLabel {
  readonly label: "good" | "bad";
  readonly judged: "passed" | "failed" | "cannot-tell";
}

export const fewestPerClass = 20;
const trustedYouden = 0.5;
const draftYouden = 0.3;
const trustedKappa = 0.6;
const mostCannotTell = 0.15;
/** Beyond so many labels of each kind nobody will go. */
const mostLabels = 300;

/**
 * In: the judge's verdicts on labelled sessions. Out: its error rates with bounds, and whether it may be relied on. Trusted from J ≥ .5 (lower
 * bound) and κ ≥ .6, drafts only from J ≥ .3, refused below, with more than 15 of 100 "cannot tell", or with too few labels of either kind. The
 * remedy counts the labels that would be enough if the judge went on like this, or says that labels would not help.
 */
export function calibrate(labels: readonly JudgedLabel[], usage: Usage = noUsage): Calibration {
  const good = classOf(labels, "good", "passed");
  const bad = classOf(labels, "bad", "failed");
  const sensitivity = share(good.agreed, good.sessions);
  const specificity = share(bad.agreed, bad.sessions);
  const figures = {
    good,
    bad,
    sensitivity,
    specificity,
    youden: sensitivity + specificity - 1,
    youdenAtLeast: youdenAtLeast(good, bad),
    kappa: kappaOf(labels),
    cannotTell: share(good.cannotTell + bad.cannotTell, labels.length),
  };
  return { version: 1, ...figures, ...useOf(figures), usage };
}

const share = (part: number, all: number): number => (all === 0 ? 0 : part / all);

function classOf(labels: readonly JudgedLabel[], label: JudgedLabel["label"], right: JudgedLabel["judged"]): JudgedClass {
  const own = labels.filter((one) => one.label === label);
  const count = (judged: JudgedLabel["judged"]): number => own.filter((one) => one.judged === judged).length;
  return { sessions: own.length, agreed: count(right), cannotTell: count("cannot-tell") };
}

const youdenAtLeast = (good: Pick<JudgedClass, "agreed" | "sessions">, bad: Pick<JudgedClass, "agreed" | "sessions">): number =>
  wilsonLower(good.agreed, good.sessions) + wilsonLower(bad.agreed, bad.sessions) - 1;

/** Cohen 1960. "Cannot tell" agrees with nothing. */
function kappaOf(labels: readonly JudgedLabel[]): number {
  const all = labels.length;
  if (all === 0) return 0;
  const shareOf = (test: (one: JudgedLabel) => boolean): number => labels.filter(test).length / all;
  const observed = shareOf((one) => (one.label === "good" ? one.judged === "passed" : one.judged === "failed"));
  const expected =
    shareOf((one) => one.label === "good") * shareOf((one) => one.judged === "passed") +
    shareOf((one) => one.label === "bad") * shareOf((one) => one.judged === "failed");
  return expected === 1 ? 1 : (observed - expected) / (1 - expected);
}

type Figures = Omit<Calibration, "version" | "use" | "why" | "remedy" | "usage">;

function useOf(figures: Figures): Pick<Calibration, "use" | "why" | "remedy"> {
  const { bad, good } = figures;
  const said = `it agrees with ${good.agreed} of ${good.sessions} labels of good sessions and ${bad.agreed} of ${bad.sessions} of bad ones`;
  if (good.sessions < fewestPerClass || bad.sessions < fewestPerClass)
    return { use: "refused", why: `there are too few labelled sessions to know how good it is: ${said}`, remedy: lacking(good, bad) };
  if (figures.cannotTell > mostCannotTell) {
    const why = `it cannot tell in ${good.cannotTell + bad.cannotTell} of ${good.sessions + bad.sessions} sessions`;
    return {
      use: "refused",
      why,
      remedy: "Let a rule or an evaluator see what the conversation does not show, or name a stronger model under `models.judge`.",
    };
  }
  const bound = `J is at least ${figures.youdenAtLeast.toFixed(2)}, κ is ${figures.kappa.toFixed(2)}`;
  if (figures.youdenAtLeast >= trustedYouden && figures.kappa >= trustedKappa)
    return { use: "trusted", why: `${said}: ${bound}`, remedy: "" };
  const use = figures.youdenAtLeast >= draftYouden ? "draft-only" : "refused";
  return { use, why: `${said}: ${bound}, where .50 and .60 are needed`, remedy: moreLabels(figures) };
}

function lacking(good: JudgedClass, bad: JudgedClass): string {
  const wanted = [
    ...(good.sessions < fewestPerClass ? [`${fewestPerClass - good.sessions} more of good sessions`] : []),
    ...(bad.sessions < fewestPerClass ? [`${fewestPerClass - bad.sessions} more of bad ones`] : []),
  ];
  return `Add labels (feedback or evaluations in the traces): ${wanted.join(" and ")}, from people or programs, not from a model. Rules or an evaluator need none.`;
}

/** How many labels of each kind would lift the lower bound, if the judge were right as often as so far. */
function moreLabels(figures: Figures): string {
  const worse = figures.sensitivity < figures.specificity ? "good sessions that it fails" : "bad sessions that it passes";
  for (let count = Math.max(figures.good.sessions, figures.bad.sessions); count <= mostLabels; count += 5) {
    const at = (rate: number) => ({ sessions: count, agreed: Math.floor(rate * count) });
    if (figures.kappa >= trustedKappa && youdenAtLeast(at(figures.sensitivity), at(figures.specificity)) >= trustedYouden)
      return `If it goes on like this, ${count} labels of good and ${count} of bad sessions are enough; first look at the ${worse}.`;
  }
  return `More labels would not help: it is wrong too often. Look at the ${worse}; a rule, an evaluator or a stronger model under \`models.judge\` does help.`;
}
