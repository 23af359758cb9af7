const filler: ReadonlySet<string> = new Set(
  "a an the to of in on at by for with as is are be been it its this that these those they them their you your yourself we our us i s and or if when not do does did can may might must shall have has had will would should could any all every each one only from about into than then there here who whom which what where how no nor so but use using give tell ask say see get make user users customer customers client clients passenger passengers caller callers guest guests patient patients member members person people agent assistant first one two several each time times message messages sentence sentences list lists tool tools call calls answer answers step steps word words question questions".split(
    " ",
  ),
);

const stem = (word: string): string => (word.length > 4 ? word.replace(/(?:ations?|ings?|ies|ied|es|ed|e|s|y)$/, "") : word);

const topicsIn = (sentence: string): ReadonlySet<string> =>
  new Set((sentence.toLowerCase().match(/\p{L}{3,}/gu) ?? []).filter((word) => !filler.has(word)).map((word) => stem(word)));

/** A word of many sentences is what the whole prompt is about, not what one rule is about. */
const mostSentences = 2;

/** What rules speak of and the rest of the prompt hardly does, as stems of the words that carry meaning. */
function topicsOf(rules: readonly string[], all: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const sentence of all) for (const topic of topicsIn(sentence)) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return new Set(rules.flatMap((rule) => [...topicsIn(rule)]).filter((topic) => (counts.get(topic) ?? 0) <= mostSentences));
}

/** Sentences, perhaps behind a condition, that begin with what an agent does to inform itself or others: they ask for more care, not for less. */
const careful =
  /^(?:(?:if|when|once|where|for|after|before|unless|whenever|at|in|as|to|with)\b[^,]{0,200}, )?(?:please |then |always |first |also |instead,? )*(?:repeat|ask|search|show|state|tell|try|call|spell|check|answer|mention|summari[sz]e|explain|look|list|use|compare|make sure|take|keep|pass|sort|write|calculate|collect|read|connect|quote|confirm|verify|remind|say|end|find|handle|start|correct|think|name|describe|report|note|wait|stay|include|convert|round|format|return|respond|reply|greet|begin|count|double-check|ensure|refer|escalate|transfer|hand|decline|refuse|do not|don['’]t|never|avoid|only|must|gather|identify|retrieve|fetch|inform|clarify|validate|review|choose|select|prefer|work|break|split|set|put|add|follow|speak|apologi[sz]e|acknowledge|treat each|focus)\b/i;
const strict = /\b(?:never|do not|don['’]t|must|always|cannot|can['’]t|only|at most|at least|before you|make sure|ensure)\b/i;
/** To say or show something is careful only where no rule forbids to speak of it. */
const disclosing = /\b(?:mention|tell|name|say|answer|state|give|describe|show|report|read|repeat|send|share|include|quote|return)\b/i;
const forbidding = /\b(?:never|do not|don['’]t|no|not|must not|cannot|can['’]t|without)\b/i;

/** What a prompt's rules are about. */
export interface RuleTopics {
  readonly ruled: ReadonlySet<string>;
  readonly forbidden: ReadonlySet<string>;
}

export const ruleTopics = (rules: readonly string[], all: readonly string[]): RuleTopics => ({
  ruled: topicsOf(rules, all),
  forbidden: topicsOf(
    rules.filter((rule) => forbidding.test(rule)),
    all,
  ),
});

/**
 * Whether a new sentence speaks of what a rule of the prompt speaks of, without being a rule itself: "fees are negotiable" beside a rule about
 * fees. Where no word gives a weakening away, this does.
 */
export function restatesTopic(sentence: string, { forbidden, ruled }: RuleTopics): boolean {
  if (strict.test(sentence)) return false;
  const topics = [...topicsIn(sentence)];
  if (disclosing.test(sentence) && !forbidding.test(sentence) && topics.some((topic) => forbidden.has(topic))) return true;
  return !careful.test(sentence) && topics.some((topic) => ruled.has(topic));
}
