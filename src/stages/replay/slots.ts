/** What an agent can ask a user for, by the words it uses. `confirm` is a yes or no. */
const slotWords: readonly (readonly [slot: string, words: RegExp])[] = [
  ["order", /\b(?:order|reservation|booking|ticket|case|confirmation) (?:id|number|code)|\bwhich (?:order|reservation|booking)\b/i],
  ["account", /\b(?:user|customer|account|member) (?:id|number|name)\b|\busername\b/i],
  ["email", /\be-?mail\b/i],
  ["zip", /\b(?:zip|postal) ?code\b|\bzip\b/i],
  ["name", /\b(?:first|last|full|your) name\b/i],
  ["phone", /\bphone\b/i],
  ["address", /\baddress\b(?! ?book)/i],
  ["date", /\b(?:what|which|when|dates?|day)\b[^?]{0,40}\b(?:date|day|time|when)\b|\bwhen\b|\bdates?\b/i],
  ["payment", /\bpayment (?:method|option)|\b(?:credit|gift) card\b|\bhow would you like to pay\b/i],
  ["reason", /\breason\b|\bwhy\b/i],
  ["item", /\bwhich (?:item|product|one|option|model|size|colou?r)\b/i],
  ["quantity", /\bhow many\b/i],
  [
    "confirm",
    /\b(?:shall i|should i|would you like me|do you want me|can you confirm|please confirm|do you confirm|is (?:this|that) (?:correct|ok|okay|right|fine)|proceed|go ahead|\byes or no\b|\(yes\/no\))/i,
  ],
];

/** Longest text that is looked at; questions stand at the end. */
const longest = 4000;

/** What a message asks its reader for: in questions and in sentences that ask to give something. */
export function requestedSlots(text: string): ReadonlySet<string> {
  const sentences = text.slice(-longest).split(/(?<=[.!?:\n])\s*/);
  const asking = sentences.filter((one) => one.includes("?") || /\b(?:please|provide|share|need|confirm|tell me|let me know)\b/i.test(one));
  return new Set(slotWords.filter(([, words]) => asking.some((one) => words.test(one))).map(([slot]) => slot));
}

const yesOrNo = /^\W{0,3}(?:yes|yeah|yep|no|nope|sure|ok|okay|please do|go ahead|correct|that'?s right|confirmed?)\b/i;

/** What a user's words give by themselves. */
export function givenSlots(text: string): ReadonlySet<string> {
  const given = new Set<string>();
  if (yesOrNo.test(text)) given.add("confirm");
  if (/[\w.+-]{1,64}@[\w-]{1,63}\.\w/.test(text)) given.add("email").add("account");
  if (/\d{4,}/.test(text)) given.add("order").add("account").add("zip");
  if (/\b(?:because|since|as i|due to)\b/i.test(text)) given.add("reason");
  return given;
}

/** Share of what is asked now that a recorded turn answers: it was asked then as well, or the turn gives it by itself. */
const enough = 0.8;

/**
 * Whether a recorded user turn can follow what the agent says now. It can where nothing particular is asked, or where at least 80 of 100 of
 * what is asked was asked when it was recorded too, or stands in the turn. A bare yes or no cannot follow where nothing is to be confirmed.
 */
export function turnFits(turn: { readonly text: string; readonly askedThen: string | undefined }, saidNow: string): boolean {
  if (turn.askedThen === undefined) return true;
  const now = requestedSlots(saidNow);
  const then = requestedSlots(turn.askedThen);
  if (now.size === 0) return !(then.has("confirm") && yesOrNo.test(turn.text) && turn.text.trim().length < 40);
  const given = givenSlots(turn.text);
  const answered = [...now].filter((slot) => then.has(slot) || given.has(slot)).length;
  return answered >= enough * now.size;
}
