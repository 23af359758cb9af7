import type { Edit, Refusal } from "../../domain/edit.ts";
import { withoutEscapes } from "../../domain/text/string-form.ts";

interface TextRule {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly message: string;
  readonly remedy: string;
}

/** Looked for in the text as it is written. */
const writtenRules: readonly TextRule[] = [
  {
    rule: "invisible-text",
    pattern: /[\p{Cf}\p{Default_Ignorable_Code_Point}\u115F\u1160\u2800\u3164\uFFA0]/gu,
    message: "it adds invisible or direction-changing characters",
    remedy: "Use plain visible text.",
  },
  {
    rule: "control-text",
    pattern: /(?![\n\r\t])\p{Cc}|[\u2028\u2029\uFFFD]|\p{Cs}/gu,
    message: "it adds control characters",
    remedy: "Use plain visible text.",
  },
  {
    rule: "markup",
    pattern: /<!--|-->|<!\[CDATA\[|<!doctype|<\?\w/giu,
    message: "it adds an HTML comment or declaration",
    remedy: "Use plain text.",
  },
];

const topDomains =
  "com|org|net|io|ai|app|dev|co|cloud|info|biz|xyz|site|online|eu|de|fr|uk|ru|cn|jp|br|gg|ly|link|click|shop|onion|zip|COM|NET|ORG|IO|AI";

/** Looked for with full-width forms and character references undone, so that disguises gain nothing. */
const readRules: readonly TextRule[] = [
  {
    rule: "new-link",
    pattern: /\b(?:https?|ftps?|wss?|file|data|javascript|vbscript|mailto|tel|ssh|git):[^\s)>\]"']+|\bwww\.[\w-]+/giu,
    message: "it adds a link",
    remedy: "Rules need no links.",
  },
  {
    rule: "new-link",
    // No flag for case: "policy.In" is a slip of the keyboard, not a host.
    pattern: new RegExp(
      String.raw`(?<![\p{L}\p{N}._@/-])(?:[\p{L}\p{N}-]{1,63}\.){1,6}(?:${topDomains})\b(?![.\w(])|\b\d{1,3}(?:\.\d{1,3}){3}\b`,
      "gu",
    ),
    message: "it adds a host or an address of the network",
    remedy: "Rules need no links.",
  },
  {
    rule: "new-address",
    pattern: /[\p{L}\p{N}_.+-]{1,64}@[\p{L}\p{N}-]{1,63}\.[\p{L}\p{N}.-]{1,63}/giu,
    message: "it adds an e-mail address",
    remedy: "Write a general rule.",
  },
  {
    rule: "markup",
    pattern:
      /<\/?(?:script|iframe|img|style|object|embed|svg|form|input|link|meta|base|video|audio|picture|source|details|summary|button|a)(?=[\s/>])[^>]{0,2000}>?|!\[[^\]\n]{0,400}\]\s?[([]|\]\(|^\s{0,3}\[[^\]\n]{1,200}\]:\s*\S|\[\^[^\]\n]{1,40}\]/gimu,
    message: "it adds HTML, an image, a link or a footnote",
    remedy: "Use plain text.",
  },
  {
    rule: "mention",
    pattern: /(?<![\p{L}\p{N}_/.])@[\p{L}\p{N}][\p{L}\p{N}_-]{0,38}(?:\/[\w-]+)?/gu,
    message: "it adds a mention",
    remedy: "Do not address people or bots.",
  },
  {
    rule: "reference",
    pattern: /(?<![&\p{L}\p{N}_])#\d+\b|\bGH-\d+\b|\b[\w.-]+\/[\w.-]+#\d+\b/gu,
    message: "it adds a reference to an issue",
    remedy: "Write a general rule.",
  },
  {
    rule: "bot-command",
    pattern:
      /^[ \t>*-]*\/[a-z][a-z-]{1,30}(?=\s|$)|\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|\b(?:skip-checks|co-authored-by|signed-off-by):/gimu,
    message: "it adds a command that bots obey",
    remedy: "Write rules for the agent only.",
  },
  {
    rule: "prompt-override",
    pattern:
      /\b(?:ignore|disregard|forget|override|drop)\s+(?:(?:all|any|every|each|of|the|your|my|these|those|its)\s+){0,4}(?:previous|prior|above|earlier|other|preceding|existing|system|safety)\s+(?:\w+\s+){0,2}(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|messages?|constraints?)\b|\b(?:reveal|print|repeat|output|disclose)\s+(?:your|the|this)\s+(?:whole\s+|full\s+|entire\s+)?(?:system\s+)?(?:prompt|instructions)\b/giu,
    message: "it tells the agent to drop or to reveal its instructions",
    remedy: "Change the rule itself.",
  },
  {
    rule: "encoded-text",
    pattern:
      /(?<![\p{L}\p{N}+/=_-])(?=[A-Za-z0-9+/=_-]*\d)(?=[A-Za-z0-9+/=_-]*[A-Za-z])(?![a-z]+(?:[_-][a-z0-9]+)+(?![A-Za-z0-9+/=_-]))[A-Za-z0-9+/_-]{24,}={0,2}/gu,
    message: "it adds text that no person can read",
    remedy: "Write words.",
  },
];

