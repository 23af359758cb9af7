import type { Edit, Refusal } from "../../domain/edit.ts";

interface TextRule {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly message: string;
  readonly remedy: string;
}

/** What added text must not hold. An edit may keep what stood there before. */
const rules: readonly TextRule[] = [
  {
    rule: "invisible-text",
    pattern: /[\p{Cf}\u{E0000}-\u{E007F}\u115F\u1160\u3164\uFFA0]/gu,
    message: "it adds invisible or direction-changing characters",
    remedy: "Use plain visible text.",
  },
  { rule: "control-text", pattern: /(?![\n\r\t])\p{Cc}/gu, message: "it adds control characters", remedy: "Use plain visible text." },
  {
    rule: "new-link",
    pattern: /\b(?:https?|ftp|file|data|javascript|mailto):[^\s)>\]"']*|\bwww\.[\w-]+\.[\w.-]+/giu,
    message: "it adds a link",
    remedy: "Rules need no links.",
  },
  {
    rule: "new-address",
    pattern: /[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}/gu,
    message: "it adds an e-mail address",
    remedy: "Write a general rule.",
  },
  {
    rule: "markup",
    pattern: /<\/?(?:script|iframe|img|style|object|embed|svg|form|input|link|meta|a)\b[^>]*>|!\[[^\]]*\]\(|\]\(\s*(?:https?:|\/\/)/giu,
    message: "it adds HTML, an image or a link",
    remedy: "Use plain text.",
  },
  {
    rule: "mention",
    pattern: /(?<![\w`/.])@[A-Za-z][\w-]{1,38}(?:\/[\w-]+)?/gu,
    message: "it adds a mention",
    remedy: "Do not address people or bots.",
  },
  {
    rule: "bot-command",
    pattern: /^\s*\/(?:tuneup|merge|approve|lgtm|rebase|retest|deploy|close|assign|cc)\b|\b(?:skip ci|ci skip)\b/gimu,
    message: "it adds a command that bots obey",
    remedy: "Write rules for the agent only.",
  },
  {
    rule: "prompt-override",
    pattern: /\b(?:ignore|disregard|forget) (?:all |any )?(?:previous|prior|above|earlier|other) (?:instructions|rules)\b/giu,
    message: "it tells the agent to drop its instructions",
    remedy: "Change the rule itself.",
  },
];

const counts = (text: string, pattern: RegExp): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const [match] of text.matchAll(pattern)) found.set(match, (found.get(match) ?? 0) + 1);
  return found;
};

/** Every rule that the text added by an edit breaks. */
export function addedTextRefusals(edit: Edit): readonly Refusal[] {
  const broken = rules.flatMap(({ message, pattern, remedy, rule }) => {
    const before = counts(edit.before, pattern);
    const isNew = [...counts(edit.after, pattern)].some(([match, count]) => count > (before.get(match) ?? 0));
    return isNew ? [{ rule, path: edit.path, message, remedy }] : [];
  });
  return [...broken, ...mixedScripts(edit)];
}

const latin = /\p{Script=Latin}/u;
const lookalike = /[\p{Script=Cyrillic}\p{Script=Greek}]/u;

/** Words that mix Latin with letters that look the same. */
function mixedScripts(edit: Edit): readonly Refusal[] {
  const old = new Set(edit.before.match(/[\p{L}\p{N}_]+/gu));
  const mixed = (edit.after.match(/[\p{L}\p{N}_]+/gu) ?? []).some((word) => !old.has(word) && latin.test(word) && lookalike.test(word));
  return mixed
    ? [
        {
          rule: "mixed-script",
          path: edit.path,
          message: "it adds a word with letters of two scripts that look alike",
          remedy: "Use one script in a word.",
        },
      ]
    : [];
}
