/** What a word does in a rule. */
export type Role = "not" | "modal" | "limit" | "condition" | "universal" | "joint" | "hedge" | "number" | "content" | "filler" | "boundary";

/** Words that stand together and do one thing in a rule. */
export interface Phrase {
  /** Source of a regular expression over lower-case text; it stands for whole words. */
  readonly words: string;
  readonly role: Role;
  readonly key: string;
  readonly strength?: number;
}

/** "One" where it counts nothing. */
export const pronoun = String.raw`(?:which|this|that|each|no|every|either|last|same|right|next|other) one|one(?= (?:of|who|that|which|is|was|has|can|may|must|should|will|it|it's|you|to|and|or|at|in|on|as|for|from|with|after|before|by|first|another)\b|[.,;:!?)]|$)`;

/** Fixed phrases and operators; of two that begin alike the one that says more comes first. */
export const phrases: readonly Phrase[] = [
  { words: String.raw`no exceptions?|without (?:any )?exceptions?`, role: "limit", key: "no-exception" },
  { words: String.raw`not even`, role: "filler", key: "" },
  { words: String.raw`at most|no more than|not more than|maxi?mum(?: of)?|max\.?|up to`, role: "limit", key: "at-most" },
  { words: String.raw`immediately|at once|right away|straight away|without delay|promptly|instantly`, role: "content", key: "immediately" },
  { words: String.raw`after that|from then on`, role: "filler", key: "" },
  { words: String.raw`(?:do|does|did)(?: not|n't) ever`, role: "not", key: "not", strength: 3 },
  {
    words: String.raw`(?:(?:must|may|can|will|shall|should|do|are to|is to) )?never|under no circumstances|in no case`,
    role: "not",
    key: "not",
    strength: 3,
  },
  {
    words: String.raw`try not to|avoid(?:s|ing)?|refrain(?:s|ing)? from|(?:is|are) (?:not|n't) (?:encouraged|recommended|advised) to`,
    role: "not",
    key: "not",
    strength: 0,
  },
  {
    words: String.raw`(?:is|are|am|be) (?:not|never) (?:allowed|permitted|authori[sz]ed|able|to be allowed|supposed) to|(?:is|are)n't (?:allowed|permitted|able) to`,
    role: "not",
    key: "not",
    strength: 2,
  },
  { words: String.raw`(?:should|ought)(?: not(?: to)?|n't)`, role: "not", key: "not", strength: 1 },
  {
    words: String.raw`(?:must|may|shall|can|could|will|would|do|does|did|need|is|are|was|were|has|have|had)(?: not|n't)|cannot|can't|won't|shan't`,
    role: "not",
    key: "not",
    strength: 2,
  },
  { words: String.raw`not|neither|no(?! ?\d)|none|nobody|nothing(?: else)?`, role: "not", key: "not", strength: 2 },
  {
    words: pronoun,
    role: "filler",
    key: "",
  },
  { words: String.raw`(?:rule|section|step|point|paragraph|chapter) \d+`, role: "filler", key: "" },
  { words: String.raw`at the same time|simultaneously`, role: "content", key: "together" },
  { words: String.raw`(?:more|less|fewer|longer|older|greater|higher) than|above|beyond|exceeding`, role: "limit", key: "than" },
  { words: String.raw`at least|no fewer than|no less than|minimum(?: of)?|min\.`, role: "limit", key: "at-least" },
  { words: String.raw`if,? and only if,?`, role: "limit", key: "only" },
  { words: String.raw`only|solely|exclusively`, role: "limit", key: "only" },
  { words: String.raw`even (?:if|when|though)|regardless(?: of)?|no matter|irrespective of|whatever`, role: "condition", key: "even-if" },
  { words: String.raw`before|prior to|ahead of`, role: "condition", key: "before" },
  { words: String.raw`after|as soon as|once`, role: "condition", key: "after" },
  { words: String.raw`until|till`, role: "condition", key: "until" },
  { words: String.raw`unless`, role: "condition", key: "unless" },
  {
    words: String.raw`except(?:ing| for| that| where| when| if)?|apart from|other than|aside from|save for|excluding`,
    role: "condition",
    key: "except",
  },
  { words: String.raw`without`, role: "condition", key: "without" },
  { words: String.raw`if|when(?:ever)?|where(?:ver)?|in case|provided(?= that| the| you)|as long as|while`, role: "condition", key: "if" },
  { words: String.raw`all|every|each|any(?:one|body|thing|where)?|whole|entire|everything|everyone|per`, role: "universal", key: "all" },
  { words: String.raw`always`, role: "universal", key: "always" },
  {
    words: String.raw`must|ha(?:s|ve) to|(?:is |are )?(?:needed|necessary|required)|needs?(?: to)?|requires?|make sure(?: that)?|makes sure|be sure to|ensures?(?: that)?|see to it that|remember to|(?:is|are) (?:required|obliged) to|shall`,
    role: "modal",
    key: "modal",
    strength: 2,
  },
  {
    words: String.raw`should|ought to|(?:is|are) (?:expected|encouraged|advised|supposed) to|would`,
    role: "modal",
    key: "modal",
    strength: 1,
  },
  {
    words: String.raw`can|may|could|might|(?:is|are|be) (?:(?:allowed|permitted)(?: to)?|(?:able|free|authori[sz]ed|entitled) to)|feel free to`,
    role: "modal",
    key: "modal",
    strength: 0,
  },
  {
    words: String.raw`normal(?:ly)?|usual(?:ly)?|typical(?:ly)?|general(?:ly)?|main(?:ly)?|most(?:ly)?(?! \d)|ideal(?:ly)?|prefer(?:ably|red|ring)?|often|sometimes|rarely|sparing(?:ly)?|try to|tries to|consider|where (?:possible|practical|it's practical)|if possible|by default|rather|roughly|about(?= \d)|around|approximately|nearly|almost|in most cases|as a rule|in general|in principle|for the most part|as far as possible|where appropriate|(?:if|as|when|where) (?:needed|necessary)|much|significantly|considerably|clearly|obviously|seriously|substantially|extremely|probably|likely|optional(?:ly)?`,
    role: "hedge",
    key: "hedge",
  },
  { words: String.raw`and|(?:together |along )?with|as well as|plus|\+|&`, role: "joint", key: "and" },
  { words: String.raw`or|nor|/`, role: "joint", key: "or" },
  {
    words: String.raw`e\.g\.,?|i\.e\.,?|for example|for instance|such as|including|and so on|etc\.?|in particular|a bit|either|ever`,
    role: "filler",
    key: "",
  },
  { words: String.raw`so that you (?:can|may|could)|in order to`, role: "filler", key: "" },
];

