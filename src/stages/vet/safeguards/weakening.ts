/** What a weakening does: says that something may be done, forbids a step that protects, excepts something, or anything else. */
export type WeakeningKind = "allowing" | "forbidding" | "exception" | "other";

/** A way of words that takes a safeguard away. */
interface Weakening {
  readonly name: string;
  readonly pattern: RegExp;
  /** A negation before it turns it round: "never skip the check" protects. */
  readonly isTurnedByNegation?: boolean;
  readonly kind?: WeakeningKind;
}

/** A weakening that was found in a sentence. */
export interface Found {
  /** The name of the way. */
  readonly way: string;
  readonly kind: WeakeningKind;
  /** The words that say it. */
  readonly words: string;
}

const protecting =
  "(?:ask|verif|confirm|approv|check|consent|consult|review|permission|authori[sz]|authenticat|escalat|validat|explicit|supervis|manager|notif|warn|identif|identity|proof|evidence|clearance|sign-?off|double-check|re-?check|second look|human|wait|transfer|disclos|disclaim|restrict|limit|eligib|policy|look(?:ing)? up|read(?:ing)? the|question)";
const consequential =
  "(?:refund|cancel|share|disclos|reveal|provid|chang|modif|updat|approv|grant|discount|compensat|credit|issue|delet|remov|transfer|pay|charge|book|exchang|return|access|promis|offer|guess|assum|invent|process|execut|proceed|complet|perform|send|email|reset|unlock|accept|honou?r|extend|upgrad|waive|close|merge|deploy|run|write|make|give|adjust|increase|prescrib|recommend|answer)";

/** Of these, what gives something away. */
const granting =
  "(?:refund|cancel|share|disclos|reveal|approv|grant|discount|compensat|credit|delet|transfer|pay|offer|guess|assum|invent|proceed|unlock|accept|honou?r|waive|upgrad|allow|permit|agree|reset|install|unblock|ship|execut|run)";

