import { wordsOf } from "./word-runs.ts";

/** Words that stand in any conversation and in any instruction: they tie nothing to anything. */
const generic: ReadonlySet<string> = new Set(
  `a an the this that these those it its they them their he she his her you your we our i me my one ones some any each every all both other another
   and or but if when whenever unless where while once in on at of to for from with without by as into about over under up out off then than so not no nor
   is are was were be been being am do does did done has have had having can could will would shall should may might must
   user customer caller person people someone anyone somebody agent assistant conversation session message request
   ask say tell mention want need give provide make get use try call answer reply respond show see know take go come keep put let
   tool result case thing step way kind sort example please also only just always never again first last next still more most less least there here what which who whom how why
   yes okay ok before after during until`
    .split(/\s+/)
    .map((word) => stemOf(word)),
);

/** The beginning of a word, without the endings of English: good enough to see that two texts speak of the same thing. */
export function stemOf(word: string): string {
  const short = word.replace(/(?:ings?|edly|ed|ies|es|s|ly|ation|ations|ment|ments|er|ers)$/, "");
  return short.length >= 3 ? short.slice(0, 7) : word;
}

/** The stems of a text's words that say what it is about, each once. */
export const tellingWords = (text: string): readonly string[] => {
  const stems = wordsOf(text.replace(/[_-]/g, " "))
    .filter((word) => word.length >= 3)
    .map((word) => stemOf(word));
  return [...new Set(stems)].filter((stem) => !generic.has(stem));
};