/** Numbers in words. */
export const numbers: Readonly<Record<string, string>> = {
  one: "1",
  single: "1",
  two: "2",
  three: "3",
  four: "4",
  five: "5",
  six: "6",
  seven: "7",
  eight: "8",
  nine: "9",
  ten: "10",
  twice: "2",
};

/** Words that carry no meaning of their own. */
export const filler: ReadonlySet<string> = new Set(
  `a an the to of in on at by for as is are be been being am was were it its it's this that these those they them their theirs he she his her him you your yours we our us i me my
   s then there here so also just too both will do does did has have had having from into onto over under out up down off
   please simply really actually currently certainly especially particularly quite otherwise such some any more anymore still already now again own else which who whom whose what how than very quite
   following follows about you're it's they're we're i'm that's there's who's let's`.split(/\s+/),
);

/** How something is said, not what is done. */
export const manner =
  /^(?:polite|friendly|kind|warm|calm|gentle|brief|short|concise|cheerful|courteous)(?:ly|ness)?$|^gently$|^(?:furthermore|moreover|additionally|therefore|hence|thus|however|generally speaking)$/;

/** Words that say the same in instructions to an agent, the first of each line being the key. */
export const synonyms: readonly string[] = [
  "make made do done take taken perform carry execute",
  "change modify update edit alter adjust",
  "tell told inform notify say state name let reveal disclose",
  "give given gave provide supply hand",
  "check verify validate verification validation",
  "confirm confirmation",
  "approve approval",
  "user customer caller client",
  "allow permit",
  "refuse deny decline reject refusal denial",
  "begin begun start",
  "end finish complete",
  "use used using uses employ",
  "know known knowledge",
  "help assist assistance",
  "person human",
  "list enumerate",
  "get gets got obtain receive collect gather fetch retrieve",
  "fix mend repair correct",
  "hold held keep kept",
  "answer reply respond response",
  "ask request",
  "choose chosen select pick",
  "remove delete",
  "continue proceed",
  "want wish",
  "problem issue",
  "show shown display",
  "find found search",
  "email e-mail mail",
  "phone telephone",
  "id identifier",
  "current present",
  "further additional extra",
  "buy purchase",
  "explain describe description explanation",
  "mistake error",
  "try attempt",
  "talk speak spoken discuss discussion",
  "large big",
  "fast quick",
  "exact precise",
  "specific particular",
  "mean signify",
  "booking reservation book reserve",
  "contact reach",
  "existing exist",
  "happen occur arise",
  "fail failure",
  "amount sum",
  "price cost",
  "send sent transmit submit",
  "instruction direction",
  "document documentation",
  "stop halt",
  "close shut",
  "case situation circumstance",
  "belong own",
  "include contain",
  "agree agreement",
  "decide decision",
  "cancel cancellation",
  "read reading",
  "pay paid",
  "go gone",
  "come came",
  "see seen view",
  "record write written note log",
  "invent make-up fabricate",
  "forbidden prohibited",
  "different differ",
  "item article",
  "step stage",
  "reason cause",
  "task job",
  "next following",
  "text content",
  "valid validity",
];
