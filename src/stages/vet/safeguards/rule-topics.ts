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

/** To give, do or open something, perhaps behind a condition. */
const granting =
  /^(?:(?:if|when|once|where|for|after|before|unless|whenever|at|in|as|to|with)\b[^,]{0,200}, )?(?:please |then |always |first |also |instead,? )*(?:install|execute|run|share|unblock|unlock|reset|reveal|disclose|send|forward|grant|refund|pay|credit|delete|cancel|close|allow|permit|answer|give|hand out)\b/i;
/** What says that a rule is met, covered or does not concern a case. */
const loosening =
  /\b(?:the same as|covers?|covered|concerns?|everything|everybody|everyone|whoever|whatever|whichever|wants?|likes?|busy|around|(?:is|are|does|do) not|gets?|receives?|free|exempt|may|could|enough|isn['’]t|aren['’]t|doesn['’]t|don['’]t|is no|are no)\b/i;
const strict = /\b(?:never|do not|don['’]t|must|always|cannot|can['’]t|only|at most|at least|before you|make sure|ensure)\b/i;
/** To say or show something is careful only where no rule forbids to speak of it. */
const disclosing =
  /^(?:(?:if|when|once|where|for|after)\b[^,]{0,200}, )?(?:also |then )?(?:mention|tell|name|say|answer|state|give|describe|show|report|read|repeat|send|share|include|quote|return)\b/i;
/** A sentence given word for word. */
const quoting = /^(?:\w+ ){0,3}(?:say|answer|reply|write)\b[^.:]{0,30}: ?["“'‘]/i;
const forbidding = /\b(?:never|do not|don['’]t|no|not|must not|cannot|can['’]t|without)\b/i;

/** What a prompt's rules are about. */
export interface RuleTopics {
  readonly ruled: ReadonlySet<string>;
  readonly forbidden: ReadonlySet<string>;
}

/** Of a prompt without rules. */
export const noTopics: RuleTopics = { ruled: new Set(), forbidden: new Set() };

/** What the rules of a prompt with these sentences are about. */
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
  if (strict.test(sentence) || quoting.test(sentence)) return false;
  const topics = [...topicsIn(sentence)];
  const told = topics.filter((topic) => forbidden.has(topic)).length;
  if (disclosing.test(sentence) && !forbidding.test(sentence) && told >= Math.min(2, topics.length) && told > 0) return true;
  const main = sentence.replace(/\b(?:if|when|where|because|who|which|that|so)\b[^,.;]*/gi, "");
  return (granting.test(sentence) || loosening.test(main)) && topics.some((topic) => ruled.has(topic));
}

/** Whether a sentence speaks of what some rule of the prompt speaks of. */
export const speaksOfRule = (sentence: string, { ruled }: RuleTopics): boolean => [...topicsIn(sentence)].some((topic) => ruled.has(topic));