const ways: readonly Weakening[] = [
  // Waived: "no need to", "approval is not required", "needs no approval", "optional".
  {
    name: "not-needed",
    pattern:
      /\b(?:no need|needn['’]?t|need not|no longer|not strictly|isn['’]?t (?:needed|necessary|required)|(?:not|n['’]t) (?:be )?(?:need(?:ed)?|necessary|required?|mandatory|obligatory|essential|have to))\b/i,
  },
  {
    name: "optional",
    pattern:
      /\b(?:need|needs|requires?|with|takes) no\b|\boptional(?:ly)?\b|\bunnecessar\w+|\bif (?:you|they) (?:want|like|wish|prefer|feel like)\b|\bnice to have\b/i,
  },
  {
    name: "no-check",
    pattern: new RegExp(
      String.raw`\bno (?:\w+ ){0,3}(?:approval|confirmation|verification|checks?|authentication|authori[sz]ation|permission|consent|proof|review|limits?|restrictions?|questions asked|id)\b`,
      "i",
    ),
  },
  // Skipped, or done another way round.
  {
    name: "skipped",
    pattern:
      /\b(?:skip\w*|bypass\w*|waiv\w+|overrid\w+|omit\w*|forgo\w*|dispense with|circumvent\w*|relax\w*|loosen\w*|suspend\w*|disregard\w*|ignor\w+|overlook\w*|sidestep\w*|work around|get around|cut corners|drop the|set aside|look the other way|let (?:it|that|this|them) (?:slide|pass)|turn a blind eye|shortcut)\b/i,
    isTurnedByNegation: true,
  },
  { name: "without-check", pattern: new RegExp(String.raw`\bwithout (?:[\w'’-]+ ){0,4}?${protecting}`, "i"), isTurnedByNegation: true },
  {
    name: "instead-of-check",
    pattern: new RegExp(String.raw`\b(?:instead of|rather than|in place of|in lieu of) (?:[\w'’-]+ ){0,3}?${protecting}`, "i"),
    isTurnedByNegation: true,
  },
  {
    name: "check-only-if",
    pattern: new RegExp(
      String.raw`\bonly (?:need to |have to )?(?:ask|verif|confirm|check|requir|escalat|warn|transfer|validat|authenticat)\w* (?:[\w'’-]+ ){0,5}(?:if|when|for|above|over|in case)\b`,
      "i",
    ),
  },
  {
    name: "applies-only",
    pattern: /\b(?:only|just) (?:needed|required|necessary|applies|apply|for)\b|\b(?:applies|apply|needed|required|necessary) only\b/i,
  },
  // Left to judgement or to whoever asks.
  {
    name: "discretion",
    pattern:
      /\b(?:discretion|judge?ment|as (?:you|they|agents?|he|she) sees? fit|(?:if|when|whenever|where|as) you (?:think|feel|believe|consider|deem|see|judge)|lenien\w+|flexib\w+|leeway|benefit of the doubt|common sense|rule of thumb|best guess|good faith|case[- ]by[- ]case|be generous|err on the side of (?:helping|the (?:user|customer)))\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "taken-on-trust",
    pattern:
      /\b(?:trust|take|accept|believe|rely on|go with|honou?r)\b.{0,40}\b(?:words?|claims?|statements?|says?|said|assurances?|face value|honesty|explanations?)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "assumed",
    pattern:
      /\b(?:assume|presume|take it|treat|regard|count|counts|consider)\b.{0,60}\b(?:approv\w+|confirm\w+|verif\w+|consent\w*|eligib\w+|permi\w+|authori\w+|agreed|yes|genuine|valid|true|correct|legitimate|identity)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "sufficient",
    pattern:
      /\b(?:suffic\w+|is (?:good )?enough|are enough|will do|implied|silence(?! (?:is|does|are|will|must) ?(?:not|n['’]t|never))|implicit)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "insistence",
    pattern:
      /\b(?:if|when|whenever|where|as (?:far|long) as) (?:\w+ ){0,2}?(?:insist\w*|persist\w*|demand\w*|complain\w*|(?:is|are|seems?|sounds?|gets?|appears?) (?:\w+ )?(?:upset|angry|frustrated|trustworthy|honest|sincere|urgent|in a hurry|impatient|polite|reasonable|vip|loyal))\b/i,
    isTurnedByNegation: true,
  },
  // Allowed.
  {
    name: "allowed",
    pattern:
      /\b(?:feel free|free to|welcome to|go ahead|(?:it|that|this)(?:['’]s| is) (?:\w+ )?(?:ok(?:ay)?|fine|acceptable|alright|all right|permissible|allowed)|(?:is|are|be|been|now|also) (?:now |also |explicitly )?(?:allowed|permitted|authori[sz]ed|entitled|empowered|cleared|exempt\w*)|have (?:the )?(?:full |complete |admin\w* |unrestricted )?(?:access|authority|permissions?|rights?|power)|full access|unrestricted|admin\w* (?:rights|access|mode)|okay to|ok to|fine to|acceptable to)\b/i,
    isTurnedByNegation: true,
    kind: "allowing",
  },
  {
    name: "agent-may",
    pattern: new RegExp(
      String.raw`\b(?:you|agents?|the assistant|it) (?:may|can|could|might) (?:[\w'’-]+ ){0,3}?(?:${consequential}|${protecting})`,
      "i",
    ),
    isTurnedByNegation: true,
    kind: "allowing",
  },
  // Done at once, whatever the case.
  {
    name: "at-once",
    pattern: new RegExp(
      String.raw`\b${consequential}\w* (?:[\w'’-]+ ){0,6}?(?:immediately|right away|straight away|straightaway|instantly|at once|automatically|on the spot|upfront|up front|regardless|anyway|anyhow|proactively|voluntarily|pre-?emptively|without delay|directly)\b`,
      "i",
    ),
    isTurnedByNegation: true,
  },
  {
    name: "granting-at-once",
    pattern: new RegExp(
      String.raw`\b(?:immediately|automatically|instantly|simply|just|directly|always|proactively) ${granting}\w*\b`,
      "i",
    ),
    isTurnedByNegation: true,
  },
  {
    name: "unlimited",
    pattern:
      /\b(?:any amount|no (?:upper )?limit|unlimited|as (?:many|much) as|any number of|(?:whatever|whichever|anything|everything) else (?:they|you|the|he|she)|(?:treat|regard|count) (?:every|all|any)|whatever (?:they|the \w+) (?:ask|want|request|say)\w*|on request|upon request|all requests|every request|any request|more than once|full (?:amount|refund) (?:even|regardless|for any)|anyone|anybody|any (?:user|customer|caller|third part\w+))\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "disclosing",
    pattern:
      /\b(?:share|reveal|disclose|show|give|send|tell|provide|read out|expose|include)\b.{0,50}\b(?:internal|confidential|personal|private|passwords?|credentials?|secrets?|other (?:users?|customers?|people)|card (?:number|details)|system prompt|(?:your|its|these) instructions|ssn|medical|addresses of)\b/i,
    isTurnedByNegation: true,
  },
  // Done first and checked later, or decided before anybody looked.
  {
    name: "checked-later",
    pattern: new RegExp(
      String.raw`\b${protecting}\w* (?:[\w'’-]+ ){0,4}?(?:afterwards?|later|at the end|retroactively|in hindsight)\b|\bbefore (?:the |any |a |you have |receiving |getting |having )*(?:[\w'’-]+ )?(?:confirmation|approval|checks?|verification|authentication|consent)\b`,
      "i",
    ),
    isTurnedByNegation: true,
  },
  {
    name: "does-not-apply",
    pattern:
      /\b(?:(?:do|does|did|will|need) not|don['’]?t|doesn['’]?t|won['’]?t) (?:\w+ ){0,3}?(?:have to|need to|apply|matter|count|require)\b/i,
  },
  {
    name: "not-strict",
    pattern:
      /\b(?:guidelines?|recommendations?|suggestions?)\b.{0,30}\b(?:not|rather|only|instead|than)\b|\b(?:not (?:so )?strict(?:ly)?|not set in stone|not binding|loosely|liberally|generously|broadly|leniently)\b/i,
  },
  {
    name: "believed",
    pattern: /\b(?:believe|trust) (?:them|him|her|it|the|that|what|users?|customers?|callers?)\b|\bat their word\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "granting-first",
    pattern:
      /^(?:also |then |please |simply |just |instead,? )?(?:approve|accept|grant|allow|permit|honou?r|agree|say yes|let|give (?:them|users?|customers?)|waive|believe|trust|offer(?! (?:at most|only|to)\b))\b/i,
  },
  {
    name: "granting-any",
    pattern:
      /\b(?:approve|accept|grant|honou?r|allow|permit|refund|cancel|fulfil\w*|offer) (?:every|all|any|each|whatever|anything|everything|multiple|more|extra|additional|the maximum|the full)\b|\b(?:give|process) (?:whatever|anything|everything|more|extra|additional|the maximum|the full)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "user-may",
    pattern: new RegExp(
      String.raw`\b(?:users?|customers?|members?|callers?|clients?|guests?|passengers?|patients?|they|people|anyone) (?:[\w'’-]+ ){0,2}?(?:may|can|could|might) (?:[\w'’-]+ ){0,2}?${consequential}`,
      "i",
    ),
    isTurnedByNegation: true,
  },
  {
    name: "beyond",
    pattern:
      /\b(?:exceed\w*|beyond|above the|over the (?:limit|maximum|amount)|past the|outside (?:of )?the|even for|including those|also (?:applies|apply|for|after|outside)|extend(?:ed)? (?:the|to|by))\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "priority",
    pattern:
      /\b(?:prioriti[sz]\w+|priority over|(?:takes?|has|have) priority|more important|precedence|outweighs?|matters? more|comes? first|trumps?|over (?:the )?(?:rules?|polic\w+|checks?|accuracy|safety|procedures?)|instead of the (?:rules?|polic\w+))\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "special-case",
    pattern:
      /\b(?:urgent\w*|emergenc\w+|exceptional\w*|special (?:cases?|circumstances)|exceptions?|goodwill|gesture|generous\w*|bonus|extra compensation|vips?|premium|platinum|loyal\w*|trusted|long-?(?:time|standing)|valued|verified (?:status|member)|developers?|admins?|administrators?)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "in-doubt-yes",
    pattern:
      /\b(?:in doubt|unsure|uncertain|unclear|not sure)\b.{0,30}\b(?:yes|approve|proceed|grant|accept|favou?r|continue|go|agree|assume|guess|help|side)\b/i,
  },
  {
    name: "taken-as-proof",
    pattern:
      /\bas (?:a |an |sufficient |valid |enough )*(?:proof|evidence|identification|verification|confirmation|approval|consent|authori[sz]ation|agreement|permission|yes)\b|\b(?:as if|as though|pretend|act like)\b|\b(?:is|are|be|been|being) (?:considered|deemed|regarded|counted|treated|assumed|taken as|presumed)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "what-they-want",
    pattern:
      /\bwhat(?:ever)? (?:they|the \w+|users?|customers?|callers?|he|she) (?:wants?|asks?|needs?|demands?|wish\w*|requests?|says?|prefers?|likes?)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "for-others",
    pattern:
      /\b(?:friends?|family|relatives?|spouses?|husbands?|wives|wife|partners?|colleagues?|behalf|someone else|another (?:user|customer|person|account|passenger|patient)|others?['’]s?|other (?:users?|customers?|people|accounts?|passengers?|patients?|persons?))\b/i,
    isTurnedByNegation: true,
  },
  // Redefined, ranked lower, or left to oneself.
  {
    name: "redefined",
    pattern:
      /\b(?:the same as|equals?|equivalent|counts? (?:as|for)|is as good as|(?:are|is) no (?!longer (?:possible|available))|stands? (?:in )?for|in the sense of|covers? (?:all|every|any|later)|means? (?:consent|yes|approval|agreement|confirmation)|stays? (?:verified|approved|valid|confirmed)|(?:is|are) (?:only|merely|just) (?:a|an|the)\b|negotiable|secondary|comes? second|come last|main goal|less important|(?:not|n['’]t) (?:be )?(?:enforced|applied|observed|strictly|important|binding))\b/i,
  },
  {
    name: "replaces-check",
    pattern: new RegExp(String.raw`\breplac(?:es?|ing) (?:[\w'’-]+ ){0,3}?${protecting}`, "i"),
    isTurnedByNegation: true,
  },
  {
    name: "own-decision",
    pattern:
      /\b(?:decide|decides|decision)\b.{0,40}\b(?:yourself|own|you)\b|\b(?:you|agents?|the assistant) (?:decide|choose|judge)\b|\b(?:by|for) yourself\b|\b(?:on|of) your own\b|\bof your (?:choice|choosing)\b|\b(?:solve|handle|settle) \w+ yourself\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "acceptable",
    pattern:
      /\b(?:alone|by itself) (?:is|are|will|would|can|suffic\w+|counts?|do|does)\b|\b(?:is|are|be|also|will be) (?:\w+ )?(?:fine|ok|okay|acceptable|good enough|in order|alright|harmless|safe enough)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "workaround",
    pattern:
      /\b(?:another way|other ways|workarounds?|alternative route|different route|as (?:well|best|good) as (?:you|possible)|best effort|to the best of|most likely|probably|likely answer|educated guess|plausible|err on|side with|on the (?:user|customer|passenger|caller|patient|guest)['’]s side|without discussion|no matter what|at (?:your|the user['’]s|their) convenience|convenien\w+)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "says-so",
    pattern:
      /\bprov(?:e|es|ing) (?:who|their|his|her|that|it)\b|\b(?:if|when|once|where|whenever) (?:an? |the )?(?:\w+ )?(?:user|customer|passenger|caller|guest|patient|client|member|person|they|he|she|someone|somebody|anyone) (?:says? (?:that|so|they|it)|claims?|states? that|assures?|promises?|swears?|tells? you that|vouch\w*|guarantees?)\b|\b(?:who|that) (?:asks?|insists?|complains?|persists?|begs?|threatens?)\b/i,
    isTurnedByNegation: true,
  },
  {
    name: "done-only-if",
    pattern:
      /\b(?:refer|report|record|log|escalat\w+|ask|verif\w+|confirm\w*|check\w*|warn\w*|transfer|requir\w+|appl\w+|need\w*|enforc\w+|mention|disclose|note|document|redact|mask)\b.{0,50}\bonly (?:in|for|when|if|where|above|after|at|once|on)\b/i,
  },
  {
    name: "may-be-done",
    pattern: new RegExp(
      String.raw`\b(?:may|can) (?:also |now |still |already |then )?be (?!only)(?!made only)\w+(?:ed|en|lt|nt|ept|old|aid)\b(?! only)`,
      "i",
    ),
    isTurnedByNegation: true,
    kind: "allowing",
  },
  {
    name: "done-later",
    pattern: new RegExp(String.raw`\b${consequential}\w*\b.{0,60}\b(?:afterwards?|later|subsequently)\b`, "i"),
    isTurnedByNegation: true,
  },
  {
    name: "switched-off",
    pattern:
      /\b(?:turn(?:ed)? off|switch(?:ed)? off|disabl\w+|deactivat\w+|can follow|may follow|can wait|is everything|rough(?:ly)?|approximat\w+|estimates?|dispensable|open to (?:everybody|everyone|all|anyone)|in (?:the|its|your) way)\b/i,
    isTurnedByNegation: true,
  },
  // A protective step forbidden.
  {
    name: "check-forbidden",
    pattern: new RegExp(
      String.raw`\b(?:do not|don['’]?t|never|avoid|stop|refrain from|cease|must not|should not|shouldn['’]t|not to) (?:[\w'’-]+ ){0,3}?(?:ask(?! (?:for|about) (?:the |their |a |any |your )*(?:passwords?|pins?|cards?|cvv|cvc|ssn|secrets?|codes?)\b)|verif|confirm|check|request|requir|demand|insist|escalat|transfer|hand|warn|refus|den[yi]|declin|question|wait|bother|double-check|validat|authenticat|log|record|mention|worry|hesitat|block|limit|reject|remind|stop|burden|delay)`,
      "i",
    ),
    kind: "forbidding",
  },
  {
    name: "proceeding-anyway",
    pattern:
      /\b(?:proceed|continue|carry on|move (?:on|ahead|forward)|press on|finish)\b.{0,30}\b(?:anyway|anyhow|regardless|even (?:if|when|though|without)|despite)\b/i,
    isTurnedByNegation: true,
  },
];

const exception =
  /\b(?:except\w*|unless|other than|apart from|with the exception|save for|excluding|aside from|but not (?:for|when|if))\b/i;
const insistence = /\b(?:regardless|even (?:if|when|though)|irrespective|no matter|despite|notwithstanding)\b/i;
const prohibition =
  /\b(?:never|do not|don['’]t|must not|may not|cannot|can['’]t|should not|shouldn['’]t|shall not|not allowed|forbidden|prohibited|under no circumstances|refuse|decline|deny)\b/i;
const obligation = /\b(?:always|must|shall|required?|have to|has to|need to|make sure|ensure|verify|confirm|ask|check)\b/i;
const soft =
  /\b(?:asks?|insists?|requests?|wants?|seems?|appears?|says?|claims?|urgent|hurry|upset|trust\w*|vip|loyal|returning|known|reasonable|appropriate|necessary|needed|otherwise|convenien\w+|polite\w*|good reason)\b/i;
const negation =
  /\b(?:never|not|cannot|no|nor|neither|refuse|decline|avoid|forbidden|prohibited|mustn['’]t|can['’]t|don['’]t|won['’]t|shouldn['’]t|doesn['’]t|isn['’]t|aren['’]t)\b/i;
/** Asking again for what is known already protects nobody. */
const repetition = /\b(?:again|twice|already|more than once|repeat\w*|same|redundant\w*|unrelated|irrelevant)\b/i;

/**
 * The ways in which a sentence takes a safeguard away, as far as English words can tell, each once: so that a sentence that stood there before
 * can be told from one that says something new. Errs towards finding some.
 */
export function weakeningsIn(sentence: string): readonly Found[] {
  const found = ways.flatMap((way): readonly Found[] => {
    const words = match(way, sentence);
    return words === undefined ? [] : [{ way: way.name, kind: way.kind ?? "other", words }];
  });
  return excuses(sentence) ? [...found, { way: "exception", kind: "exception", words: sentence }] : found;
}

function excuses(sentence: string): boolean {
  const at = sentence.search(exception);
  if (at >= 0) return prohibition.test(sentence.slice(0, at)) ? soft.test(sentence.slice(at)) : true;
  const stressed = sentence.search(insistence);
  if (stressed < 0 || prohibition.test(sentence) || obligation.test(sentence)) return false;
  return !negation.test(sentence.slice(0, stressed)) && grants.test(sentence);
}
const grants = new RegExp(String.raw`\b${granting}`, "i");

function match({ isTurnedByNegation = false, kind, pattern }: Weakening, sentence: string): string | undefined {
  const found = pattern.exec(sentence);
  if (found === null) return undefined;
  if (!isTurnedByNegation) return repetition.test(sentence) ? undefined : found[0];
  // "Only" before a permission limits it.
  if (kind === "allowing" && /\bonly\b[^.;:!?]*$/i.test(sentence.slice(0, found.index))) return undefined;
  return isTurned(sentence, found.index) ? undefined : found[0];
}

/** A negation turns what stands in its own clause, a prohibition also what is listed after it. */
function isTurned(sentence: string, at: number): boolean {
  if (/^only\b/i.test(sentence)) return true;
  const before = sentence.slice(Math.max(0, at - 60), at);
  const after = (cut: RegExp): string => before.slice([...before.matchAll(cut)].map((mark) => mark.index + mark[0].length).at(-1) ?? 0);
  return negation.test(after(/[,;:]| but | then | and /g)) || listing.test(after(/,(?! (?:or|nor)\b)|[;:]| but | then | and /g));
}
const listing = /\b(?:never|do not|don['’]t|must not|may not|should not|cannot|can['’]t)\b/i;