const namedReferences: Readonly<Record<string, string>> = {
  commat: "@",
  num: "#",
  lt: "<",
  gt: ">",
  amp: "&",
  colon: ":",
  sol: "/",
  period: ".",
  nbsp: " ",
  lsqb: "[",
  rsqb: "]",
  lpar: "(",
  rpar: ")",
  excl: "!",
};
const characterReference = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));/g;

/** Text as a page or a reader would show it: character references (also doubly written ones) and full-width forms undone. */
function asRead(text: string): string {
  let read = text;
  for (let round = 0; round < 3; round += 1) {
    read = read.replace(characterReference, (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return namedReferences[name.toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  }
  return read.normalize("NFKC");
}

function counts(text: string, pattern: RegExp): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [match] of text.matchAll(pattern)) found.set(match, (found.get(match) ?? 0) + 1);
  return found;
}

function isAdded(before: string, after: string, pattern: RegExp): boolean {
  const old = counts(before, pattern);
  return [...counts(after, pattern)].some(([match, count]) => count > (old.get(match) ?? 0));
}

/** Every rule that the text added by an edit breaks, as it is written and as it is read. An edit may keep what stood there before. */
export function addedTextRefusals(edit: Edit): readonly Refusal[] {
  const plain = { before: withoutEscapes(edit.path, edit.before), after: withoutEscapes(edit.path, edit.after) };
  const [before, after] = [asRead(plain.before), asRead(plain.after)];
  const broken = [
    ...writtenRules.filter(
      ({ pattern }) =>
        isAdded(edit.before, edit.after, pattern) || isAdded(plain.before, plain.after, pattern) || isAdded(before, after, pattern),
    ),
    ...readRules.filter(({ pattern }) => isAdded(before, after, pattern)),
  ];
  const refusals = new Map(broken.map(({ message, remedy, rule }) => [rule, { rule, path: edit.path, message, remedy }]));
  return [...refusals.values(), ...mixedScripts(edit.path, before, after)];
}

const scripts: readonly RegExp[] = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
];

/** Words that mix letters of scripts that look alike: a host or a name that is not what it seems. */
function mixedScripts(path: string, before: string, after: string): readonly Refusal[] {
  const old = new Set(before.match(/[\p{L}\p{N}_]+/gu));
  const isMixed = (word: string): boolean => scripts.filter((script) => script.test(word)).length > 1;
  if (!(after.match(/[\p{L}\p{N}_]+/gu) ?? []).some((word) => !old.has(word) && isMixed(word))) return [];
  const message = "it adds a word with letters of two scripts that look alike";
  return [{ rule: "mixed-script", path, message, remedy: "Use one script in a word." }];
}
